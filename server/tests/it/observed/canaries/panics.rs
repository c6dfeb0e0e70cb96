//! What is said when a part of the program panics: where, and nothing that was in its hands.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{SECRETS, WORDS, expect_none_in};
use crate::{
    faults::program::Site,
    support::{Database, User},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../../docs/samples/release-checklist.md");

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_tells_where_it_was_and_nothing_else() {
    let site = Site::new(Arc::new(Database::Sqlite), &[("JWT_SECRET", SECRETS[0])]);
    let words = format!("{} of {} in {}", SECRETS[0], SECRETS[3], WORDS[0]);
    // In a handler, in what goes on without its client, in a job.
    for point in ["upload-received", "chat-held", "index-batch"] {
        let settings = [
            ("BINNACLE_PANIC_AT", point),
            ("BINNACLE_PANIC_SAYS", &*words),
        ];
        let server = site.serve(&settings).await;
        let user = User::register(server.base.clone(), &format!("{point}@example.org")).await;
        let store = user.store("Papers").await;
        let uploaded = user.upload(store, "checklist.md", "text/markdown", CHECKLIST.to_vec());
        let uploaded = uploaded.await;
        let mut told = uploaded.body.clone();
        if point == "upload-received" {
            assert_eq!(uploaded.status, 500, "{told}");
        } else {
            let operation = uploaded.expect(200)["op_id"].clone();
            if point == "chat-held" {
                user.settled_operation(operation.as_str().expect("an id"))
                    .await;
                let asked = json!({"storeIds": [store], "question": WORDS[0]});
                let answer = user.post("/api/chat", &asked).await;
                assert!(answer.status >= 500, "{}", answer.body);
                told.push_str(&answer.body);
            }
        }
        let panicked = |line: &Value| line["event"] == "panicked";
        let line = server.logged("the panic", panicked).await;
        assert_eq!(line["level"], "ERROR");
        let place = line["location"].as_str().expect("a place");
        assert!(place.contains("main.rs:"), "{line}");
        let log = server.stop_and_read().await;
        for (place, text) in [("the log", &log), ("an answer", &told)] {
            expect_none_in(place, text, &[SECRETS[0], SECRETS[3], WORDS[0]]);
        }
    }
}
