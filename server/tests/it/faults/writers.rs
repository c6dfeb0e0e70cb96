//! One SQLite file, a server with sixteen busy clients and a worker of its own process: whoever
//! writes waits its turn, and nobody is refused because somebody else writes.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{crash::long_document, program::Site};
use crate::support::{Database, User};

const CLIENTS: usize = 16;
/// Documents that the worker indexes meanwhile.
const DOCUMENTS: usize = 8;

/// Changes by each client: 2,000 in the nightly run.
fn writes() -> usize {
    std::env::var("WRITES_PER_CLIENT")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(60)
}

/// Gives a conversation one title after another, each of which must have been written.
async fn rename(user: &User, session: &str, times: usize) {
    let path = format!("/api/chat/sessions/{session}");
    for number in 0..times {
        let title = format!("Title {number}");
        let renamed = user.patch(&path, &json!({"title": title})).await;
        assert_eq!(renamed.expect(200)["title"], title.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_clients_and_a_worker_process_write_one_sqlite_file_and_none_is_refused() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
    let worker = site.work(&[]).await;
    let state = site.state().await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Harbour").await;
    let mut sessions = Vec::new();
    for _ in 0..CLIENTS {
        let answer = user.ask(store, "How deep is berth 3?").await;
        sessions.push(answer.session.expect("a session"));
    }

    let file = long_document(150);
    let uploads = (0..DOCUMENTS).map(|number| {
        let (user, file) = (&user, file.clone());
        async move {
            let name = format!("harbour-{number}.md");
            user.indexed(store, &name, "text/markdown", file).await
        }
    });
    let renames = sessions
        .iter()
        .map(|session| rename(&user, session, writes()));
    join(join_all(renames), join_all(uploads)).await;

    let last = format!(
        "SELECT COUNT(*) FROM chat_sessions WHERE title = 'Title {}'",
        writes() - 1
    );
    let named = usize::try_from(state.number(&last).await).expect("a count");
    assert_eq!(named, CLIENTS);
    state.at_rest().await;
    let errors = "SELECT CAST(SUM(attempts + rescues) AS BIGINT) FROM jobs";
    assert_eq!(state.number(errors).await, 0, "no job was refused either");
    for process in [&server, &worker] {
        let refused = process.count_logged(|line| {
            let line = line.to_string();
            line.contains("locked") || line.contains("SQLITE_BUSY")
        });
        assert_eq!(refused, 0, "somebody was told that the file is busy");
    }
    state.close().await;
    worker.stop().await;
    server.stop().await;
}
