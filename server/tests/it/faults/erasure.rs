//! Who is erased has left nothing: not in a table, not in a file, not in the log.

use std::{
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{program::Site, state::State};
use crate::support::{User, client::eventually, house::ADMIN, on_each_database};

/// Words that stand nowhere but in what the user brought.
const CANARIES: [&str; 5] = [
    "quetzalcanary",
    "axolotlstore",
    "pangolinfile",
    "okapiquestion",
    "narwhaltitle",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_leaves_no_word_anywhere() {
    on_each_database(|database| async move {
        let sqlite = database.url().is_none();
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let state = site.state().await;
        let canary = User::register(server.base.clone(), "quetzalcanary@example.org").await;
        live(&canary).await;
        let id = canary.id().await;
        let traces = found(&site, &state).await;
        assert!(
            traces.len() > 5,
            "the search finds what is there: {traces:?}"
        );

        let erased = site
            .run(
                &["erase", "quetzalcanary@example.org", "--yes", "--json"],
                &[],
            )
            .await;
        assert!(erased.status.success(), "{erased:?}");
        let receipt: Value = serde_json::from_slice(&erased.stdout).expect("JSON");
        assert_eq!(receipt["remaining"], json!({}));
        assert_eq!(receipt["user"], id);

        assert_eq!(found(&site, &state).await, Vec::<String>::new());
        let open = "SELECT COUNT(*) FROM jobs WHERE kind = 'erase_user' AND finished_at IS NULL";
        assert_eq!(state.number(open).await, 0, "nobody stands by any more");
        eventually(|| async {
            let me = canary.get("/api/auth/me").await;
            (me.status == 401).then_some(())
        })
        .await;
        let verified = site.run(&["erase", "--verify"], &[]).await;
        assert!(verified.status.success(), "{verified:?}");
        state.close().await;
        let log = server.stop_and_read().await.to_lowercase();
        for word in CANARIES {
            assert!(!log.contains(word), "the log says {word}");
        }
        if sqlite {
            // Nor where the database has only crossed it out.
            let file = std::fs::read(site.folder.path().join("binnacle.db")).expect("the file");
            let text = String::from_utf8_lossy(&file).to_lowercase();
            for word in CANARIES {
                assert!(!text.contains(word), "the database's file holds {word}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_by_a_command_that_is_killed_is_finished_by_a_worker() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let state = site.state().await;
        let canary = User::register(server.base.clone(), "quetzalcanary@example.org").await;
        live(&canary).await;
        let id = canary.id().await;
        server.stop().await;
        let number = id.to_string();
        let erase = ["erase", number.as_str(), "--yes"];

        let killed = site
            .run(&erase, &[("BINNACLE_ABORT_AT", "erase-batch")])
            .await;
        assert_eq!(killed.status.signal(), Some(6), "{killed:?}");
        let left = found(&site, &state).await;
        assert!(left.len() > 2, "it died on the way: {left:?}");
        let receipts = "SELECT COUNT(*) FROM erasure_receipts";
        assert_eq!(state.number(receipts).await, 0);

        let worker = site.work(&[]).await;
        let erasures = "FROM jobs WHERE kind = 'erase_user'";
        let stands_by = format!("SELECT COUNT(*) {erasures} AND state = 'queued'");
        assert_eq!(
            state.number(&stands_by).await,
            1,
            "one erases again in ten minutes"
        );
        state
            .execute("UPDATE jobs SET run_at = created_at WHERE kind = 'erase_user'")
            .await;
        eventually(|| async { (state.number(receipts).await == 1).then_some(()) }).await;
        let ended = format!("SELECT state {erasures}");
        assert_eq!(state.words(&ended).await, ["succeeded"]);
        assert_eq!(found(&site, &state).await, Vec::<String>::new());
        let verified = site.run(&["erase", "--verify"], &[]).await;
        assert!(verified.status.success(), "{verified:?}");
        worker.stop().await;
        state.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_is_refused_and_nothing_stands_by() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        site.create_admin().await;
        let refused = site.run(&["erase", ADMIN.0, "--yes"], &[]).await;
        assert!(!refused.status.success());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("last active admin"), "{said}");
        let state = site.state().await;
        let open = "SELECT COUNT(*) FROM jobs WHERE kind = 'erase_user' AND finished_at IS NULL";
        assert_eq!(state.number(open).await, 0);
        state.close().await;
    })
    .await;
}

/// A bit of everything that a user can leave.
async fn live(user: &User) {
    let store = user.store("axolotlstore").await;
    let text = b"# Narwhaltitle\n\nThe quetzalcanary nests above the north pier.\n".to_vec();
    let kept = user
        .indexed(store, "pangolinfile.md", "text/markdown", text.clone())
        .await;
    let deleted = user
        .indexed(store, "pangolinfile-2.md", "text/markdown", text)
        .await;
    user.delete(&format!("/api/documents/{deleted}"))
        .await
        .expect(202);
    user.ask(store, "okapiquestion: where does the quetzalcanary nest?")
        .await;
    user.get(&format!("/api/documents/{kept}/download")).await;
    user.post("/api/account/export", &json!({}))
        .await
        .expect(202);
    eventually(|| async {
        let exports = user.get("/api/account/export").await.expect(200);
        (exports["items"][0]["state"] == "ready").then_some(())
    })
    .await;
}

/// Tables and files in which one of the words stands.
async fn found(site: &Site, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for table in state.tables().await {
        let text = state.text_of(&table).await.to_lowercase();
        if CANARIES.iter().any(|word| text.contains(word)) {
            found.push(table);
        }
    }
    let mut files = Vec::new();
    files_below(site.folder.path(), &mut files);
    for file in files {
        let name = file.display().to_string();
        // The database's own files hold what it has only crossed out, until it is closed.
        if name.contains("binnacle.db") {
            continue;
        }
        let content = std::fs::read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&content).to_lowercase();
        if CANARIES
            .iter()
            .any(|word| text.contains(word) || name.contains(word))
        {
            found.push(name);
        }
    }
    found
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}
