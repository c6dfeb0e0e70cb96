//! Periods from the console, tokens of previews, receipts of erasures.

use chrono::TimeDelta;
use entities::{UserId, governance::erasure_receipt};
use sea_orm::EntityTrait;

use super::{
    fill::{ADA, BEN},
    *,
};
use crate::platform::{
    audit::By,
    db::testing::for_each_database,
    governance::{GovernanceError, Receipt},
    retention::{PeriodRefused, Source, Term},
};

const ROOT: UserId = UserId(9);

#[tokio::test(flavor = "multi_thread")]
async fn days_are_set_by_the_console_and_given_back() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        let governance = &house.governance;
        let default = governance.periods().of(Class::Chat).await.unwrap();
        assert_eq!(default.source, Source::Default);

        let by = By::user(ROOT);
        let set = async |days| {
            let set = governance.set_days(&by, Class::Chat, days).await;
            set.unwrap()
        };
        let (kept, _) = set(Some(0)).await;
        assert_eq!((kept.term, kept.source), (Term::Kept, Source::Console));
        let (week, entry) = set(Some(7)).await;
        assert_eq!(week.over_before(noon()), Some(noon() - TimeDelta::days(7)));
        let entry = house.audit.find(entry.unwrap()).await.unwrap().unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&entry.metadata).unwrap(),
            serde_json::json!({
                "before": {"days": 0}, "after": {"days": 7}, "days_before": 0.0, "via": "api",
            })
        );
        assert_eq!(set(None).await.0, default);
        assert_eq!(set(None).await, (default, None), "nothing to change");

        let fixed = governance.set_days(&by, Class::Library, Some(7)).await;
        assert!(matches!(
            fixed,
            Err(GovernanceError::Period(PeriodRefused::Fixed(
                Class::Library,
                _
            )))
        ));
        let too_long = governance.set_days(&by, Class::Chat, Some(36_501)).await;
        assert!(matches!(
            too_long,
            Err(GovernanceError::Period(PeriodRefused::OutOfRange))
        ));
        let acts = house
            .audit
            .list(10, None, &["set_retention"])
            .await
            .unwrap();
        assert_eq!(acts.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_run_once_and_only_while_it_is_true() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        let governance = &house.governance;
        let preview = governance.preview(&[Class::Chat], None).await.unwrap();
        assert!(preview.total.rows > 0);

        let mut forged = preview.token.clone();
        forged.replace_range(0..1, "X");
        for token in ["", "a.b", forged.as_str()] {
            let refused = governance.run(&By::user(ROOT), token).await;
            assert!(matches!(refused, Err(GovernanceError::PreviewUnknown)));
        }
        house
            .run("DELETE FROM messages WHERE user_id = 1 AND role = 'user'".to_owned())
            .await;
        let refused = governance.run(&By::user(ROOT), &preview.token).await;
        let Err(GovernanceError::PreviewChanged(fresh)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(fresh.total.rows, preview.total.rows - 1);

        let (job, entry) = governance.run(&By::user(ROOT), &fresh.token).await.unwrap();
        let again = governance.run(&By::user(ROOT), &fresh.token).await;
        assert!(matches!(again, Err(GovernanceError::Busy(busy)) if busy == job));
        house.clock.advance(TimeDelta::minutes(11));
        let late = governance.run(&By::user(ROOT), &fresh.token).await;
        assert!(matches!(late, Err(GovernanceError::PreviewExpired)));
        let acts = house
            .audit
            .list(10, None, &["retention_run"])
            .await
            .unwrap();
        assert_eq!(acts.len(), 1);
        assert_eq!(acts[0].id, entry);
        assert!(acts[0].metadata.contains("\"via\":\"api\""));
    })
    .await;
}

