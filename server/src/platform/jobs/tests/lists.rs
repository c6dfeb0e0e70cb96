//! Lists, counts, series, statistics, histories.

use entities::UserId;
use pretty_assertions::assert_eq;

use super::*;
use crate::platform::db::testing::for_each_database;

/// Jobs that succeed, fail, retry and wait, over some minutes.
async fn varied(site: &Site) -> Vec<JobId> {
    site.handle::<Plain>(|context, number| {
        Box::pin(async move {
            context.progress(0.5, "read").await?;
            match number {
                1 => Err(JobError::fail("encrypted", "the file needs a password")),
                2 => Err(JobError::retry("network", "the line is dead")),
                3 => Ok(Outcome::AwaitBudget),
                _ => {
                    context.progress(0.9, "write").await?;
                    Ok(Outcome::done())
                }
            }
        })
    });
    let mut ids = Vec::new();
    for number in 0..6 {
        let job = NewJob {
            user_id: Some(UserId(number % 2 + 1)),
            ..new::<Plain>(number)
        };
        ids.push(site.add_job(job).await.id());
        site.advance(30);
    }
    site.work();
    let rested = async || {
        let count = async |state| {
            let filter = JobFilter {
                states: vec![state],
                ..JobFilter::default()
            };
            site.jobs.count(&filter).await.expect("a count").count
        };
        count(ShownState::Queued).await + count(ShownState::Running).await == 0
    };
    site.until("rest", rested).await;
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_and_every_page_size_shows_each_job_once() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let ids = varied(&site).await;
        let names = JobSort::NAMES.split(',').map(str::trim);
        for name in names.flat_map(|name| [name.to_owned(), format!("-{name}")]) {
            let sort = JobSort::parse(&name).expect("an order");
            let all = JobFilter::default();
            let mut expected: Option<Vec<JobId>> = None;
            for size in [6, 1, 4] {
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let page = site.jobs.list(&all, sort, after.as_ref(), size).await;
                    let page = page.expect("a page");
                    seen.extend(page.items.iter().map(|job| job.id));
                    let Some(next) = page.next else { break };
                    // As a cursor carries it.
                    let text = serde_json::to_string(&next).expect("text");
                    after = Some(serde_json::from_str(&text).expect("a position"));
                }
                assert_eq!(seen.len(), 6, "{name} by {size}");
                assert_eq!(
                    *expected.get_or_insert_with(|| seen.clone()),
                    seen,
                    "{name}"
                );
            }
            if name == "created_at" {
                assert_eq!(expected.as_ref(), Some(&ids));
            }
        }
        assert_eq!(JobSort::parse("colour"), None);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_counts_know_the_shown_states() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let ids = varied(&site).await;
        let counts = site.jobs.counts_by_shown_state(None).await.expect("counts");
        let shown: Vec<u64> = ShownState::ALL
            .iter()
            .map(|state| counts[state].count)
            .collect();
        // Queued, retrying, running, awaiting input, awaiting budget, succeeded, failed, cancelled.
        assert_eq!(shown, [0, 1, 0, 0, 1, 3, 1, 0]);
        assert!(counts.values().all(|count| count.exact));
        let own = JobFilter {
            user_id: Some(UserId(2)),
            states: vec![ShownState::Failed, ShownState::AwaitingBudget],
            ..JobFilter::default()
        };
        let page = site.jobs.list(&own, JobSort::default(), None, 10).await;
        let found: Vec<JobId> = page
            .expect("a page")
            .items
            .iter()
            .map(|job| job.id)
            .collect();
        assert_eq!(found, [ids[3], ids[1]]);
        let by_class = JobFilter {
            error_classes: vec!["network".to_owned()],
            ..JobFilter::default()
        };
        let by_kind = site.jobs.counts_by_kind(&by_class).await.expect("counts");
        assert_eq!(by_kind[Plain::KIND].count, 1);
        let early = JobFilter {
            created_before: Some(noon() + TimeDelta::seconds(60)),
            ..JobFilter::default()
        };
        assert_eq!(site.jobs.count(&early).await.expect("a count").count, 2);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_and_series_tell_what_waited_ran_and_failed() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        varied(&site).await;
        let statistics = site.jobs.statistics().await.expect("statistics");
        let plain = &statistics[0];
        assert_eq!((plain.kind.as_str(), plain.registered), (Plain::KIND, true));
        let numbers = [
            plain.queued,
            plain.retrying,
            plain.running,
            plain.awaiting_budget,
            plain.awaiting_input,
            plain.succeeded,
            plain.failed,
            plain.dead_letters,
        ];
        assert_eq!(numbers.map(|number| number.count), [0, 1, 0, 1, 0, 3, 1, 1]);
        // Added 30 s apart, begun at 180 s: the four that ended had waited 180, 150, 60 and 30 s.
        let wait = plain.wait.expect("waits");
        assert_eq!(wait.p50, Duration::from_mins(1));
        assert_eq!(wait.p95, Duration::from_mins(3));
        assert_eq!(plain.run.expect("runs").p95, Duration::ZERO);

        let series = site.jobs.series(Duration::from_mins(1), 4).await;
        let series = series.expect("a series");
        let added: Vec<u64> = series.iter().map(|point| point.added.count).collect();
        let ended: Vec<u64> = series.iter().map(|point| point.succeeded.count).collect();
        assert_eq!((added, ended), (vec![2, 2, 2, 0], vec![0, 0, 0, 3]));
        assert_eq!(series[3].failed.count, 1);
        assert_eq!(series[0].from, noon());
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_names_stages_and_runs() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let ids = varied(&site).await;
        let done = site.job(ids[0]).await;
        let history = site.jobs.history(&done).await.expect("a history");
        let stages: Vec<(&str, StageState)> = history
            .stages
            .iter()
            .map(|stage| (stage.name.as_str(), stage.state))
            .collect();
        assert_eq!(
            stages,
            [("read", StageState::Done), ("write", StageState::Done)]
        );
        assert_eq!(history.runs.len(), 1);
        assert_eq!(history.runs[0].outcome.as_deref(), Some("succeeded"));

        site.advance(3_600);
        let again = async || site.job(ids[2]).await.attempts == 2;
        site.until("another attempt", again).await;
        let retried = site.job(ids[2]).await;
        let history = site.jobs.history(&retried).await.expect("a history");
        assert_eq!(history.stages[0].state, StageState::Stopped);
        assert_eq!(history.stages[0].attempt, Some(2));
        assert_eq!(history.stages[1].state, StageState::Pending);
        let runs: Vec<(i64, i32, Option<&str>)> = history
            .runs
            .iter()
            .map(|run| (run.claim, run.attempt, run.outcome.as_deref()))
            .collect();
        assert_eq!(runs, [(1, 1, Some("retrying")), (2, 2, Some("retrying"))]);
        assert_eq!(history.runs[1].error_class.as_deref(), Some("network"));
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_deleted_job_is_never_given_again() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let number = async |id: JobId| {
            let numbers = site.jobs.numbers(&[id]).await.expect("numbers");
            numbers[&id]
        };
        let first = number(site.add::<Plain>(1).await).await;
        let newest = number(site.add::<Plain>(2).await).await;
        assert_eq!(newest, first + 1);
        for which in [format!("WHERE number = {newest}"), String::new()] {
            let delete = format!("DELETE FROM jobs {which}");
            let deleted = site.db.write(WriteKey::Free, delete, |txn, delete| {
                Box::pin(async move { txn.execute_unprepared(delete).await.map(|_| ()) })
            });
            deleted.await.expect("the job goes");
            assert!(number(site.add::<Plain>(3).await).await > newest);
        }
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_job_with_a_long_log_shows_its_latest_runs() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let ids = varied(&site).await;
        // Twice as many lines, ten times over; then another run.
        let more = "INSERT INTO job_events (job_id, claim, attempt, event, created_at) \
                    SELECT job_id, claim, attempt, 'cancel_requested', created_at FROM job_events";
        let begun = "INSERT INTO job_events (job_id, claim, attempt, event, created_at) \
                     SELECT id, 77, 0, 'started', created_at FROM jobs";
        site.db
            .write(WriteKey::Free, (more, begun), |txn, (more, begun)| {
                Box::pin(async move {
                    for _ in 0..10 {
                        txn.execute_unprepared(more).await?;
                    }
                    txn.execute_unprepared(begun).await
                })
            })
            .await
            .expect("a long log");
        let done = site.job(ids[0]).await;

        let history = site.jobs.history(&done).await.expect("a history");

        let latest = history.runs.last().expect("a run");
        assert_eq!((latest.claim, latest.outcome.as_deref()), (77, None));
        site.stop().await;
    })
    .await;
}
