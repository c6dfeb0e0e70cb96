//! Starting and refusing to start: the gate, schemas of other versions, and what `doctor` finds.

use std::{process::Output, sync::Arc};

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::Value;

use super::{program::Site, state::State};
use crate::support::{Database, User, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr];
    parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_refuses_a_newer_schema_and_changes_nothing() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let migrated = site.run(&["migrate"], &[]).await;
        assert!(migrated.status.success(), "{}", said(&migrated));
        let state = site.state().await;
        state
            .execute(
                "INSERT INTO seaql_migrations (version, applied_at) \
                 VALUES ('m20991231_000001_of_the_future', 4102444799)",
            )
            .await;
        for run_migrations in ["true", "false"] {
            for command in ["serve", "worker", "migrate", "doctor"] {
                let settings = [("RUN_MIGRATIONS", run_migrations)];
                let refused = site.run(&[command], &settings).await;
                let said = said(&refused);
                assert!(!refused.status.success(), "{command}: {said}");
                assert!(said.contains("m20991231_000001_of_the_future"), "{said}");
                assert!(said.contains("newer"), "{said}");
            }
        }
        let rows = state.number("SELECT COUNT(*) FROM processes").await;
        assert_eq!(rows, 0, "nothing ran");
        state.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_may_not_migrate_refuses_an_older_schema() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let refused = site.run(&["serve"], &[("RUN_MIGRATIONS", "false")]).await;
        assert!(!refused.status.success());
        let said = said(&refused);
        assert!(said.contains("binnacle migrate"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_processes_bring_one_empty_database_forward_at_once() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let outputs = join_all((0..5).map(|_| site.run(&["migrate"], &[]))).await;
        for output in &outputs {
            assert!(output.status.success(), "{}", said(output));
        }
        let state = site.state().await;
        let applied = state
            .words("SELECT version FROM seaql_migrations ORDER BY version")
            .await;
        let mut once = applied.clone();
        once.dedup();
        assert!(applied.len() >= 7, "{applied:?}");
        assert_eq!(applied, once);
        state.close().await;
        let server = site.serve(&[("RUN_MIGRATIONS", "false")]).await;
        let ready = User::anonymous(server.base.clone()).get("/ready").await;
        assert_eq!(ready.status, 200, "{}", ready.body);
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn production_is_refused_with_every_problem_at_once_and_no_secret() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let settings = [
        ("ENVIRONMENT", "production"),
        ("JWT_SECRET", "short-hushhush"),
        ("GEMINI_API_KEY", "key-hushhush"),
        ("METRICS_TOKEN", "token-hushhush"),
        ("ALLOW_DEV_LOGIN", "true"),
        ("REGISTRATION", "open"),
        ("REQUIRE_CSRF_HEADER", "false"),
        ("PORT", "seven"),
        ("UPLOAD_PROFILE", "anything"),
    ];
    for command in ["serve", "worker", "doctor"] {
        let refused = site.run(&[command], &settings).await;
        assert!(!refused.status.success());
        let said = said(&refused);
        for variable in [
            "JWT_SECRET",
            "ALLOW_DEV_LOGIN",
            "REGISTRATION",
            "REQUIRE_CSRF_HEADER",
            "CORS_ORIGINS",
            "DATABASE_URL",
            "REDIS_URL",
            "GEMINI_MOCK_MODE",
            "PORT",
            "UPLOAD_PROFILE",
        ] {
            assert!(
                said.contains(variable),
                "{command} is silent on {variable}:\n{said}"
            );
        }
        assert!(!said.contains("hushhush"), "{said}");
    }
    let left = std::fs::read_dir(site.folder.path()).expect("the folder");
    assert_eq!(left.count(), 0, "nothing was opened or made");
}

/// What `doctor` says of a part, and whether it was content with the whole.
async fn doctor(site: &Site, arguments: &[&str]) -> (bool, Value) {
    let command = [&["doctor", "--json"], arguments].concat();
    let output = site.run(&command, &[]).await;
    let checks = serde_json::from_slice(&output.stdout);
    let checks = checks.unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    (output.status.success(), checks)
}

#[track_caller]
fn verdict(checks: &Value, name: &str) -> String {
    let checks = checks.as_array().expect("a list");
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no check `{name}` in {checks:?}"));
    check["verdict"].as_str().expect("a verdict").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_changed_audit_row_and_mends_a_drifted_period() {
    on_each_database(|database| async move {
        let site = Site::new(database.clone(), &[]);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        user.indexed(store, "checklist.md", "text/markdown", file)
            .await;
        server.stop().await;
        let state = site.state().await;

        let (content, checks) = doctor(&site, &[]).await;
        assert!(content, "{checks}");
        for name in [
            "settings", "versions", "clock", "disk", "database", "schema", "storage", "provider",
            "redis", "audit", "ledger",
        ] {
            assert_eq!(verdict(&checks, name), "ok", "{checks}");
        }

        drift(&site, &state).await;
        tamper(&database, &site, &state).await;
        state.close().await;
    })
    .await;
}

async fn drift(site: &Site, state: &State) {
    state
        .execute("UPDATE periods SET spent_nanos = spent_nanos + 5")
        .await;
    let (content, checks) = doctor(site, &[]).await;
    assert!(!content);
    assert_eq!(verdict(&checks, "ledger"), "problem");
    let (content, checks) = doctor(site, &["--repair"]).await;
    assert!(content, "{checks}");
    assert_eq!(verdict(&checks, "ledger"), "warning");
    let (content, checks) = doctor(site, &[]).await;
    assert!(content, "{checks}");
    assert_eq!(verdict(&checks, "ledger"), "ok");
    state.sound().await;
}

async fn tamper(database: &Database, site: &Site, state: &State) {
    let rows = state.number("SELECT COUNT(*) FROM audit_log").await;
    assert!(rows > 0, "there is something on record");
    let off = if database.url().is_some() {
        "DROP TRIGGER audit_log_append_only ON audit_log"
    } else {
        "DROP TRIGGER audit_log_append_only"
    };
    state.execute(off).await;
    state
        .execute("UPDATE audit_log SET action = 'nothing.happened' WHERE id = 1")
        .await;
    let (content, checks) = doctor(site, &[]).await;
    assert!(!content);
    assert_eq!(verdict(&checks, "audit"), "problem");
}
