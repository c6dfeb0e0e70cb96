//! Pages and filters, on both databases, against the same rows in memory.

mod sample;

use std::collections::BTreeSet;

use ::api::{
    console::ListQuery,
    filter::{ACCOUNTS, LEDGER},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::*;
use crate::platform::db::{
    Db,
    testing::{TestDb, for_each_database},
};
use sample::{People, Person, create, filter, insert, people, person, start};

fn ask(filter: &str, sort: &str, limit: u64, cursor: Option<String>) -> ListQuery {
    ListQuery {
        cursor,
        limit: Some(limit),
        filter: Some(filter.to_owned()),
        sort: Some(sort.to_owned()),
    }
}

fn listing(query: ListQuery) -> Listing {
    Listing::read("people", &ACCOUNTS, query, start()).unwrap()
}

/// Every row, page by page.
async fn walk(db: &Db, filter: &str, sort: &str, limit: u64) -> Vec<i64> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let listing = listing(ask(filter, sort, limit, cursor));
        let page: Page<Person> = listing.fetch(db.read(), people(), &People).await.unwrap();
        ids.extend(page.items.iter().map(|person| person.id));
        cursor = page.next;
        if cursor.is_none() {
            return ids;
        }
    }
}

fn walk_rows(rows: &[Person], filter: &str, sort: &str, limit: u64) -> Vec<i64> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = listing(ask(filter, sort, limit, cursor)).page_of(rows.to_vec());
        ids.extend(page.items.iter().map(|person| person.id));
        cursor = page.next;
        if cursor.is_none() {
            return ids;
        }
    }
}

/// Values of one strategy, the same at each run.
fn samples<T>(
    strategy: &impl Strategy<Value = T>,
    count: usize,
    runner: &mut TestRunner,
) -> Vec<T> {
    (0..count)
        .map(|_| strategy.new_tree(runner).unwrap().current())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sql_answers_is_what_the_filter_means() {
    for_each_database(async |test: TestDb| {
        let mut runner = TestRunner::deterministic();
        create(&test.db).await;
        let rows: Vec<Person> = (1..=60)
            .map(|id| person(id).new_tree(&mut runner).unwrap().current())
            .collect();
        insert(&test.db, rows.clone()).await;
        let sorts = [
            "id", "-id", "spent", "-spent", "limit", "-limit", "used", "-used", "created", "-seen",
        ];
        let cases = (filter(), prop::sample::select(sorts.to_vec()), 1..20_u64);
        let mut matched = 0;
        for (filter, sort, limit) in samples(&cases, 250, &mut runner) {
            let expected = walk_rows(&rows, &filter, sort, limit);
            let found = walk(&test.db, &filter, sort, limit).await;
            assert_eq!(found, expected, "{filter:?} by {sort}, {limit} a page");
            let listing = Listing::matching(&ACCOUNTS, Some(&filter), start()).unwrap();
            let counted = listing
                .count(test.db.read(), people(), &People)
                .await
                .unwrap();
            assert_eq!(counted, Counted::of(expected.len() as u64), "{filter:?}");
            let ids = listing
                .ids(test.db.read(), people(), &People, 5)
                .await
                .unwrap();
            let lowest: BTreeSet<i64> = expected.iter().copied().collect();
            assert!(ids.iter().eq(lowest.iter().take(5)), "{filter:?}: {ids:?}");
            matched += expected.len();
        }
        assert!(matched > 1_000, "the filters find something: {matched}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_meanwhile_neither_double_nor_hide_others() {
    for_each_database(async |test: TestDb| {
        let mut runner = TestRunner::deterministic();
        let mut make = |id| person(id).new_tree(&mut runner).unwrap().current();
        create(&test.db).await;
        let first: Vec<Person> = (1..=50).map(|id| make(id * 10)).collect();
        insert(&test.db, first.clone()).await;
        for (round, sort) in ["-id", "spent", "-email", "seen"].into_iter().enumerate() {
            let (mut seen, mut cursor) = (Vec::new(), None);
            for page in 0.. {
                let listing = listing(ask("", sort, 7, cursor));
                let rows: Page<Person> = listing
                    .fetch(test.db.read(), people(), &People)
                    .await
                    .unwrap();
                seen.extend(rows.items.into_iter().map(|person| person.id));
                cursor = rows.next;
                if cursor.is_none() {
                    break;
                }
                let id = 10_000 * (i64::try_from(round).unwrap() + 1) + page;
                insert(&test.db, vec![make(id), make(-id)]).await;
            }
            let distinct: BTreeSet<i64> = seen.iter().copied().collect();
            assert_eq!(distinct.len(), seen.len(), "{sort}: a row came twice");
            let lost: Vec<i64> = first
                .iter()
                .map(|person| person.id)
                .filter(|id| !distinct.contains(id))
                .collect();
            assert!(lost.is_empty(), "{sort}: {lost:?}");
        }
    })
    .await;
}

#[test]
fn a_cursor_is_good_for_its_list_filter_and_order_alone() {
    let first = listing(ask("spent>1", "-spent", 5, None));
    let cursor = first.cursor(Key::Integer(7), Key::Integer(3));
    let read = |list: &str, query| Listing::read(list, &ACCOUNTS, query, start());
    let with = |filter: Option<&str>, sort: Option<&str>| ListQuery {
        cursor: Some(cursor.clone()),
        limit: None,
        filter: filter.map(str::to_owned),
        sort: sort.map(str::to_owned),
    };
    let next = read("people", with(None, None)).unwrap();
    assert_eq!(next.filter, first.filter);
    assert_eq!((next.sort.name, next.descending), ("spent", true));
    assert!(read("people", with(Some("spent>1"), Some("-spent"))).is_ok());
    let mismatches = [
        read("people", with(Some("spent>2"), None)),
        read("people", with(None, Some("spent"))),
        read("people of 3", with(None, None)),
    ];
    for mismatch in mismatches {
        assert_eq!(mismatch.unwrap_err(), PagingError::CursorMismatch);
    }
    for forged in ["", "x", "AAAA", &"A".repeat(20_000)] {
        let query = ask("", "", 5, Some(forged.to_owned()));
        assert_eq!(read("people", query).unwrap_err(), PagingError::Cursor);
    }
    // A key of the wrong kind could not be compared.
    let strange = first.cursor(Key::Text("seven".to_owned()), Key::Integer(3));
    let query = ListQuery {
        cursor: Some(strange),
        ..ListQuery::default()
    };
    assert_eq!(read("people", query).unwrap_err(), PagingError::Cursor);
}

#[test]
fn what_cannot_be_asked_for_is_said() {
    let read = |query| Listing::read("ledger", &LEDGER, query, start()).unwrap_err();
    for limit in [0, 201, u64::MAX] {
        assert_eq!(read(ask("", "", limit, None)), PagingError::Limit);
    }
    let error = read(ask("", "kind", 5, None)).to_string();
    assert_eq!(
        error,
        "Cannot sort by \"kind\"; id, amount can be sorted by, with - before it for the reverse"
    );
    assert!(matches!(
        read(ask("modell:x", "", 5, None)),
        PagingError::Filter(_)
    ));
    assert!(matches!(
        read(ask("a\0b", "", 5, None)),
        PagingError::Filter(_)
    ));
}
