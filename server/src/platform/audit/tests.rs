use chrono::{TimeZone, Utc};
use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;
use crate::platform::{
    clock::ManualClock,
    db::{
        WriteKey,
        testing::{TestDb, for_each_database},
    },
};

fn audit_of(db: &Db) -> Audit {
    let clock = ManualClock::starting_at(Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap());
    Audit::new(db.clone(), Arc::new(clock), b"the operator's secret", &[])
}

fn act(number: i64) -> AuditEvent {
    AuditEvent {
        actor: Some(UserId(1)),
        action: if number % 2 == 0 {
            "set_budget"
        } else {
            "delete_store"
        },
        target_type: Some("user"),
        target_id: Some(number.to_string()),
        metadata: json!({"monthly_limit_usd": number}),
    }
}

async fn record(audit: &Audit, event: AuditEvent) -> i64 {
    audit
        .db
        .write(
            WriteKey::Free,
            (audit.clone(), event),
            |txn, (audit, event)| Box::pin(audit.record_in(txn, event)),
        )
        .await
        .expect("an entry")
}

/// A log of five acts.
async fn recorded(db: &Db) -> Audit {
    let audit = audit_of(db);
    for number in 1..=5 {
        assert_eq!(record(&audit, act(number)).await, number);
    }
    audit
}

