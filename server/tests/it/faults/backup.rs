//! The drill: a house is backed up under load, and the backup, put into an empty house, is that house
//! at one moment.

use std::{process::Command, sync::Arc};

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{crash::long_document, program::Site, state::State};
use crate::support::{Database, PASSWORD, User, client::eventually, on_each_database};

const EMAIL: &str = "ada@example.org";

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_the_house_at_one_moment() {
    on_each_database(|database| async move {
        let target = match &*database {
            Database::Sqlite => Database::Sqlite,
            Database::Postgres { .. } => Database::postgres().await,
        };
        let target = Arc::new(target);
        drill(database, target.clone()).await;
        target.drop_it().await;
    })
    .await;
}

async fn drill(database: Arc<Database>, target: Arc<Database>) {
    let site = Site::new(database, &[]);
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), EMAIL).await;
    let store = user.store("Harbour").await;
    let first = user
        .indexed(store, "first.md", "text/markdown", long_document(20))
        .await;
    let backup = site.folder.path().join("backups").join("today");
    let path = backup.display().to_string();
    let over = CancellationToken::new();
    let taken = async {
        let taken = site.run(&["backup", &path], &[]).await;
        over.cancel();
        taken
    };
    let (taken, uploads) = tokio::join!(taken, load(&user, store, &over));
    assert!(taken.status.success(), "{taken:?}");
    assert!(uploads > 0, "there was load");
    let again = site.run(&["backup", &path], &[]).await;
    assert!(!again.status.success(), "a backup is not written over");
    let verified = site.run(&["restore", &path, "--verify"], &[]).await;
    assert!(verified.status.success(), "{verified:?}");
    let in_use = site.run(&["restore", &path, "--replace"], &[]).await;
    assert!(!in_use.status.success(), "not under a server at work");
    server.stop().await;

    let other = Site::new(target, &[]);
    let restored = other.run(&["restore", &path], &[]).await;
    assert!(restored.status.success(), "{restored:?}");
    let doctor = other.run(&["doctor"], &[]).await;
    assert!(doctor.status.success(), "{doctor:?}");
    let state = other.state().await;
    state.sound().await;
    same_house(&other, &state, first).await;
    state.close().await;
    let refused = other.run(&["restore", &path], &[]).await;
    assert!(
        !refused.status.success(),
        "not over a house with something in it"
    );
    let replaced = other.run(&["restore", &path, "--replace"], &[]).await;
    assert!(replaced.status.success(), "{replaced:?}");
    damaged_is_refused(&other, &backup).await;
}

/// Uploads and questions, until the backup is taken; how many uploads.
async fn load(user: &User, store: i64, over: &CancellationToken) -> usize {
    let mut uploads = 0;
    while !over.is_cancelled() {
        let name = format!("more-{uploads}.md");
        let sent = user.upload(store, &name, "text/markdown", long_document(3));
        sent.await.expect(200);
        user.ask(store, "How deep is berth 7?").await;
        uploads += 1;
    }
    uploads
}

/// Every document of the moment can be fetched, the first can be asked, and work goes on.
async fn same_house(site: &Site, state: &State, first: i64) {
    let server = site.serve(&[]).await;
    let user = User::sign_in(server.base.clone(), EMAIL, PASSWORD).await;
    let stores = user.get("/api/stores").await.expect(200);
    let store = stores[0]["id"].as_i64().expect("a store");
    let documents = user
        .get(&format!("/api/documents/store/{store}"))
        .await
        .expect(200);
    let documents = documents.as_array().expect("a list");
    assert!(!documents.is_empty());
    for document in documents {
        let path = format!("/api/documents/{}/download", document["id"]);
        assert_eq!(user.get(&path).await.status, 200, "{document}");
    }
    eventually(|| async {
        let open = "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')";
        (state.number(open).await == 0).then_some(())
    })
    .await;
    let stream = user.ask(store, "How deep is berth 7?").await;
    assert!(!stream.sources().is_empty());
    let of_first = json!(first);
    assert!(documents.iter().any(|document| document["id"] == of_first));
    server.stop().await;
}

async fn damaged_is_refused(site: &Site, backup: &std::path::Path) {
    let list = std::fs::read_to_string(backup.join("blobs.jsonl")).expect("a list");
    let line = list.lines().next().expect("a blob");
    let blob: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let blob = backup
        .join("blobs")
        .join(blob["path"].as_str().expect("a key"));
    std::fs::write(&blob, "not what was backed up").expect("a file");
    let path = backup.display().to_string();
    let before = site.state().await;
    let count = "SELECT COUNT(*) FROM documents";
    let documents = before.number(count).await;
    let refused = site.run(&["restore", &path, "--replace"], &[]).await;
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("checksum"), "{said}");
    assert_eq!(before.number(count).await, documents);
    before.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_cut_between_blobs_and_database_is_told_of() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), EMAIL).await;
        let store = user.store("Harbour").await;
        let first = user
            .indexed(store, "first.md", "text/markdown", long_document(5))
            .await;
        let path = site.folder.path().join("backup").display().to_string();
        let taken = site.run(&["backup", &path], &[]).await;
        assert!(taken.status.success(), "{taken:?}");
        user.indexed(store, "second.md", "text/markdown", long_document(5))
            .await;
        server.stop().await;

        let die = [("BINNACLE_ABORT_AT", "restore-blobs-placed")];
        let cut = site.run(&["restore", &path, "--replace"], &die).await;
        assert!(!cut.status.success(), "it dies where it was told");
        for command in ["serve", "worker", "doctor"] {
            let refused = site.run(&[command], &[]).await;
            assert!(!refused.status.success(), "{command}");
            let said = [refused.stdout, refused.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains("a restore was cut off"), "{command}: {said}");
        }
        let refused = site.run(&["restore", "nowhere", "--replace"], &[]).await;
        assert!(!refused.status.success());
        let still = site.run(&["doctor"], &[]).await;
        assert!(!still.status.success(), "what failed has not mended it");

        let again = site.run(&["restore", &path, "--replace"], &[]).await;
        assert!(again.status.success(), "{again:?}");
        let state = site.state().await;
        state.sound().await;
        same_house(&site, &state, first).await;
        state.close().await;
    })
    .await;
}