/// A preview of other days than those in force shows, and cannot be run.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_days_is_run_once_they_are_set() {
    let test = TestDb::sqlite().await;
    let house = House::on(&test).await;
    house.fill([ADA, BEN]).await;
    let governance = &house.governance;
    let week = governance.preview(&[Class::Chat], Some(7)).await.unwrap();
    let refused = governance.run(&By::user(ROOT), &week.token).await;
    assert!(matches!(refused, Err(GovernanceError::PreviewChanged(_))));
    let by = By::user(ROOT);
    let set = governance.set_days(&by, Class::Chat, Some(7)).await;
    set.unwrap();
    governance.run(&By::user(ROOT), &week.token).await.unwrap();
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_leaves_a_receipt_that_nobody_can_change() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        house
            .run("DELETE FROM exports WHERE user_id = 2".to_owned())
            .await;
        house.run("DELETE FROM erasure_receipts".to_owned()).await;
        let governance = &house.governance;
        assert!(!governance.holdings_of(ADA.id).await.unwrap().is_empty());
        let forecast = governance.erase_forecast(ADA.id).await.unwrap();
        assert!(forecast[&Class::Chat].rows >= 3);

        let receipt = governance.erase_now(Some(ROOT), ADA.id).await.unwrap();

        assert_eq!(receipt.left(), 0, "{receipt:?}");
        assert!(receipt.kept.contains_key("ledger"));
        let holdings = governance.holdings_of(ADA.id).await.unwrap();
        assert!(holdings.is_empty(), "{holdings:?}");
        let verified = governance.verify_receipts().await.unwrap();
        assert_eq!((verified.sound, verified.faults.len()), (1, 0));
        let of_ada = format!("user_id = {}", ADA.id);
        assert_eq!(house.count("erasure_receipts", &of_ada).await, 1);
        let found = erasure_receipt::Entity::find_by_id(receipt.id);
        let signed = found.one(test.db.read()).await.unwrap().unwrap();
        let stored: Receipt = serde_json::from_str(&signed.statement).unwrap();
        assert_eq!(stored, receipt);
        assert!(governance.verify_receipt(&signed.statement, &signed.signature));
        let changed = signed.statement.replace("\"erased\":", "\"erased\":1");
        assert!(!governance.verify_receipt(&changed, &signed.signature));

        house
            .run(
                "CREATE TABLE forged AS SELECT * FROM erasure_receipts; \
                 UPDATE forged SET remaining = 7; DELETE FROM erasure_receipts; \
                 INSERT INTO erasure_receipts SELECT * FROM forged; DROP TABLE forged"
                    .to_owned(),
            )
            .await;
        let verified = governance.verify_receipts().await.unwrap();
        assert_eq!((verified.sound, verified.faults.len()), (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_asked_for_once_and_on_record() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        let governance = &house.governance;
        let by = By::user(ROOT);
        let (job, entry) = governance.erase_user(&by, ADA.id).await.unwrap();
        let again = governance.erase_user(&by, ADA.id).await.unwrap();
        assert_eq!(again, (job, None), "that it was asked for again is no act");
        let acts = house.audit.list(10, None, &["erase_user"]).await.unwrap();
        let acts: Vec<i64> = acts.iter().map(|act| act.id).collect();
        assert_eq!(Some(acts), entry.map(|entry| vec![entry]));
        let own = "kind = 'erase_user' AND user_id IS NULL";
        assert_eq!(house.count("jobs", own).await, 1, "the house's own job");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_are_read_from_the_record() {
    let test = TestDb::sqlite().await;
    let house = House::on(&test).await;
    house.governance.collect_gauges().await.unwrap();
    let never = "binnacle_backup_last_success_timestamp_seconds 0";
    assert!(house.telemetry.render().contains(never));
    let kept = |seconds| format!("binnacle_retention_period_seconds{{class=\"chat\"}} {seconds}");
    let by = By::user(ROOT);
    for (days, seconds) in [(Some(90), "7776000"), (Some(0), "0")] {
        let set = house.governance.set_days(&by, Class::Chat, days).await;
        set.unwrap();
        house.governance.collect_gauges().await.unwrap();
        let page = house.telemetry.render();
        assert!(page.lines().any(|line| line == kept(seconds)), "{page}");
    }
    let backup = entities::BackupKind::Backup;
    backup::record(&house.db, backup, 42, noon()).await.unwrap();
    house.governance.collect_gauges().await.unwrap();
    let page = house.telemetry.render();
    assert!(!page.contains(never));
    assert!(page.contains("binnacle_backup_size_bytes 42"));
    test.finish().await;
}
