//! Graceful stop: nothing new, jobs given back with nothing held against them.

use super::*;
use crate::platform::db::testing::for_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn running_jobs_are_given_back_and_run_again_elsewhere() {
    for_each_database(async |test: TestDb| {
        let hurried = JobSettings {
            drain: Duration::from_millis(50),
            ..quick()
        };
        let here = Site::first(&test, hurried).await;
        here.handle::<Plain>(|context, number| {
            Box::pin(async move {
                context.cancelled().cancelled().await;
                match number {
                    1 => Err(JobError::Cancelled),
                    2 => Err(JobError::retry("network", "cut off at the stop")),
                    3 => std::future::pending().await,
                    _ => Ok(done_with_note(context)),
                }
            })
        });
        let mut ids = Vec::new();
        for number in 1..=4 {
            ids.push(here.add::<Plain>(number).await);
        }
        let worker = here.work();
        for id in &ids {
            here.until_state(*id, JobState::Running).await;
        }
        let never_begun = here.add::<Plain>(5).await;
        here.stop().await;
        assert_eq!(worker.running(), 0);
        assert_eq!(here.state(never_begun).await, JobState::Queued);
        assert_eq!(here.state(ids[3]).await, JobState::Succeeded);
        for id in &ids[..3] {
            let job = here.job(*id).await;
            assert_eq!(job.state, JobState::Queued);
            assert_eq!((job.attempts, job.rescues, job.claim), (0, 0, 1));
            assert_eq!(here.log(*id).await, ["enqueued", "started", "given_back"]);
        }

        let there = here.beside(&test, quick()).await;
        there.handle::<Plain>(|context, _| Box::pin(async move { Ok(done_with_note(context)) }));
        there.work();
        for id in &ids[..3] {
            there.until_state(*id, JobState::Succeeded).await;
            assert_eq!(there.notes(*id).await, [("effect".into(), "2".into())]);
        }
        there.stop().await;
        there.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_stops_at_once() {
    for_each_database(async |test: TestDb| {
        let sleepy = JobSettings {
            poll: Duration::from_hours(1),
            ..quick()
        };
        let site = Site::first(&test, sleepy).await;
        site.work();
        let began = std::time::Instant::now();
        site.stop().await;
        assert!(began.elapsed() < Duration::from_secs(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_forget_a_cancellation() {
    for_each_database(async |test: TestDb| {
        let deaf = JobSettings {
            drain: Duration::from_millis(20),
            cancel_grace: Duration::from_hours(1),
            ..quick()
        };
        let site = Site::first(&test, deaf).await;
        site.handle::<Plain>(|_, _| Box::pin(std::future::pending()));
        let id = site.add::<Plain>(1).await;
        site.work();
        site.until_state(id, JobState::Running).await;
        site.cancel(id).await;
        site.stop().await;
        assert_eq!(site.state(id).await, JobState::Cancelled);
        assert_eq!(
            site.notes(id).await,
            [("gave_up".into(), class::CANCELLED.into())]
        );
    })
    .await;
}
