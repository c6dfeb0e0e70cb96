//! Jobs that go badly: retries with back-off, dead letters, and what the engine itself refuses.

use super::*;
use crate::platform::db::testing::for_each_database;

/// The same name as [`Plain`], other parameters: what an older or newer program may have left.
struct OtherPlain;

#[async_trait]
impl JobHandler for OtherPlain {
    const KIND: &'static str = Plain::KIND;
    type Parameters = String;

    fn policy() -> Policy {
        Plain::policy()
    }

    fn stages() -> &'static [&'static str] {
        &[]
    }

    async fn run(&self, _context: &JobContext, _text: String) -> Result<Outcome, JobError> {
        Ok(Outcome::done())
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        Ok(())
    }
}

#[test]
fn the_wait_doubles_up_to_a_cap_and_depends_on_the_class() {
    let backoff = Backoff::default();
    let whole = |class, errors| backoff.delay(class, errors, 1.0).as_secs_f64();
    let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-6;
    assert!(near(whole("network", 1), 5.0));
    assert!(near(whole("network", 3), 20.0));
    assert!(near(whole("quota", 2), 120.0));
    assert!(near(whole("network", 60), 900.0));
    assert!(near(backoff.delay("network", 1, 0.0).as_secs_f64(), 2.5));
}

/// Runs the job until it is dead and answers how often it was started.
async fn run_to_death(site: &Site, id: JobId, class: &str) -> usize {
    for errors in 1..=2 {
        let failed = async || site.job(id).await.attempts == errors;
        site.until("another error", failed).await;
        let job = site.job(id).await;
        assert_eq!(job.state, JobState::Queued);
        assert_eq!(job.error_class.as_deref(), Some(class));
        assert!(job.run_at > site.clock.now(), "no wait after an error");
        site.advance(3_600);
    }
    site.until_state(id, JobState::Failed).await;
    let job = site.job(id).await;
    assert_eq!((job.attempts, job.error_class.as_deref()), (3, Some(class)));
    let log = site.log(id).await;
    log.iter().filter(|event| *event == "started").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_tried_again_later_and_the_last_one_is_the_end() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| {
            Box::pin(async { Err(JobError::retry("network", "the line is dead")) })
        });
        let id = site.add::<Plain>(1).await;
        site.work();
        assert_eq!(run_to_death(&site, id, "network").await, 3);
        let job = site.job(id).await;
        assert_eq!(job.error_message.as_deref(), Some("the line is dead"));
        assert_eq!(site.notes(id).await, [("gave_up".into(), "network".into())]);
        assert_eq!(site.counts.result(RunResult::Retry), 2);
        site.stop().await;
        assert_eq!(site.counts.result(RunResult::Dead), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_succeed_is_not_tried_again() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| {
            Box::pin(async { Err(JobError::fail("encrypted", "the file needs a password")) })
        });
        let id = site.add::<Plain>(1).await;
        site.work();
        site.until_state(id, JobState::Failed).await;
        assert_eq!(site.job(id).await.attempts, 1);
        assert_eq!(
            site.notes(id).await,
            [("gave_up".into(), "encrypted".into())]
        );
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_like_any_other() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, number| {
            Box::pin(async move { panic!("job {number} panics on purpose") })
        });
        let id = site.add::<Plain>(1).await;
        site.work();
        assert_eq!(run_to_death(&site, id, class::PANIC).await, 3);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_too_long_is_cut() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Hasty>(|_, _| Box::pin(std::future::pending()));
        let id = site.add::<Hasty>(1).await;
        site.work();
        assert_eq!(run_to_death(&site, id, class::TIMEOUT).await, 3);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_nobody_knows_ends_as_a_dead_letter() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        let id = site.add::<Plain>(1).await;
        site.work();
        assert_eq!(run_to_death(&site, id, class::UNKNOWN_KIND).await, 3);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_cannot_be_read_end_as_a_dead_letter() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
        let job = NewJob::of::<OtherPlain>(&"text".to_owned()).expect("a job");
        let id = site.add_job(job).await.id();
        site.work();
        assert_eq!(run_to_death(&site, id, class::UNDECODABLE).await, 3);
        let told = [("gave_up".into(), class::UNDECODABLE.into())];
        assert_eq!(site.notes(id).await, told);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_is_registered_once() {
    let test = TestDb::sqlite().await;
    let site = Site::first(&test, quick()).await;
    site.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
    let again = site.jobs.register(OtherPlain);
    assert_eq!(
        again.expect_err("a refusal").to_string(),
        "the job kind `plain` is registered already"
    );
    assert_eq!(site.jobs.kinds(), ["plain"]);
    assert_eq!(site.jobs.stages("plain"), ["read", "write"]);
    site.stop().await;
    test.finish().await;
}
