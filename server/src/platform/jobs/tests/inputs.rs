//! Jobs that ask a person something.

use entities::UserId;
use pretty_assertions::assert_eq;

use super::*;
use crate::platform::db::testing::for_each_database;

const SOMEBODY: Act = Act {
    actor: UserId(1),
    record: None,
};

/// Asks at its first run, and notes the answer at its second.
fn asking(site: &Site) {
    site.handle::<Plain>(|context, _| {
        Box::pin(async move {
            let Some(answer) = context.input::<i64>() else {
                return Ok(Outcome::AwaitInput {
                    prompt: "Which page is the title?".to_owned(),
                });
            };
            let input = (context.job_id(), answer.to_string());
            Ok(Outcome::done_with(input, |txn, (job, answer)| {
                Box::pin(note(txn, "answer", *job, answer))
            }))
        })
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asks_and_goes_on_with_what_it_is_given() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        asking(&site);
        let id = site.add::<Plain>(1).await;
        let give = async |input: serde_json::Value| {
            let given = site.jobs.give_input(id, input, &SOMEBODY).await;
            given.expect("an answer")
        };
        let early = give(serde_json::json!(7)).await;
        assert_eq!(early, Err(InputRefusal::NotAwaiting(JobState::Queued)));
        site.work();
        site.until_state(id, JobState::AwaitingInput).await;
        let asked = site.job(id).await;
        assert_eq!(
            asked.input_prompt.as_deref(),
            Some("Which page is the title?")
        );
        assert_eq!((asked.attempts, asked.input), (0, None));

        let wrong = give(serde_json::json!("the first")).await;
        assert!(matches!(wrong, Err(InputRefusal::Invalid(_))), "{wrong:?}");
        let endless = give(serde_json::json!("x".repeat(20_000))).await;
        assert!(
            matches!(endless, Err(InputRefusal::Invalid(_))),
            "{endless:?}"
        );
        give(serde_json::json!(7)).await.expect("the input");
        site.until_state(id, JobState::Succeeded).await;
        assert_eq!(site.notes(id).await, [("answer".into(), "7".into())]);
        let log = [
            "enqueued",
            "started",
            "awaiting_input",
            "input_given",
            "started",
            "succeeded",
        ];
        assert_eq!(site.log(id).await, log);
        let lines = site.jobs.events_after(id, 0, 10).await.expect("lines");
        assert_eq!(lines[3].actor_user_id, Some(UserId(1)));
        let late = give(serde_json::json!(8)).await;
        assert_eq!(late, Err(InputRefusal::NotAwaiting(JobState::Succeeded)));
        site.stop().await;
        assert_eq!(site.counts.result(RunResult::AwaitingInput), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_an_answer_lets_a_job_go_on_that_asks_and_it_can_be_cancelled() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        asking(&site);
        let id = site.add::<Plain>(1).await;
        site.work();
        site.until_state(id, JobState::AwaitingInput).await;
        let retried = site.jobs.retry_now(id, &SOMEBODY).await.expect("an answer");
        assert!(!retried.changed(), "{retried:?}");
        site.advance(24 * 3_600);
        site.jobs.upkeep().await.expect("upkeep");
        assert_eq!(site.state(id).await, JobState::AwaitingInput);
        assert!(
            site.jobs
                .cancel(id, &SOMEBODY)
                .await
                .expect("an answer")
                .changed()
        );
        assert_eq!(site.state(id).await, JobState::Cancelled);
        site.stop().await;
    })
    .await;
}
