//! The state machine under random histories: whatever is done to a job in whatever order, each
//! change of state is an allowed one, the fence never falls, and a job ends once.

use JobState::{AwaitingBudget, AwaitingInput, Cancelled, Failed, Queued, Running, Succeeded};
use proptest::{prelude::*, test_runner::TestRunner};

use super::*;
use crate::platform::db::testing::for_each_database;
use finish::{End, Finish};
use queries::{
    claims::{self, Taker},
    moves::{self, Report, Run},
};

#[derive(Clone, Copy, Debug)]
enum Step {
    Take,
    /// The run with the current claim ends so, or the one before it, which is fenced.
    End(Ending, bool),
    Report(bool),
    Cancel,
    Requeue,
    /// A person says what is asked.
    Input,
    Rescue,
    /// Seconds pass.
    Pass(i64),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Succeed,
    AwaitBudget,
    AwaitInput,
    Retry,
    Fail,
    Cancel,
    GiveBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ending = prop_oneof![
        1 => Just(Ending::Succeed),
        2 => Just(Ending::AwaitBudget),
        2 => Just(Ending::AwaitInput),
        4 => Just(Ending::Retry),
        1 => Just(Ending::Fail),
        1 => Just(Ending::Cancel),
        3 => Just(Ending::GiveBack),
    ];
    let step = prop_oneof![
        8 => Just(Step::Take),
        6 => (ending, prop::bool::weighted(0.75)).prop_map(|(end, current)| Step::End(end, current)),
        2 => any::<bool>().prop_map(Step::Report),
        1 => Just(Step::Cancel),
        3 => Just(Step::Requeue),
        3 => Just(Step::Input),
        3 => Just(Step::Rescue),
        4 => (0_i64..60).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..40)
}

/// Written out by hand: the table in `state.rs` must not be its own proof.
fn may_follow(before: JobState, after: JobState) -> bool {
    match before {
        Queued => matches!(after, Running | Cancelled),
        Running => matches!(
            after,
            Queued | Succeeded | Failed | Cancelled | AwaitingBudget | AwaitingInput
        ),
        AwaitingBudget | AwaitingInput => matches!(after, Queued | Cancelled),
        Succeeded | Failed | Cancelled => false,
    }
}

const PROCESS: Uuid = Uuid::from_u128(77);

async fn play(site: &Site, steps: Vec<Step>) {
    let job = NewJob {
        user_id: Some(entities::UserId(1)),
        ..new::<Plain>(1)
    };
    let id = site.add_job(job).await.id();
    let mut before = site.job(id).await;
    for step in steps {
        perform(site, &before, step).await;
        let after = site.job(id).await;
        check(&before, &after, step);
        before = after;
    }
    check_end(site, &before).await;
    // Leaves nothing behind that the next history's rescue would find.
    site.cancel(id).await;
    site.advance(60);
    site.jobs.rescue_lost().await.expect("an answer");
}

async fn perform(site: &Site, job: &job::Model, step: Step) {
    let run = |current: bool| Run {
        id: job.id,
        claim: if current { job.claim } else { job.claim - 1 },
        process_id: PROCESS,
    };
    match step {
        Step::Take => take(site, job.id).await,
        Step::End(ending, current) => {
            let fenced = !current || job.state != Running;
            let result = end(site, job, run(current), ending).await;
            assert_eq!(result == RunResult::Fenced, fenced, "{step:?}");
        }
        Step::Report(current) => {
            let held = report(site, run(current)).await;
            assert_eq!(held, current && job.state == Running, "{step:?}");
        }
        Step::Cancel => {
            let answer = site.cancel(job.id).await;
            let expected = match job.state {
                Running => Cancelling::Requested,
                state if is_ended(state) => Cancelling::AlreadyOver,
                _ => Cancelling::Cancelled,
            };
            assert_eq!(answer, expected);
        }
        Step::Requeue => run_now(site, job.id).await,
        Step::Input => {
            let act = Act {
                actor: entities::UserId(1),
                record: None,
            };
            let given = site.jobs.give_input(job.id, serde_json::json!(3), &act);
            let given = given.await.expect("an answer");
            assert_eq!(given.is_ok(), job.state == AwaitingInput, "{given:?}");
        }
        Step::Rescue => {
            let lost = job
                .lease_until
                .is_some_and(|until| until < site.clock.now());
            let rescued = site.jobs.rescue_lost().await.expect("an answer");
            assert_eq!(rescued, u64::from(lost));
        }
        Step::Pass(seconds) => site.advance(seconds),
    }
}

