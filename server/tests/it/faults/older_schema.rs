//! Before an upgrade: the program is new, the schema is not. Who only looks changes nothing, a
//! backup leaves a way back, and only what serves brings the schema forward.

use std::{process::Output, sync::Arc};

use pretty_assertions::assert_eq;

use super::{program::Site, state::State};
use crate::support::{Database, PASSWORD, User, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr];
    parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .concat()
}

fn is_empty(site: &Site) -> bool {
    let left = std::fs::read_dir(site.folder.path()).expect("the folder");
    left.count() == 0
}

/// The schema before documents were marked as being removed.
async fn goes_back(state: &State) {
    for sql in [
        "ALTER TABLE documents DROP COLUMN purging_at",
        "DELETE FROM seaql_migrations WHERE version LIKE '%_purging'",
    ] {
        state.execute(sql).await;
    }
}

async fn applied(state: &State) -> Vec<String> {
    let versions = "SELECT version FROM seaql_migrations ORDER BY version";
    state.words(versions).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_serves_brings_an_older_schema_forward() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        user.indexed(store, "checklist.md", "text/markdown", file)
            .await;
        server.stop().await;
        let state = site.state().await;
        let current = applied(&state).await;
        goes_back(&state).await;
        let older = applied(&state).await;
        assert_eq!(older.len() + 1, current.len());
        let backup = site.folder.path().join("backup").display().to_string();

        let doctor = site.run(&["doctor"], &[]).await;
        assert!(doctor.status.success(), "{}", said(&doctor));
        assert!(
            said(&doctor).contains("1 migrations behind"),
            "{}",
            said(&doctor)
        );
        for looks in [&["backup", &backup][..], &["restore", &backup, "--verify"]] {
            let done = site.run(looks, &[]).await;
            assert!(done.status.success(), "{}", said(&done));
            assert!(
                said(&done).contains("1 migrations behind"),
                "{}",
                said(&done)
            );
            assert_eq!(applied(&state).await, older, "{looks:?}");
        }
        let elsewhere = Site::new(Arc::new(Database::Sqlite), &[]);
        let verify = &["restore", &backup, "--verify"];
        let verified = elsewhere.run(verify, &[]).await;
        assert!(verified.status.success(), "{}", said(&verified));
        assert!(is_empty(&elsewhere), "a look elsewhere makes nothing");
        for works in [&["mark-stuck"][..], &["retention", "--dry-run"]] {
            let refused = site.run(works, &[]).await;
            assert!(!refused.status.success(), "{works:?}");
            assert!(
                said(&refused).contains("binnacle migrate"),
                "{}",
                said(&refused)
            );
            assert_eq!(applied(&state).await, older, "{works:?}");
        }

        let server = site.serve(&[]).await;
        assert_eq!(applied(&state).await, current);
        server.stop().await;
        // The way back: the backup is of the older schema, and can be put in place.
        let restored = site.run(&["restore", &backup, "--replace"], &[]).await;
        assert!(restored.status.success(), "{}", said(&restored));
        state.close().await;
        let state = site.state().await;
        assert_eq!(applied(&state).await, older);
        state.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_for_a_house_where_there_is_none_makes_none() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        for looks in [&["doctor"][..], &["backup", "backup"]] {
            let found = site.run(looks, &[]).await;
            assert!(!found.status.success(), "{looks:?}: {}", said(&found));
            assert!(said(&found).contains("no database yet"), "{}", said(&found));
        }
        assert!(is_empty(&site));
        // The first admin of a new house makes it.
        site.create_admin().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_the_way_back_from_a_newer_schema() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        User::register(server.base.clone(), "ada@example.org").await;
        server.stop().await;
        let backup = site.folder.path().join("backup").display().to_string();
        let taken = site.run(&["backup", &backup], &[]).await;
        assert!(taken.status.success(), "{}", said(&taken));
        let state = site.state().await;
        for sql in [
            "CREATE TABLE of_the_future (id BIGINT PRIMARY KEY)",
            "INSERT INTO seaql_migrations (version, applied_at) \
             VALUES ('m20991231_000001_of_the_future', 4102444799)",
        ] {
            state.execute(sql).await;
        }
        state.close().await;

        let verified = site.run(&["restore", &backup, "--verify"], &[]).await;
        assert!(verified.status.success(), "{}", said(&verified));
        let told = said(&verified);
        assert!(told.contains("newer") && told.contains("not put on record"));
        let restored = site.run(&["restore", &backup, "--replace"], &[]).await;
        assert!(restored.status.success(), "{}", said(&restored));

        let server = site.serve(&[]).await;
        User::sign_in(server.base.clone(), "ada@example.org", PASSWORD).await;
        server.stop().await;
    })
    .await;
}
