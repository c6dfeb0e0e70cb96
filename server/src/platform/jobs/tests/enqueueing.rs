//! Keys: one job, however many ask for it at once.

use entities::UserId;
use futures_util::future::join_all;

use super::*;
use crate::platform::db::testing::for_each_database;

fn keyed() -> NewJob {
    NewJob {
        user_id: Some(UserId(1)),
        idempotency_key: Some("upload-7".into()),
        ..new::<Plain>(1)
    }
}

fn unique() -> NewJob {
    NewJob {
        duplicate_key: Some("document-7".into()),
        ..new::<Plain>(1)
    }
}

/// Adds the job fifty times at once, by two processes, and answers the one that was made.
async fn race(here: &Site, there: &Site, job: &NewJob) -> JobId {
    let answers = join_all((0..50).map(|number| {
        let site = if number % 2 == 0 { here } else { there };
        site.add_job(job.clone())
    }))
    .await;
    let made: Vec<JobId> = answers
        .iter()
        .filter_map(|answer| match answer {
            Enqueued::New(id) => Some(*id),
            Enqueued::Existing(_) => None,
        })
        .collect();
    assert_eq!(made.len(), 1);
    assert!(answers.iter().all(|answer| answer.id() == made[0]));
    made[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_with_one_key_one_is_added() {
    for_each_database(async |test: TestDb| {
        let here = Site::first(&test, quick()).await;
        let there = here.beside(&test, quick()).await;
        here.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
        let idempotent = race(&here, &there, &keyed()).await;
        let unduplicated = race(&here, &there, &unique()).await;
        let of_nobody = NewJob {
            user_id: None,
            ..keyed()
        };
        race(&here, &there, &of_nobody).await;
        here.work();
        here.until_state(idempotent, JobState::Succeeded).await;
        here.until_state(unduplicated, JobState::Succeeded).await;

        // The one key is for ever, the other for as long as the job is not over.
        assert_eq!(here.add_job(keyed()).await, Enqueued::Existing(idempotent));
        let other_user = NewJob {
            user_id: Some(UserId(2)),
            ..keyed()
        };
        assert!(matches!(here.add_job(other_user).await, Enqueued::New(_)));
        assert!(matches!(here.add_job(unique()).await, Enqueued::New(_)));
        here.stop().await;
        there.stop().await;
        there.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_tried_again_is_not_its_own_duplicate() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|context, _| {
            Box::pin(async move {
                match context.attempt() {
                    1 => Err(JobError::retry("network", "the line is dead")),
                    _ => Ok(Outcome::done()),
                }
            })
        });
        let id = site.add_job(unique()).await.id();
        site.work();
        let retrying = async || site.job(id).await.attempts == 1;
        site.until("one error", retrying).await;
        assert_eq!(site.add_job(unique()).await, Enqueued::Existing(id));
        site.advance(3_600);
        site.until_state(id, JobState::Succeeded).await;
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_keeps_what_it_was_given() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let later = noon() + TimeDelta::days(30);
        let job = NewJob {
            user_id: Some(UserId(4)),
            subject: Some(Subject {
                kind: "document",
                id: 9,
            }),
            run_at: Some(later),
            priority: 7,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            hold_id: Some(entities::HoldId(3)),
            ..new::<Plain>(5)
        };
        let id = site.add_job(job.clone()).await.id();
        let found = site.jobs.find_for_user(id, UserId(4)).await;
        let found = found.expect("an answer").expect("a job");
        assert_eq!(found.parameters, serde_json::json!(5));
        assert_eq!((found.run_at, found.priority), (later, 7));
        assert_eq!(found.hold_id, job.hold_id);
        assert_eq!(found.traceparent, job.traceparent);
        assert_eq!(found.subject_id, Some(9));
        assert_eq!(found.max_attempts, 3);
        let foreign = site.jobs.find_for_user(id, UserId(5)).await;
        assert_eq!(foreign.expect("an answer"), None);
        assert_eq!(site.jobs.oldest_ready().await.expect("an answer"), None);
        site.stop().await;
    })
    .await;
}
