//! One row that cannot be dealt with does not stop what comes after it.

use serde_json::json;

use super::{program::Site, state::State};
use crate::support::{User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_though_another_ones_hold_cannot_expire() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        user.indexed(store, "list.md", "text/markdown", CHECKLIST.to_vec())
            .await;
        for session in ["spoiled", "orphaned"] {
            let question = json!({
                "storeIds": [store], "question": "What is done before a release?",
                "sessionId": session,
            });
            user.ask_with(&question).await;
        }
        server.stop().await;
        let state = site.state().await;
        let of = |session: &str| {
            format!(
                "hold_id IS NOT NULL AND chat_session_id = \
                 (SELECT id FROM chat_sessions WHERE session_key = '{session}')"
            )
        };
        // There is an entry for it already, so that none can be written.
        state
            .execute(&format!(
                "UPDATE holds SET state = 'sent', lease_until = created_at WHERE id = \
                 (SELECT hold_id FROM messages WHERE {})",
                of("spoiled")
            ))
            .await;
        state
            .execute("UPDATE messages SET state = 'streaming' WHERE hold_id IS NOT NULL")
            .await;
        state.execute("DELETE FROM leases").await;

        let next = site.serve(&[]).await;

        let states = async |session: &str| {
            let sql = format!("SELECT state FROM messages WHERE {}", of(session));
            state.word(&sql).await
        };
        eventually(|| async { (states("orphaned").await == "cut").then_some(()) }).await;
        assert_eq!(states("spoiled").await, "streaming");
        state.close().await;
        next.stop().await;
    })
    .await;
}

/// A night on which conversations cannot be gone through.
async fn spoil_conversations(state: &State) {
    for sql in [
        "INSERT INTO revocations (key, user_id, expires_at) \
         VALUES ('old', 7, '2020-01-01 00:00:00+00:00')",
        "ALTER TABLE messages RENAME TO letters",
        "INSERT INTO leases (name, holder, until) VALUES ('retention.sweep', \
         '00000000-0000-0000-0000-000000000000', '2020-01-01 00:00:00+00:00')",
    ] {
        state.execute(sql).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_goes_on_after_a_class_that_fails_and_says_so_at_its_end() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let migrated = site.run(&["migrate"], &[]).await;
        assert!(migrated.status.success(), "{migrated:?}");
        let state = site.state().await;
        spoil_conversations(&state).await;

        let worker = site.work(&[]).await;

        let old = "SELECT COUNT(*) FROM revocations";
        eventually(|| async { (state.number(old).await == 0).then_some(()) }).await;
        let failures = "SELECT COUNT(*) FROM job_events e JOIN jobs j ON j.id = e.job_id \
                        WHERE j.kind = 'retention_run' AND e.event IN ('retrying', 'failed')";
        eventually(|| async { (state.number(failures).await > 0).then_some(()) }).await;
        let succeeded = "SELECT COUNT(*) FROM jobs \
                         WHERE kind = 'retention_run' AND state = 'succeeded'";
        assert_eq!(state.number(succeeded).await, 0);
        worker.stop().await;
        state.close().await;
    })
    .await;
}
