//! Cancelling: waiting jobs at once, running ones within a second, stubborn ones by force.

use std::time::Instant;

use super::*;
use crate::platform::db::testing::for_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_is_cancelled_at_once_and_its_subject_told() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
        let id = site.add::<Plain>(1).await;
        assert_eq!(site.cancel(id).await, Cancelling::Cancelled);
        assert_eq!(site.state(id).await, JobState::Cancelled);
        assert_eq!(
            site.notes(id).await,
            [("gave_up".into(), class::CANCELLED.into())]
        );
        assert_eq!(site.cancel(id).await, Cancelling::AlreadyOver);
        assert_eq!(site.cancel(JobId(Uuid::nil())).await, Cancelling::Unknown);
        site.stop().await;
    })
    .await;
}

fn obedient(site: &Site) {
    site.handle::<Plain>(|context, _| {
        Box::pin(async move {
            context.cancelled().cancelled().await;
            Err(JobError::Cancelled)
        })
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_told_within_a_second_by_its_own_process_and_by_another() {
    for_each_database(async |test: TestDb| {
        let here = Site::first(&test, quick()).await;
        let there = here.beside(&test, quick()).await;
        obedient(&here);
        obedient(&there);
        here.work();
        for asking in [&here, &there] {
            let id = here.add::<Plain>(1).await;
            here.until_state(id, JobState::Running).await;
            let asked = Instant::now();
            assert_eq!(asking.cancel(id).await, Cancelling::Requested);
            here.until_state(id, JobState::Cancelled).await;
            assert!(asked.elapsed() < Duration::from_secs(1), "too late");
            let log = ["enqueued", "started", "cancel_requested", "cancelled"];
            assert_eq!(here.log(id).await, log);
            assert_eq!(
                here.notes(id).await,
                [("gave_up".into(), class::CANCELLED.into())]
            );
        }
        here.stop().await;
        assert_eq!(here.counts.result(RunResult::Cancelled), 2);
        there.stop().await;
        there.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ignores_its_cancellation_is_cut_and_its_slot_is_freed() {
    for_each_database(async |test: TestDb| {
        let impatient = JobSettings {
            cancel_grace: Duration::from_millis(20),
            concurrency: 1,
            ..quick()
        };
        let site = Site::first(&test, impatient).await;
        site.handle::<Plain>(|_, number| {
            Box::pin(async move {
                if number == 1 {
                    std::future::pending::<()>().await;
                }
                Ok(Outcome::done())
            })
        });
        let stubborn = site.add::<Plain>(1).await;
        site.work();
        site.until_state(stubborn, JobState::Running).await;
        let next = site.add::<Plain>(2).await;
        site.cancel(stubborn).await;
        site.until_state(next, JobState::Succeeded).await;
        assert_eq!(site.state(stubborn).await, JobState::Cancelled);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_jobs_are_stopped_together_and_nobody_elses() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let of = |user| NewJob {
            user_id: Some(entities::UserId(user)),
            ..new::<Plain>(1)
        };
        let mut ids = Vec::new();
        for user in [1, 1, 2] {
            ids.push(site.add_job(of(user)).await.id());
        }
        let input = (site.jobs.clone(), entities::UserId(1));
        let stopped = site
            .db
            .write(WriteKey::Free, input, |txn, (jobs, user)| {
                Box::pin(jobs.cancel_all_of_in(txn, *user))
            })
            .await;
        assert_eq!(stopped.expect("an answer"), 2);
        assert_eq!(site.state(ids[1]).await, JobState::Cancelled);
        assert_eq!(site.state(ids[2]).await, JobState::Queued);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_of_a_user_are_stopped_by_a_job_in_small_transactions() {
    const MANY: u64 = 130;
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let rest = MoveJobsOfUser(site.jobs.clone());
        site.jobs.register(rest).expect("a new kind");
        let later = site.clock.now() + TimeDelta::days(30);
        for _ in 0..MANY {
            let job = NewJob {
                user_id: Some(entities::UserId(1)),
                run_at: Some(later),
                ..new::<Plain>(1)
            };
            site.add_job(job).await;
        }
        let open = async || {
            let open = site.jobs.open_by_user(&[entities::UserId(1)]).await;
            let open = open.expect("an answer");
            open.get(&entities::UserId(1)).copied().unwrap_or(0)
        };
        let input = (site.jobs.clone(), entities::UserId(1));
        let stopped = site
            .db
            .write(WriteKey::Free, input, |txn, (jobs, user)| {
                Box::pin(jobs.cancel_all_of_in(txn, *user))
            })
            .await;
        assert_eq!(stopped.expect("an answer"), 130, "all are told of");
        assert_eq!(open().await, 80, "some are stopped at once");
        site.clock.advance(TimeDelta::seconds(1));
        let new = NewJob {
            user_id: Some(entities::UserId(1)),
            run_at: Some(later),
            ..new::<Plain>(1)
        };
        site.add_job(new).await;
        site.work();
        let mut changes = site.jobs.follow_changes();
        while open().await > 1 {
            changes.changed().await.expect("a change");
        }
        assert_eq!(open().await, 1, "what came after the act stays");
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_jobs_about_a_subject_are_cancelled_or_only_those_of_a_kind() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let about = |id| Subject {
            kind: "document",
            id,
        };
        let mut ids = Vec::new();
        for (job, subject) in [
            (new::<Plain>(1), about(1)),
            (new::<Single>(2), about(1)),
            (new::<Plain>(3), about(2)),
        ] {
            let job = NewJob {
                subject: Some(subject),
                ..job
            };
            ids.push(site.add_job(job).await.id());
        }
        let cancel = async |kind: Option<&'static str>| {
            let input = (site.jobs.clone(), about(1), kind);
            site.db
                .write(WriteKey::Free, input, |txn, (jobs, subject, kind)| {
                    Box::pin(jobs.cancel_for_subject_in(txn, *subject, *kind))
                })
                .await
                .expect("an answer")
        };
        assert_eq!(cancel(Some(Single::KIND)).await, 1);
        assert_eq!(site.state(ids[0]).await, JobState::Queued);
        assert_eq!(cancel(None).await, 1);
        let latest = site.jobs.latest_for_subject(about(1), Plain::KIND).await;
        let latest = latest.expect("an answer").expect("a job");
        assert_eq!((latest.id, latest.state), (ids[0], JobState::Cancelled));
        assert_eq!(site.state(ids[2]).await, JobState::Queued);
        site.stop().await;
    })
    .await;
}
