//! Schedules: each tick once, whoever looks, and the turn of the month.

use entities::UserId;
use futures_util::future::join_all;
use pretty_assertions::assert_eq;

use super::*;
use crate::platform::db::testing::for_each_database;

fn every_minute() -> Schedule {
    Schedule::new("sweep", "* * * * *", new::<Plain>(1)).expect("a schedule")
}

/// Three processes that know the schedule; none works the queue.
async fn three(test: &TestDb) -> Vec<Site> {
    let first = Site::first(test, quick()).await;
    let mut sites = vec![
        first.beside(test, quick()).await,
        first.beside(test, quick()).await,
    ];
    sites.insert(0, first);
    for site in &sites {
        site.handle::<Plain>(|context, _| Box::pin(async move { Ok(done_with_note(context)) }));
        site.jobs.schedule(every_minute()).expect("a new name");
    }
    sites
}

/// All look at once; answers how many ticks were taken.
async fn look(sites: &[Site]) -> u64 {
    let looks = join_all(sites.iter().map(|site| site.jobs.take_due_ticks())).await;
    looks.into_iter().map(|taken| taken.expect("a look")).sum()
}

async fn added(site: &Site) -> u64 {
    let all = JobFilter::default();
    site.jobs.count(&all).await.expect("a count").count
}

async fn close(sites: Vec<Site>) {
    for (number, site) in sites.into_iter().enumerate() {
        site.stop().await;
        // The first one's is the test's own.
        if number > 0 {
            site.db.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_schedulers_one_takes_each_tick() {
    for_each_database(async |test: TestDb| {
        let sites = three(&test).await;
        assert_eq!(
            look(&sites).await,
            0,
            "a schedule begins with its next tick"
        );
        sites[0].work();
        for minute in 1..=30 {
            sites[0].advance(60);
            assert_eq!(look(&sites).await, 1, "minute {minute}");
            assert_eq!(look(&sites).await, 0, "minute {minute}, again");
            let done = async || {
                let counts = sites[0].jobs.counts_by_state().await.expect("counts");
                counts.get(&JobState::Succeeded) == Some(&minute)
            };
            sites[0].until("the tick's job", done).await;
        }
        assert_eq!(added(&sites[0]).await, 30);
        let tick = Tick {
            task: "sweep",
            period: Duration::from_mins(1),
            last_at: Some(noon() + TimeDelta::minutes(30)),
        };
        for site in &sites {
            assert_eq!(site.jobs.schedule_ticks().await.expect("ticks"), [tick]);
        }
        close(sites).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_that_nobody_was_there_for_are_made_up_for_once() {
    for_each_database(async |test: TestDb| {
        let sites = three(&test).await;
        assert_eq!(look(&sites).await, 0);
        sites[0].advance(3_600);
        assert_eq!(look(&sites).await, 1);
        // Its job is not over: the next ticks are taken, and add none.
        sites[0].advance(60);
        assert_eq!(look(&sites).await, 1);
        assert_eq!(added(&sites[0]).await, 1);
        let view = sites[1].jobs.schedules().await.expect("the schedules");
        let last = noon() + TimeDelta::minutes(61);
        assert_eq!(view[0].last_at, Some(last));
        assert_eq!(view[0].next_at, Some(last + TimeDelta::minutes(1)));
        assert_eq!((view[0].name, view[0].kind), ("sweep", "plain"));
        assert!(view[0].last_job.is_some());
        close(sites).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_money_goes_on_when_the_month_turns() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|context, _| {
            Box::pin(async move {
                Ok(match context.claim() {
                    1 => Outcome::AwaitBudget,
                    _ => Outcome::done(),
                })
            })
        });
        let month_turn = ResumeAwaitingBudget(site.jobs.clone());
        site.jobs.register(month_turn).expect("a new kind");
        let schedule = ResumeAwaitingBudget::schedule().expect("a schedule");
        site.jobs.schedule(schedule).expect("a new name");
        let dear = NewJob {
            user_id: Some(UserId(1)),
            ..new::<Plain>(1)
        };
        let id = site.add_job(dear).await.id();
        site.work();
        site.until_state(id, JobState::AwaitingBudget).await;
        assert_eq!(look(std::slice::from_ref(&site)).await, 0);
        site.clock.advance(TimeDelta::days(1));
        assert_eq!(look(std::slice::from_ref(&site)).await, 0);
        assert_eq!(site.state(id).await, JobState::AwaitingBudget);
        site.clock.advance(TimeDelta::days(10));
        assert_eq!(look(std::slice::from_ref(&site)).await, 1);
        site.until_state(id, JobState::Succeeded).await;
        site.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_schedule_has_a_valid_expression_and_a_name_of_its_own() {
    let test = TestDb::sqlite().await;
    let site = Site::first(&test, quick()).await;
    site.jobs.schedule(every_minute()).expect("a new name");
    let again = site.jobs.schedule(every_minute()).expect_err("a refusal");
    assert_eq!(
        again.to_string(),
        "the schedule `sweep` is registered already"
    );
    let wrong = Schedule::new("odd", "61 * * * *", new::<Plain>(1)).err();
    let wrong = wrong.expect("a refusal").to_string();
    assert!(
        wrong.contains("`odd` has no valid cron expression"),
        "{wrong}"
    );
    site.stop().await;
    test.finish().await;
}
