//! Workers that fall silent: another takes over, and the late one is refused.

use tokio::sync::Notify;

use super::*;
use crate::platform::db::testing::for_each_database;
use queries::claims::{self, Taker};

fn one_slot() -> JobSettings {
    JobSettings {
        concurrency: 1,
        ..quick()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_worker_that_comes_back_late_is_refused() {
    for_each_database(async |test: TestDb| {
        let paused = Site::first(&test, one_slot()).await;
        let go_on = Arc::new(Notify::new());
        let gate = Arc::clone(&go_on);
        paused.handle::<Plain>(move |context, _| {
            let gate = Arc::clone(&gate);
            Box::pin(async move {
                gate.notified().await;
                Ok(done_with_note(context))
            })
        });
        let id = paused.add::<Plain>(1).await;
        paused.work();
        paused.until_state(id, JobState::Running).await;

        let other = paused.beside(&test, one_slot()).await;
        other.handle::<Plain>(|context, _| Box::pin(async move { Ok(done_with_note(context)) }));
        paused.advance(29);
        assert_eq!(other.jobs.rescue_lost().await.expect("an answer"), 0);
        paused.advance(2);
        assert_eq!(other.jobs.rescue_lost().await.expect("an answer"), 1);
        other.work();
        other.until_state(id, JobState::Succeeded).await;

        go_on.notify_one();
        paused.stop().await;
        assert_eq!(paused.counts.result(RunResult::Fenced), 1);
        assert_eq!(paused.counts.result(RunResult::Ok), 0);
        assert_eq!(paused.notes(id).await, [("effect".into(), "2".into())]);
        let job = paused.job(id).await;
        assert_eq!((job.claim, job.rescues, job.attempts), (2, 1, 0));
        let log = ["enqueued", "started", "rescued", "started", "succeeded"];
        assert_eq!(paused.log(id).await, log);
        assert_eq!(*other.counts.rescued.lock(), 1);
        other.stop().await;
        other.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heartbeat_keeps_a_lease_and_notices_when_it_is_gone() {
    for_each_database(async |test: TestDb| {
        let beating = JobSettings {
            heartbeat: Duration::from_millis(20),
            ..one_slot()
        };
        let site = Site::first(&test, beating).await;
        let stopped = Arc::new(Notify::new());
        let told = Arc::clone(&stopped);
        site.handle::<Plain>(move |context, _| {
            let told = Arc::clone(&told);
            Box::pin(async move {
                context.cancelled().cancelled().await;
                assert_eq!(context.check(), Err(JobError::Cancelled));
                told.notify_one();
                Ok(done_with_note(context))
            })
        });
        let id = site.add::<Plain>(1).await;
        let worker = site.work();
        site.until_state(id, JobState::Running).await;
        let lease = site.job(id).await.lease_until;
        site.advance(20);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while site.job(id).await.lease_until <= lease {
            assert!(tokio::time::Instant::now() < deadline, "no renewal");
            tokio::task::yield_now().await;
        }

        // Somebody else takes the job.
        site.db
            .write(WriteKey::Free, (), |txn, ()| {
                Box::pin(async move {
                    txn.execute_unprepared("UPDATE jobs SET claim = claim + 1")
                        .await
                })
            })
            .await
            .expect("a theft");
        let noticed = tokio::time::timeout(PATIENCE, stopped.notified()).await;
        assert!(noticed.is_ok(), "the handler was not told");
        site.stop().await;
        assert_eq!(worker.running(), 0);
        assert_eq!(*site.counts.lost.lock(), 1);
        assert_eq!(site.counts.result(RunResult::Fenced), 1);
        assert_eq!(site.notes(id).await, []);
        assert_eq!(site.state(id).await, JobState::Running);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_worker_is_dead_after_three_rescues() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
        let id = site.add::<Plain>(1).await;
        for death in 1..=3 {
            assert_eq!(take(&site, id).await.len(), 1);
            site.advance(31);
            assert_eq!(site.jobs.rescue_lost().await.expect("an answer"), 1);
            assert_eq!(site.job(id).await.rescues, death);
        }
        let job = site.job(id).await;
        assert_eq!(job.state, JobState::Failed);
        assert_eq!(job.error_class.as_deref(), Some(class::POISON_PILL));
        assert_eq!((job.claim, job.attempts), (3, 0));
        let told = [("gave_up".into(), class::POISON_PILL.into())];
        assert_eq!(site.notes(id).await, told);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_jobs_whose_worker_was_killed_each_is_done_once() {
    for_each_database(async |test: TestDb| {
        let wide = JobSettings {
            concurrency: 100,
            ..quick()
        };
        let killed = Site::first(&test, wide).await;
        let handle = |site: &Site, hangs: bool| {
            site.handle::<Wide>(move |context, _| {
                Box::pin(async move {
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                    Ok(done_with_note(context))
                })
            });
        };
        handle(&killed, true);
        let mut ids = Vec::new();
        for number in 0..100 {
            ids.push(killed.add::<Wide>(number).await);
        }
        let worker = killed.work();
        let all_run = async || worker.running() == 100;
        killed.until("a hundred running", all_run).await;
        // As a kill does: no task gets another turn.
        killed.tasks.cut().cancel();

        let other = killed.beside(&test, wide).await;
        handle(&other, false);
        other.advance(31);
        other.work();
        let all_done = async || {
            let counts = other.jobs.counts_by_state().await.expect("counts");
            counts.get(&JobState::Succeeded) == Some(&100)
        };
        other.until("every job done", all_done).await;
        for id in ids {
            assert_eq!(other.notes(id).await, [("effect".into(), "2".into())]);
        }
        killed.stop().await;
        assert_eq!(killed.counts.result(RunResult::GivenBack), 0);
        other.stop().await;
        other.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_rescues_at_its_start() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
        let id = site.add::<Plain>(1).await;
        assert_eq!(take(&site, id).await.len(), 1);
        assert_eq!(take(&site, id).await.len(), 0);
        site.advance(31);
        site.work();
        site.until_state(id, JobState::Succeeded).await;
        assert_eq!(site.job(id).await.rescues, 1);
        site.stop().await;
    })
    .await;
}

/// Leases the job for a process that will never be heard of again.
async fn take(site: &Site, id: JobId) -> Vec<job::Model> {
    let now = site.clock.now();
    let taker = Taker {
        process_id: Uuid::from_u128(13),
        now,
        lease_until: now + TimeDelta::seconds(30),
    };
    site.db
        .write(WriteKey::Free, (id, taker), |txn, (id, taker)| {
            Box::pin(claims::take(txn, std::slice::from_ref(id), 1, *taker))
        })
        .await
        .expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_be_given_up_does_not_keep_the_others_from_rescue() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, one_slot()).await;
        site.handle::<Plain>(|context, _| Box::pin(async move { Ok(done_with_note(context)) }));
        let (spoiled, lost) = (site.add::<Plain>(1).await, site.add::<Plain>(2).await);
        // What it does when it gives up is refused: its note is there already.
        site.db
            .write_alone(WriteKey::Free, spoiled, |txn, spoiled| {
                Box::pin(async move {
                    execute(
                        txn,
                        "CREATE UNIQUE INDEX notes_once ON notes (what, job)",
                        [],
                    )
                    .await?;
                    note(txn, "gave_up", *spoiled, "").await?;
                    let lost = "UPDATE jobs SET state = 'running', claim = 1, \
                                lease_until = created_at";
                    execute(txn, lost, []).await?;
                    let older = "UPDATE jobs SET rescues = 2, \
                                 lease_until = '2020-01-01 00:00:00+00:00' WHERE id = $1";
                    execute(txn, older, [spoiled.0.into()]).await
                })
            })
            .await
            .expect("two lost jobs");
        site.advance(1);

        let rescued = site.jobs.rescue_lost().await;

        assert_eq!(site.state(lost).await, JobState::Queued, "{rescued:?}");
        assert_eq!(site.state(spoiled).await, JobState::Running);
        rescued.expect_err("the first failure is told at the end");
        site.stop().await;
    })
    .await;
}

async fn execute<const N: usize>(
    txn: &Txn,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    txn.execute_raw(statement).await.map(|_| ())
}
