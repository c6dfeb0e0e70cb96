//! Waiting for money, another time, upkeep, and duties that one process does for all.

use std::sync::atomic::{AtomicUsize, Ordering};

use entities::UserId;
use tokio::sync::Notify;

use super::*;
use crate::platform::db::testing::for_each_database;

/// A handler that wants money at its first run and has it at its second.
fn dear(site: &Site) {
    site.handle::<Plain>(|context, _| {
        Box::pin(async move {
            Ok(match context.claim() {
                1 => Outcome::AwaitBudget,
                _ => Outcome::done(),
            })
        })
    });
}

async fn add_of(site: &Site, user: i64) -> JobId {
    let job = NewJob {
        user_id: Some(UserId(user)),
        ..new::<Plain>(1)
    };
    site.add_job(job).await.id()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_money_waits_and_goes_on_when_its_budget_is_raised() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        dear(&site);
        let id = add_of(&site, 1).await;
        site.work();
        site.until_state(id, JobState::AwaitingBudget).await;
        let raise = async |user| {
            let input = (site.jobs.clone(), UserId(user));
            site.db
                .write(WriteKey::User(UserId(user)), input, |txn, (jobs, user)| {
                    Box::pin(jobs.resume_awaiting_budget_in(txn, *user))
                })
                .await
                .expect("an answer")
        };
        assert_eq!(raise(2).await, 0);
        assert_eq!(raise(1).await, 1);
        site.until_state(id, JobState::Succeeded).await;
        assert_eq!(site.job(id).await.attempts, 0);
        assert_eq!(site.counts.result(RunResult::AwaitingBudget), 1);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_jobs_go_on_when_a_raise_may_have_been_missed() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        dear(&site);
        let id = add_of(&site, 1).await;
        site.work();
        site.until_state(id, JobState::AwaitingBudget).await;
        site.clock.advance(TimeDelta::minutes(1));
        site.jobs.upkeep().await.expect("upkeep");
        assert_eq!(site.state(id).await, JobState::AwaitingBudget);
        site.clock.advance(TimeDelta::hours(7));
        site.jobs.upkeep().await.expect("upkeep");
        site.until_state(id, JobState::Succeeded).await;
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_its_time_can_run_now() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let later = noon() + TimeDelta::days(3);
        let waiting = NewJob {
            run_at: Some(later),
            ..new::<Plain>(1)
        };
        let id = site.add_job(waiting).await.id();
        assert_eq!(site.job(id).await.run_at, later);
        let now = async || {
            let input = (site.jobs.clone(), id);
            site.db
                .write(WriteKey::Free, input, |txn, (jobs, id)| {
                    Box::pin(jobs.requeue_in(txn, *id))
                })
                .await
                .expect("an answer")
        };
        assert!(now().await);
        assert_eq!(site.job(id).await.run_at, noon());
        assert_eq!(
            site.jobs.oldest_ready().await.expect("an answer"),
            Some(noon())
        );
        site.cancel(id).await;
        assert!(!now().await);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_is_done_once_in_each_period_by_whoever_comes_first() {
    for_each_database(async |test: TestDb| {
        let clock = ManualClock::starting_at(noon());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let leaders = [1, 2, 3]
            .map(|number| Leader::new(test.db.clone(), Arc::clone(&time), Uuid::from_u128(number)));
        let done = AtomicUsize::new(0);
        let duty = || async {
            done.fetch_add(1, Ordering::SeqCst);
            Ok::<_, String>(())
        };
        let hour = Duration::from_hours(1);
        // Whichever process did it, each knows when.
        let last = async || {
            let mut seen = Vec::new();
            for leader in &leaders {
                seen.extend(leader.ticks().await.expect("the ticks"));
            }
            seen.dedup();
            let [tick] = seen[..] else {
                panic!("they disagree: {seen:?}")
            };
            assert_eq!((tick.task, tick.period), ("sweep", hour));
            tick.last_at
        };
        for period in 1..=3 {
            let due = clock.now();
            for _ in 0..2 {
                let turns = leaders
                    .each_ref()
                    .map(|leader| leader.turn("sweep", hour, &duty));
                for turn in futures_util::future::join_all(turns).await {
                    turn.expect("an answer");
                }
                clock.advance(TimeDelta::minutes(1));
            }
            assert_eq!(done.load(Ordering::SeqCst), period);
            assert_eq!(last().await, Some(due));
            clock.advance(TimeDelta::hours(1));
        }
        let good = last().await;
        let broken = || async { Err::<(), _>("the disk is full") };
        assert!(
            !leaders[0]
                .turn("sweep", hour, &broken)
                .await
                .expect("an answer")
        );
        assert_eq!(last().await, good, "it was not done");
        clock.advance(TimeDelta::minutes(2));
        assert!(
            leaders[1]
                .turn("sweep", hour, &duty)
                .await
                .expect("an answer")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_whose_process_dies_is_taken_over() {
    for_each_database(async |test: TestDb| {
        let clock = ManualClock::starting_at(noon());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let leaders = [1, 2]
            .map(|number| Leader::new(test.db.clone(), Arc::clone(&time), Uuid::from_u128(number)));
        let day = Duration::from_hours(24);
        let began = Notify::new();
        let dies = || async {
            began.notify_one();
            std::future::pending::<Result<(), String>>().await
        };
        tokio::select! {
            _ = leaders[0].turn("sweep", day, &dies) => panic!("it cannot end"),
            () = began.notified() => {}
        }
        let duty = || async { Ok::<_, String>(()) };
        let turn = async || {
            let turn = leaders[1].turn("sweep", day, &duty).await;
            turn.expect("an answer")
        };
        assert!(!turn().await);
        clock.advance(TimeDelta::minutes(1));
        assert!(turn().await);
        clock.advance(TimeDelta::hours(23));
        assert!(!turn().await);
        clock.advance(TimeDelta::hours(1));
        assert!(turn().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_that_takes_long_keeps_its_lease() {
    for_each_database(async |test: TestDb| {
        let clock: Arc<dyn Clock> = Arc::new(crate::platform::clock::SystemClock);
        let leaders = [1, 2].map(|number| {
            Leader::new(test.db.clone(), Arc::clone(&clock), Uuid::from_u128(number))
        });
        let (began, go_on) = (Notify::new(), Notify::new());
        let term = Duration::from_millis(300);
        let long = || async {
            began.notify_one();
            go_on.notified().await;
            Ok::<_, String>(())
        };
        let second = async {
            began.notified().await;
            // Over several terms, the other never gets a turn.
            let until = tokio::time::Instant::now() + term * 3;
            while tokio::time::Instant::now() < until {
                let idle = || async { Ok::<_, String>(()) };
                let turn = leaders[1].turn("long", term, &idle).await;
                assert!(!turn.expect("an answer"), "two did the duty at once");
                tokio::task::yield_now().await;
            }
            go_on.notify_one();
        };
        let (first, ()) = tokio::join!(leaders[0].turn("long", term, &long), second);
        assert!(first.expect("an answer"));
    })
    .await;
}