/// What an intruder does who owns the database: nobody else can drop its triggers.
async fn tamper(db: &Db, statements: &'static [&'static str]) {
    let unguard: &[&str] = if db.backend() == sea_orm::DatabaseBackend::Postgres {
        &["DROP TRIGGER IF EXISTS audit_log_keeps_rows ON audit_log"]
    } else {
        &["DROP TRIGGER IF EXISTS audit_log_keeps_rows"]
    };
    queries::tampering::run(db, unguard).await;
    queries::tampering::run(db, statements).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_are_chained_and_listed() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        let verification = audit.verify().await.expect("a verification");
        assert_eq!((verification.sound, verification.broken), (5, None));

        let newest = audit.list(2, None, &[]).await.expect("a list");
        assert_eq!(
            newest.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            [5, 4]
        );
        assert_eq!(newest[0].hash, verification.head);
        assert_eq!(newest[1].metadata, r#"{"monthly_limit_usd":4}"#);
        let older = audit.list(10, Some(4), &[]).await.expect("a list");
        assert_eq!(
            older.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            [3, 2, 1]
        );
        let deletions = audit
            .list(10, None, &["delete_store"])
            .await
            .expect("a list");
        assert_eq!(
            deletions.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            [5, 3, 1]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_at_once_make_one_chain() {
    for_each_database(async |test: TestDb| {
        let other = Db::connect(test.settings()).await.expect("another process");
        let audits = [audit_of(&test.db), audit_of(&other)];
        let acts = (0..60).map(|number| record(&audits[number % 2], act(1)));
        let mut ids = futures_util::future::join_all(acts).await;
        ids.sort_unstable();
        assert_eq!(ids, (1..=60).collect::<Vec<_>>());
        let verification = audits[0].verify().await.expect("a verification");
        assert_eq!((verification.sound, verification.broken), (60, None));
        other.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_is_rolled_back_leaves_no_gap() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        let failed: Result<(), DbError> = audit
            .db
            .write(WriteKey::Free, audit.clone(), |txn, audit| {
                Box::pin(async move {
                    audit.record_in(txn, &act(6)).await?;
                    Err(DbErr::Custom("the act itself failed".into()))
                })
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(record(&audit, act(6)).await, 6);
        assert_eq!(audit.verify().await.expect("a verification").broken, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_can_be_neither_updated_nor_deleted() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        let mut statements = vec![
            "UPDATE audit_log SET actor_user_id = 2 WHERE id = 3",
            "DELETE FROM audit_log WHERE id = 1",
            "DELETE FROM audit_log",
        ];
        if test.db.backend() == sea_orm::DatabaseBackend::Postgres {
            statements.push("TRUNCATE audit_log");
        }
        for statement in statements {
            let refused = queries::tampering::attempt(&test.db, statement).await;
            let words = refused.expect_err("a refusal");
            assert!(words.contains("append-only"), "{statement}: {words}");
        }
        let verification = audit.verify().await.expect("a verification");
        assert_eq!((verification.sound, verification.broken), (5, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_entry_is_found() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        tamper(
            &test.db,
            &[
                "CREATE TABLE stolen AS SELECT * FROM audit_log WHERE id = 3",
                "DELETE FROM audit_log WHERE id = 3",
                "UPDATE stolen SET actor_user_id = 2",
                "INSERT INTO audit_log SELECT * FROM stolen",
            ],
        )
        .await;
        let verification = audit.verify().await.expect("a verification");
        assert_eq!(verification.sound, 2);
        assert_eq!(verification.broken, Some(Broken::Changed(3)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_entry_is_found() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        tamper(&test.db, &["DELETE FROM audit_log WHERE id = 2"]).await;
        let verification = audit.verify().await.expect("a verification");
        let (expected, found) = (2, 3);
        assert_eq!(
            verification.broken,
            Some(Broken::Missing { expected, found })
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_log_is_found() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        tamper(&test.db, &["DELETE FROM audit_log WHERE id > 3"]).await;
        let verification = audit.verify().await.expect("a verification");
        let (expected, found) = (5, 3);
        assert_eq!(
            verification.broken,
            Some(Broken::Truncated { expected, found })
        );
        tamper(&test.db, &["UPDATE audit_head SET last_id = 3"]).await;
        let verification = audit.verify().await.expect("a verification");
        assert_eq!(verification.broken, Some(Broken::Head));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_set_back_is_found() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        tamper(
            &test.db,
            &["UPDATE audit_head SET last_id = 3, \
               last_hash = (SELECT hash FROM audit_log WHERE id = 3)"],
        )
        .await;
        let verification = audit.verify().await.expect("a verification");
        assert_eq!(verification.broken, Some(Broken::Head));
    })
    .await;
}

/// Without the key nobody can write an entry that verifies, not even at the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_entry_is_found() {
    for_each_database(async |test: TestDb| {
        let audit = recorded(&test.db).await;
        let clock = ManualClock::starting_at(Utc.with_ymd_and_hms(2026, 11, 21, 13, 0, 0).unwrap());
        let forger = Audit::new(test.db.clone(), Arc::new(clock), b"a guess", &[]);
        record(&forger, act(6)).await;
        let verification = audit.verify().await.expect("a verification");
        assert_eq!(verification.broken, Some(Broken::Changed(6)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_replaced_secret_still_verify() {
    let test = TestDb::sqlite().await;
    let before = recorded(&test.db).await;
    let after = Audit::new(
        test.db.clone(),
        Arc::clone(&before.clock),
        b"the next secret",
        &[b"the operator's secret"],
    );
    record(&after, act(6)).await;
    let verification = after.verify().await.expect("a verification");
    assert_eq!((verification.sound, verification.broken), (6, None));
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_several_pages_is_walked_to_its_end() {
    let test = TestDb::sqlite().await;
    let audit = audit_of(&test.db);
    let entries = i64::try_from(PAGE).expect("a small number") + 1;
    test.db
        .write_alone(
            WriteKey::Free,
            (audit.clone(), entries),
            |txn, (audit, entries)| {
                Box::pin(async move {
                    for number in 0..*entries {
                        audit.record_in(txn, &act(number)).await?;
                    }
                    Ok(())
                })
            },
        )
        .await
        .expect("the entries");
    let verification = audit.verify().await.expect("a verification");
    assert_eq!((verification.sound, verification.broken), (entries, None));
    test.finish().await;
}

#[test]
fn an_absent_field_differs_from_an_empty_one() {
    let link = Link {
        id: 1,
        created_at: Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap(),
        actor: None,
        action: "a",
        target_type: None,
        target_id: Some("b"),
        metadata: "{}",
        previous_hash: "",
    };
    let key = [7; 32];
    let hash = link.hash(&key);
    let empty = Link {
        target_type: Some(""),
        ..link
    };
    assert!(hash != empty.hash(&key));
}
