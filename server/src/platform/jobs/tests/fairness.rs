//! Who comes first.

use entities::UserId;

use super::*;
use crate::platform::db::testing::for_each_database;
use choice::{Choice, Rounds};

fn of(user: i64, number: i64) -> NewJob {
    NewJob {
        user_id: Some(UserId(user)),
        ..new::<Plain>(number)
    }
}

async fn order(site: &Site, per_user: u32) -> Vec<i64> {
    let choice = Choice {
        full_kinds: vec![Single::KIND],
        per_user,
        limit: 1_000,
    };
    let chosen = site.jobs.choose(&choice, &Rounds::default()).await;
    let mut numbers = Vec::new();
    for candidate in chosen.expect("candidates") {
        let job = site.job(candidate.id).await;
        numbers.push(job.parameters.as_i64().expect("a number"));
    }
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn one_users_backlog_does_not_hold_up_the_others() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        for number in 0..20 {
            site.add_job(of(1, number)).await;
            site.advance(1);
        }
        site.add_job(of(2, 100)).await;
        site.advance(1);
        site.add_job(of(3, 200)).await;
        site.add::<Single>(300).await;
        assert_eq!(order(&site, 1_000).await[..5], [0, 100, 200, 1, 2]);
        assert_eq!(order(&site, 2).await, [0, 100, 200, 1]);

        let urgent = NewJob {
            priority: 1,
            ..of(1, 400)
        };
        site.add_job(urgent).await;
        // His urgent job comes first and counts as his turn.
        assert_eq!(order(&site, 1_000).await[..4], [400, 100, 200, 0]);
        let later = NewJob {
            run_at: Some(site.clock.now() + TimeDelta::seconds(1)),
            priority: 0,
            ..of(4, 500)
        };
        site.add_job(later).await;
        assert_eq!(order(&site, 1_000).await[0], 400);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_has_running_counts_as_turns() {
    for_each_database(async |test: TestDb| {
        let two_slots = JobSettings {
            concurrency: 2,
            ..quick()
        };
        let site = Site::first(&test, two_slots).await;
        site.handle::<Plain>(|context, _| {
            Box::pin(async move {
                context.cancelled().cancelled().await;
                Err(JobError::Cancelled)
            })
        });
        let first = site.add_job(of(1, 1)).await.id();
        let second = site.add_job(of(1, 2)).await.id();
        site.work();
        site.until_state(first, JobState::Running).await;
        site.until_state(second, JobState::Running).await;
        site.add_job(of(1, 3)).await;
        site.advance(1);
        site.add_job(of(2, 10)).await;
        site.advance(1);
        site.add_job(of(2, 11)).await;
        assert_eq!(order(&site, 1_000).await, [10, 11, 3]);
        assert_eq!(order(&site, 2).await, [10, 11]);
        site.stop().await;
    })
    .await;
}
