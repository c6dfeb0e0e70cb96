//! Nothing is kept that the registry does not know.

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::platform::{
    config::RetentionConfig,
    db::testing::for_each_database,
    retention::{Term, testing::KEEP_ALL},
};

/// Every period set, to something.
fn all_periods() -> RetentionConfig {
    let period = Some(Duration::from_hours(24));
    RetentionConfig {
        chat: period,
        usage: period,
        finished_jobs: period,
        soft_deleted: period,
        uploads_tmp: period,
        exports: period,
        audit: period,
        sessions: period,
        raw_audio: period,
        transcripts: period,
        stream_replay: period,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_class_and_every_user_column_an_eraser_or_a_reason() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        assert_eq!(testing::faults(&house.tables, &house.registry), [""; 0]);
        assert!(
            testing::about_users(&house.tables).len() > 15,
            "the walk sees the schema"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_names_no_table_that_is_not_there() {
    let test = TestDb::sqlite().await;
    let house = House::on(&test).await;
    let there: BTreeSet<&str> = house
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    let named: BTreeSet<&str> = house
        .registry
        .holdings()
        .iter()
        .filter_map(|holding| match holding.place {
            Place::Table(name) => Some(name),
            Place::Blobs(_) | Place::Files(_) | Place::Redis(_) => None,
        })
        .collect();
    assert_eq!(named, there);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_period_is_deleted_when_it_is_over_or_says_why_not() {
    let test = TestDb::sqlite().await;
    let house = House::on(&test).await;
    for holding in house.registry.holdings() {
        let timed = matches!(holding.class.term(&all_periods()), Term::After(_));
        let expired = house
            .registry
            .expirers_of(holding.place)
            .any(|expirer| expirer.class() == holding.class);
        assert_eq!(
            timed,
            expired || holding.not_expired.is_some(),
            "{} of class {}",
            holding.place,
            holding.class.name()
        );
        assert!(
            !(expired && holding.not_expired.is_some()),
            "{}",
            holding.place
        );
        for reason in [holding.not_expired, holding.not_erased]
            .into_iter()
            .flatten()
        {
            assert!(
                reason.split_whitespace().count() > 5,
                "{reason:?} is a reason"
            );
        }
    }
    assert_eq!(Class::Chat.term(&KEEP_ALL), Term::Kept);
    test.finish().await;
}

/// The page for operators is true of the code.
#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_names_every_class_and_place() {
    let page = include_str!("../../../../../docs/retention.md");
    let test = TestDb::sqlite().await;
    let house = House::on(&test).await;
    for class in Class::ALL {
        assert!(
            page.contains(&format!("| `{}` |", class.name())),
            "{}",
            class.name()
        );
    }
    for holding in house.registry.holdings() {
        let row = format!("| {} | `{}` |", holding.place, holding.class.name());
        assert!(page.contains(&row), "{row}");
        for reason in [holding.not_expired, holding.not_erased]
            .into_iter()
            .flatten()
        {
            assert!(page.contains(reason), "{reason}");
        }
    }
    test.finish().await;
}
