//! Jobs that go well: once each, with their effect, their progress and their log.

use std::sync::atomic::{AtomicUsize, Ordering};

use entities::UserId;
use tokio::sync::Notify;

use super::*;
use crate::platform::db::testing::for_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_of_two_processes_run_each_job_once() {
    for_each_database(async |test: TestDb| {
        let here = Site::first(&test, quick()).await;
        let there = here.beside(&test, quick()).await;
        for site in [&here, &there] {
            site.handle::<Plain>(|context, _| Box::pin(async move { Ok(done_with_note(context)) }));
        }
        let mut added = Vec::new();
        for number in 0..120 {
            let user = UserId(number % 7);
            let job = NewJob {
                user_id: Some(user),
                ..new::<Plain>(number)
            };
            added.push(here.add_job(job).await.id());
        }
        for site in [&here, &there, &here, &there] {
            site.work();
        }
        let all_done = async || {
            let counts = here.jobs.counts_by_state().await.expect("counts");
            counts.get(&JobState::Succeeded) == Some(&120)
        };
        here.until("every job done", all_done).await;
        here.stop().await;
        there.stop().await;
        for id in added {
            assert_eq!(here.notes(id).await, [("effect".into(), "1".into())]);
            assert_eq!(here.log(id).await, ["enqueued", "started", "succeeded"]);
        }
        let ran = here.counts.result(RunResult::Ok) + there.counts.result(RunResult::Ok);
        assert_eq!(ran, 120);
        assert_eq!(*here.counts.enqueued.lock(), 120);
        there.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_rolled_back_transaction_does_not_exist() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let input = (site.jobs.clone(), new::<Plain>(1));
        let refused: Result<(), _> = site
            .db
            .write(WriteKey::Free, input, |txn, (jobs, job)| {
                Box::pin(async move {
                    jobs.enqueue_in(txn, job).await?;
                    Err(DbErr::Custom("the data was refused".into()))
                })
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(
            site.jobs.counts_by_state().await.expect("counts"),
            HashMap::new()
        );
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_shows_stages_and_a_later_run_finds_its_checkpoint() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|context, _| {
            Box::pin(async move {
                context.progress(0.1, "read").await?;
                // Within half a second and within a stage: not written.
                context.progress(0.2, "read").await?;
                if context.checkpoint::<Vec<u32>>().is_none() {
                    context.save_checkpoint(&vec![4, 2]).await?;
                    return Err(JobError::retry("network", "the line is dead"));
                }
                assert_eq!(context.checkpoint(), Some(vec![4, 2]));
                assert_eq!((context.claim(), context.attempt()), (2, 2));
                context.progress(0.7, "write").await?;
                Ok(Outcome::done())
            })
        });
        let id = site.add::<Plain>(1).await;
        site.work();
        site.until_state(id, JobState::Running).await;
        let retrying = async || site.job(id).await.attempts == 1;
        site.until("one error", retrying).await;
        assert!((site.job(id).await.progress - 0.1).abs() < 1e-9);
        site.advance(3_600);
        site.until_state(id, JobState::Succeeded).await;
        let log = [
            "enqueued", "started", "stage", "retrying", "started", "stage", "stage",
        ];
        assert_eq!(site.log(id).await[..7], log);
        let job = site.job(id).await;
        assert!((job.progress - 1.0).abs() < 1e-9);
        assert_eq!(
            (job.error_class, job.stage.as_deref()),
            (None, Some("write"))
        );
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_the_database_refuses_is_rolled_back_and_tried_again() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|context, _| {
            Box::pin(async move {
                if context.attempt() == 2 {
                    return Ok(done_with_note(context));
                }
                let id = context.job_id();
                Ok(Outcome::done_with(id, |txn, id| {
                    Box::pin(async move {
                        note(txn, "effect", *id, "half").await?;
                        Err(DbErr::Custom("refused".into()))
                    })
                }))
            })
        });
        let id = site.add::<Plain>(1).await;
        site.work();
        let retrying = async || site.job(id).await.attempts == 1;
        site.until("one error", retrying).await;
        assert_eq!(
            site.job(id).await.error_class.as_deref(),
            Some(class::DATABASE)
        );
        assert_eq!(site.notes(id).await, []);
        site.advance(3_600);
        site.until_state(id, JobState::Succeeded).await;
        assert_eq!(site.notes(id).await, [("effect".into(), "2".into())]);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_of_a_kind_run_at_once_than_it_allows() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&most);
        site.handle::<Single>(move |context, _| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            Box::pin(async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                context.progress(0.5, "read").await?;
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(Outcome::done())
            })
        });
        for number in 0..20 {
            site.add::<Single>(number).await;
        }
        site.work();
        let all_done = async || {
            let counts = site.jobs.counts_by_state().await.expect("counts");
            counts.get(&JobState::Succeeded) == Some(&20)
        };
        site.until("every job", all_done).await;
        assert_eq!(seen.load(Ordering::SeqCst), 1);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_hears_of_new_jobs_without_polling() {
    for_each_database(async |test: TestDb| {
        let deaf = JobSettings {
            poll: Duration::from_hours(1),
            ..quick()
        };
        let here = Site::first(&test, deaf).await;
        let ran = Arc::new(Notify::new());
        let told = Arc::clone(&ran);
        here.handle::<Plain>(move |_, _| {
            told.notify_one();
            Box::pin(async { Ok(Outcome::done()) })
        });
        here.work();
        here.add::<Plain>(1).await;
        let heard = tokio::time::timeout(PATIENCE, ran.notified()).await;
        assert!(heard.is_ok(), "the same process was not heard");
        if here.db.backend() == sea_orm::DatabaseBackend::Postgres {
            let there = here.beside(&test, deaf).await;
            there.add::<Plain>(2).await;
            let heard = tokio::time::timeout(PATIENCE, ran.notified()).await;
            assert!(heard.is_ok(), "the other process was not heard");
            there.stop().await;
            there.db.close().await;
        }
        here.stop().await;
    })
    .await;
}
