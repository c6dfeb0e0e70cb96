//! The disk is full: uploads and changes are refused for that reason, nothing is left half written,
//! reading goes on, and when there is room again so does everything else.
//!
//! A limit on the size of the process' files stands for the full disk: it needs no right to mount
//! anything, and it can be lifted while the process runs.

use std::path::Path;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{program::Site, state::State};
use crate::support::{Answer, User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";
/// No file can be written beyond this, so that neither the database's log nor an upload has room.
const FULL: &str = "4096";

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

fn stored(site: &Site) -> usize {
    ["blobs", "tmp"]
        .iter()
        .map(|name| files(&site.folder.path().join(name)))
        .sum()
}

#[track_caller]
fn assert_refused_for_room(answer: Answer) {
    let told = answer.refused(503);
    assert_eq!(told, "The storage is full. Tell your administrator.");
}

async fn rows(state: &State) -> i64 {
    let rows = "SELECT CAST((SELECT COUNT(*) FROM documents) + (SELECT COUNT(*) FROM stores) + \
                (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM holds) + \
                (SELECT COUNT(*) FROM users) AS BIGINT)";
    state.number(rows).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_files_uploads_are_refused_and_leave_nothing() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[("JOB_WORKERS_IN_SERVE", "false")]);
        let server = site.serve_told_of_full_files(&[]).await;
        let state = site.state().await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        let (before, kept) = (rows(&state).await, stored(&site));
        // Room for the database, and not for the file.
        let large = b"# Tides\n\nThe tide turns at four.\n\n".repeat(200_000);
        server.limit("fsize", "5000000").await;

        for _ in 0..3 {
            let upload = user.upload(store, "large.md", "text/markdown", large.clone());
            assert_refused_for_room(upload.await);
        }

        assert_eq!(stored(&site), kept, "half a file is left");
        assert_eq!(rows(&state).await, before);
        user.upload(store, "small.md", "text/markdown", CHECKLIST.to_vec())
            .await
            .expect(200);
        server.limit("fsize", "unlimited").await;
        user.upload(store, "large.md", "text/markdown", large)
            .await
            .expect(200);
        state.sound().await;
        state.close().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_the_database_changes_are_refused_until_there_is_some() {
    on_each_database(|database| async move {
        // PostgreSQL's files are its own server's.
        if database.url().is_some() {
            return;
        }
        let site = Site::new(database, &[]);
        let server = site.serve_told_of_full_files(&[]).await;
        let state = site.state().await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        user.indexed(store, "checklist.md", "text/markdown", file.clone())
            .await;
        let (before, kept) = (rows(&state).await, stored(&site));
        server.limit("fsize", FULL).await;

        let question = json!({"storeIds": [store], "question": QUESTION});
        for _ in 0..3 {
            assert_refused_for_room(user.post("/api/chat", &question).await);
            let name = json!({"display_name": "More"});
            assert_refused_for_room(user.post("/api/stores", &name).await);
            let upload = user.upload(store, "more.md", "text/markdown", file.clone());
            assert_refused_for_room(upload.await);
            let proof = json!({"email": "bob@example.org", "password": "Secret-pass1!"});
            assert_refused_for_room(user.post("/api/auth/register", &proof).await);
        }
        user.get("/api/stores").await.expect(200);
        assert_eq!(user.get("/live").await.status, 200);
        assert_eq!(stored(&site), kept, "half a file is left");
        assert_eq!(rows(&state).await, before, "half a change is left");
        state.intact().await;

        server.limit("fsize", "unlimited").await;
        // The first write may still be told of the full disk.
        let question = || async {
            let answer = user.post("/api/chat", &question).await;
            (answer.status == 200 && answer.body.contains("\"finish\"")).then_some(())
        };
        eventually(question).await;
        user.indexed(store, "more.md", "text/markdown", file).await;
        state.at_rest().await;
        // Committed, as somebody else sees it, and not only acknowledged.
        let done = "SELECT COUNT(*) FROM documents WHERE status = 'DONE'";
        let paid = "SELECT COUNT(*) FROM ledger WHERE kind = 'chat'";
        assert_eq!(state.number(done).await, 2);
        assert!(state.number(paid).await >= 1);
        state.close().await;
        server.stop().await;
    })
    .await;
}

/// PostgreSQL says so by the code 53100; a trigger says it in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_without_room_is_told_as_such() {
    on_each_database(|database| async move {
        if database.url().is_none() {
            return;
        }
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let state = site.state().await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        state
            .execute(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$; \
                 CREATE TRIGGER no_room BEFORE INSERT ON stores \
                 FOR EACH ROW EXECUTE FUNCTION no_room()",
            )
            .await;
        let name = json!({"display_name": "Papers"});
        assert_refused_for_room(user.post("/api/stores", &name).await);
        state.execute("DROP TRIGGER no_room ON stores").await;
        user.post("/api/stores", &name).await.expect(200);
        state.close().await;
        server.stop().await;
    })
    .await;
}