async fn take(site: &Site, id: JobId) {
    let now = site.clock.now();
    let taker = Taker {
        process_id: PROCESS,
        now,
        lease_until: now + TimeDelta::seconds(30),
    };
    site.db
        .write(WriteKey::Free, (id, taker), |txn, (id, taker)| {
            Box::pin(claims::take(txn, std::slice::from_ref(id), 1, *taker))
        })
        .await
        .expect("an answer");
}

async fn end(site: &Site, job: &job::Model, run: Run, ending: Ending) -> RunResult {
    let note_it = Outcome::done_with(run, |txn, run| Box::pin(note(txn, "effect", run.id, "x")));
    let Outcome::Done(effect) = note_it else {
        unreachable!("made above")
    };
    let (class, message) = ("network", "the line is dead".to_owned());
    let finish = Finish {
        jobs: site.jobs.clone(),
        run,
        job: Arc::new(job.clone()),
        end: match ending {
            Ending::Succeed => End::Succeeded(effect),
            Ending::AwaitBudget => End::AwaitBudget,
            Ending::AwaitInput => End::AwaitInput {
                prompt: "Which page?".to_owned(),
            },
            Ending::Retry => End::Retry { class, message },
            Ending::Fail => End::Failed { class, message },
            Ending::Cancel => End::Cancelled,
            Ending::GiveBack => End::GivenBack,
        },
        retry_at: site.clock.now() + TimeDelta::seconds(5),
    };
    site.db
        .write(WriteKey::Free, finish, |txn, finish| {
            Box::pin(finish.apply(txn))
        })
        .await
        .expect("an answer")
}

async fn report(site: &Site, run: Run) -> bool {
    let report = Report {
        progress: Some(0.5),
        stage: Some("read"),
        checkpoint: None,
    };
    let input = (run, report, site.clock.now());
    site.db
        .write(WriteKey::Free, input, |txn, (run, report, now)| {
            Box::pin(moves::report(txn, *run, report, *now))
        })
        .await
        .expect("an answer")
}

async fn run_now(site: &Site, id: JobId) {
    let input = (site.jobs.clone(), id);
    site.db
        .write(WriteKey::Free, input, |txn, (jobs, id)| {
            Box::pin(jobs.requeue_in(txn, *id))
        })
        .await
        .expect("an answer");
}

fn check(before: &job::Model, after: &job::Model, step: Step) {
    if before == after {
        return;
    }
    assert!(!is_ended(before.state), "an ended job changed: {step:?}");
    assert!(after.rev > before.rev, "a change without a rev: {step:?}");
    if before.state != after.state {
        assert!(
            may_follow(before.state, after.state),
            "{step:?}: {:?} to {:?}",
            before.state,
            after.state
        );
    }
    let leased = before.state == Queued && after.state == Running;
    assert_eq!(after.claim - before.claim, i64::from(leased), "{step:?}");
    assert!((0..=1).contains(&(after.attempts - before.attempts)));
    assert!((0..=1).contains(&(after.rescues - before.rescues)));
    assert!(after.attempts <= after.max_attempts && after.rescues <= 3);
    assert_eq!(after.state == Running, after.process_id.is_some());
    if before.state == AwaitingInput && after.state == Queued {
        assert!(matches!(step, Step::Input), "went on without an answer");
        assert_eq!(after.input, Some(serde_json::json!(3)));
    }
    if before.cancel_requested_at.is_some() && before.state == Running {
        let stopped = matches!(after.state, Running | Cancelled | Succeeded | Failed);
        assert!(stopped, "a cancellation was forgotten: {step:?}");
    }
}

async fn check_end(site: &Site, job: &job::Model) {
    let log = site.log(job.id).await;
    let ends = ["succeeded", "failed", "cancelled"];
    let ended = log.iter().filter(|event| ends.contains(&event.as_str()));
    assert_eq!(ended.count(), usize::from(is_ended(job.state)));
    let notes: Vec<String> = site
        .notes(job.id)
        .await
        .into_iter()
        .map(|note| note.0)
        .collect();
    match job.state {
        Succeeded => assert_eq!(notes, ["effect"]),
        Failed | Cancelled => assert_eq!(notes, ["gave_up"]),
        _ => assert!(notes.is_empty()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_keep_the_rules() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        site.handle::<Plain>(|_, _| Box::pin(async { Ok(Outcome::done()) }));
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 64,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let handle = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            runner
                .run(&steps(), |steps| {
                    handle.block_on(play(&site, steps));
                    Ok(())
                })
                .expect("a history broke a rule");
        });
        site.stop().await;
    })
    .await;
}
