//! The registry by itself, on toy tables.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use super::{testing::KEEP_ALL, *};
use crate::platform::db::{WriteKey, testing::for_each_database};

const NOTES: Place = Place::Table("notes");

/// So many rows, deleted a few at a time.
struct Stock {
    left: Arc<AtomicU64>,
    /// Rows that stay whatever is asked.
    stubborn: u64,
}

impl Stock {
    fn take(&self, limit: u64) -> u64 {
        let left = self.left.load(SeqCst);
        let taken = left.saturating_sub(self.stubborn).min(limit);
        self.left.store(left - taken, SeqCst);
        taken
    }
}

#[async_trait]
impl Expirer for Stock {
    fn class(&self) -> Class {
        Class::Chat
    }

    fn places(&self) -> &'static [Place] {
        &[NOTES]
    }

    async fn survey(&self, _: DateTime<Utc>) -> Result<Tally, RetentionError> {
        Ok(Tally {
            rows: self.left.load(SeqCst) - self.stubborn,
            held_back: self.stubborn,
            ..Tally::default()
        })
    }

    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        assert_eq!(sweep.before, DateTime::UNIX_EPOCH);
        Ok(Tally {
            rows: self.take(sweep.limit),
            ..Tally::default()
        })
    }
}

#[async_trait]
impl Eraser for Stock {
    fn places(&self) -> &'static [Place] {
        &[NOTES]
    }

    async fn erase_batch(&self, _: UserId, limit: u64) -> Result<u64, RetentionError> {
        Ok(self.take(limit))
    }

    async fn remaining(&self, _: UserId) -> Result<u64, RetentionError> {
        Ok(self.left.load(SeqCst))
    }
}

fn rows(count: u64, stubborn: u64) -> (Stock, Arc<AtomicU64>) {
    let left = Arc::new(AtomicU64::new(count));
    let rows = Stock {
        left: left.clone(),
        stubborn,
    };
    (rows, left)
}

#[tokio::test]
async fn a_class_expires_in_batches_until_nothing_is_left() {
    let (notes, left) = rows(BATCH * 2 + 3, 2);
    let registry = Registry::default().with(Part::default().expired_by(notes));
    let sweep = Sweep::before(DateTime::UNIX_EPOCH);
    let never = CancellationToken::new();
    let survey = registry.survey(Class::Chat, sweep.before).await.unwrap();
    assert_eq!((survey.rows, survey.held_back), (BATCH * 2 + 1, 2));

    let of_another = registry.sweep(Class::Audit, &sweep, &never).await;
    assert!(of_another.unwrap().is_empty());
    let gone = registry.sweep(Class::Chat, &sweep, &never).await.unwrap();
    assert_eq!((gone.rows, left.load(SeqCst)), (BATCH * 2 + 1, 2));
}

#[tokio::test]
async fn a_sweep_that_is_to_stop_deletes_nothing_more() {
    let (notes, left) = rows(BATCH, 0);
    let registry = Registry::default().with(Part::default().expired_by(notes));
    let stop = CancellationToken::new();
    stop.cancel();
    let sweep = Sweep::before(DateTime::UNIX_EPOCH);
    let gone = registry.sweep(Class::Chat, &sweep, &stop).await.unwrap();
    assert_eq!((gone.is_empty(), left.load(SeqCst)), (true, BATCH));
}

#[tokio::test]
async fn an_erasure_counts_anew_what_is_left() {
    let (notes, _) = rows(BATCH + 1, 0);
    let registry = Registry::default().with(Part::default().erased_by(notes));
    let erasure = registry.erase(UserId(1)).await.unwrap();
    assert_eq!((erasure.erased, erasure.remaining), (BATCH + 1, vec![]));

    let (notes, _) = rows(5, 2);
    let registry = Registry::default().with(Part::default().erased_by(notes));
    let erasure = registry.erase(UserId(1)).await.unwrap();
    assert_eq!(erasure.erased, 3);
    assert_eq!(erasure.remaining, [(&[NOTES][..], 2)]);
}

#[test]
fn every_class_has_a_name_of_its_own_and_a_term() {
    let names: std::collections::BTreeSet<&str> =
        Class::ALL.iter().map(|class| class.name()).collect();
    assert_eq!(names.len(), Class::ALL.len());
    let unlimited = Class::ALL
        .into_iter()
        .filter(|class| matches!(class.term(&KEEP_ALL), Term::Until(_)));
    assert_eq!(
        unlimited.collect::<Vec<_>>(),
        [
            Class::Published,
            Class::Library,
            Class::Accounts,
            Class::House
        ]
    );
}

/// The walk that guards the real schema must see what it is there to see.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_nobody_thought_of_are_found() {
    for_each_database(async |test| {
        for statement in [
            "CREATE TABLE forgotten (id BIGINT PRIMARY KEY)",
            "CREATE TABLE notes (id BIGINT PRIMARY KEY, user_id BIGINT)",
            "CREATE TABLE pages (id BIGINT PRIMARY KEY, note BIGINT REFERENCES notes (id))",
            "CREATE TABLE acts (id BIGINT PRIMARY KEY, done_by BIGINT, replayed_by TEXT)",
        ] {
            test.db
                .write_alone(WriteKey::Free, statement, |txn, statement| {
                    Box::pin(async move { txn.execute_unprepared(statement).await.map(|_| ()) })
                })
                .await
                .unwrap();
        }
        let mut tables = testing::tables(&test.db).await;
        tables.retain(|table| ["forgotten", "notes", "pages", "acts"].contains(&&*table.name));
        tables.sort_by(|one, other| one.name.cmp(&other.name));

        let classed = Part::default()
            .holds(NOTES, Class::Chat)
            .holds(Place::Table("pages"), Class::Chat)
            .holds(Place::Table("acts"), Class::Chat);
        let registry = Registry::default().with(classed);
        assert_eq!(
            testing::faults(&tables, &registry),
            [
                "acts has no eraser",
                "forgotten has 0 classes",
                "notes has no eraser",
                "pages has no eraser"
            ]
        );

        let registry = registry.with(
            Part::default()
                .holds(Place::Table("forgotten"), Class::House)
                .holds(NOTES, Class::House)
                .erased_by(rows(0, 0).0),
        );
        assert_eq!(
            testing::faults(&tables, &registry),
            [
                "acts has no eraser",
                "notes has 2 classes",
                "pages has no eraser"
            ]
        );
    })
    .await;
}