/// What there is beside a backup of that name.
fn beside(site: &Site) -> Vec<String> {
    let folder = site.folder.path().join("backups");
    let names = std::fs::read_dir(folder).expect("a folder");
    let names = names.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_backups_under_one_name_one_is_made_and_the_other_refused() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), EMAIL).await;
        let store = user.store("Harbour").await;
        user.indexed(store, "first.md", "text/markdown", long_document(5))
            .await;
        let backup = site.folder.path().join("backups").join("today");
        // As a shell completes the name of a folder.
        let path = format!("{}/", backup.display());
        let wait = [("BINNACLE_WAIT_AT", "backup-filled")];
        let waiting = site.folder.path().join("backup-filled");

        let command = ["backup", path.as_str()];
        let first = site.run(&command, &wait);
        let second = async {
            eventually(|| async { waiting.exists().then_some(()) }).await;
            let refused = site.run(&command, &[]).await;
            std::fs::remove_dir(&waiting).expect("the first goes on");
            refused
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first.status.success(), "{first:?}");
        assert!(!second.status.success());
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(said.contains("another process is writing"), "{said}");
        assert_eq!(beside(&site), ["today"]);
        let verified = site.run(&["restore", &path, "--verify"], &[]).await;
        assert!(verified.status.success(), "{verified:?}");

        // Unasked: each of these may be the one.
        std::fs::remove_dir_all(&backup).expect("another day");
        let at_once = join_all((0..4).map(|_| site.run(&command, &[]))).await;
        let made = at_once.iter().filter(|taken| taken.status.success());
        assert_eq!(made.count(), 1, "{at_once:?}");
        assert_eq!(beside(&site), ["today"]);
        let verified = site.run(&["restore", &path, "--verify"], &[]).await;
        assert!(verified.status.success(), "{verified:?}");
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_backup_left_is_cleared_by_the_next() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let migrated = site.run(&["migrate"], &[]).await;
        assert!(migrated.status.success(), "{migrated:?}");
        let path = site.folder.path().join("backups").join("today");
        let path = path.display().to_string();
        let die = [("BINNACLE_ABORT_AT", "backup-filled")];
        let killed = site.run(&["backup", &path], &die).await;
        assert!(!killed.status.success());
        assert_eq!(beside(&site), ["today.partial"]);

        let next = site.run(&["backup", &path], &[]).await;
        assert!(next.status.success(), "{next:?}");
        assert_eq!(beside(&site), ["today"]);
        let verified = site.run(&["restore", &path, "--verify"], &[]).await;
        assert!(verified.status.success(), "{verified:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_database_is_none_of_ours_leaves_the_house_as_it_was() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    site.create_admin().await;
    let taken = site.run(&["backup", "backup"], &[]).await;
    assert!(taken.status.success(), "{taken:?}");
    let backup = site.folder.path().join("backup");
    for text in ["not a database at all", ""] {
        let database = backup.join("database.sqlite");
        std::fs::write(&database, text).expect("a file");
        let sum = Command::new("sha256sum").arg(&database).output();
        let sum = String::from_utf8(sum.expect("sha256sum").stdout).expect("text");
        let manifest = backup.join("manifest.json");
        let mut told: Value =
            serde_json::from_slice(&std::fs::read(&manifest).expect("it")).expect("JSON");
        told["database"]["bytes"] = text.len().into();
        told["database"]["sha256"] = sum.split(' ').next().expect("a sum").into();
        std::fs::write(&manifest, told.to_string()).expect("a file");
        let refused = site.run(&["restore", "backup", "--replace"], &[]).await;
        assert!(!refused.status.success(), "{refused:?}");
        let state = site.state().await;
        assert_eq!(state.number("SELECT COUNT(*) FROM users").await, 1);
        state.close().await;
        let doctor = site.run(&["doctor"], &[]).await;
        assert!(doctor.status.success(), "{doctor:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_follows_no_link_that_lies_in_its_way() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    site.create_admin().await;
    let folder = site.folder.path();
    let theirs = folder.join("theirs");
    std::fs::create_dir(&theirs).expect("a folder");
    std::fs::write(theirs.join("keep"), "kept").expect("a file");
    std::os::unix::fs::symlink(&theirs, folder.join("backup.partial")).expect("a link");
    let refused = site.run(&["backup", "backup"], &[]).await;
    assert!(!refused.status.success(), "{refused:?}");
    let kept = std::fs::read_to_string(theirs.join("keep")).expect("it is there");
    assert_eq!(kept, "kept");
}
