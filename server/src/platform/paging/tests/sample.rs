//! A table of the test's own, its rows, and filters of them.

use std::borrow::Cow;

use ::api::filter::{Row, Value};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use sea_orm::{
    ConnectionTrait, FromQueryResult,
    sea_query::{Alias, Expr, Query, SelectStatement},
};

use crate::platform::{
    db::{Db, WriteKey},
    paging::{Column, Columns, Key, Sorted},
};

/// A row of the test's own table, in the fields of the list of users.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) email: String,
    pub(super) role: String,
    pub(super) notes: Option<String>,
    pub(super) spent: i64,
    pub(super) most: Option<i64>,
    pub(super) used: Option<f64>,
    pub(super) created: DateTime<Utc>,
    pub(super) seen: Option<DateTime<Utc>>,
}

impl Row for Person {
    fn value(&self, field: &str) -> Option<Value> {
        match field {
            "id" => Some(Value::Integer(self.id)),
            "email" => Some(Value::Text(self.email.clone())),
            "role" => ["user", "admin", "auditor"]
                .into_iter()
                .find(|role| *role == self.role)
                .map(Value::Word),
            "spent" => Some(Value::Nanos(self.spent)),
            "limit" => self.most.map(Value::Nanos),
            "used" => self.used.map(Value::Ratio),
            "created" | "age" => Some(Value::Time(self.created)),
            "seen" => self.seen.map(Value::Time),
            _ => None,
        }
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        let notes = self.notes.as_deref().map(Cow::Borrowed);
        std::iter::once(Cow::Borrowed(self.email.as_str()))
            .chain(notes)
            .collect()
    }
}

impl Sorted for Person {
    fn sort_key(&self, field: &str) -> Key {
        match field {
            "email" => Key::Text(self.email.clone()),
            "spent" => Key::Integer(self.spent),
            "limit" => Key::Integer(self.most.unwrap_or(-1)),
            "used" => Key::Real(self.used.unwrap_or(-1.0)),
            "created" => Key::Time(self.created),
            "seen" => Key::Time(self.seen.unwrap_or_default()),
            _ => Key::Integer(self.id),
        }
    }

    fn sort_id(&self) -> Key {
        Key::Integer(self.id)
    }
}

pub(super) fn column(name: &'static str) -> Expr {
    Expr::col(Alias::new(name))
}

pub(super) struct People;

impl Columns for People {
    fn column(&self, field: &str) -> Option<Column> {
        Some(match field {
            "id" => Column::of(column("id")),
            "email" => Column::of(column("email")),
            "role" => Column::of(column("role")),
            "spent" => Column::of(column("spent")),
            "limit" => Column::nullable(column("most"), Key::Integer(-1)),
            "used" => Column::nullable(column("used"), Key::Real(-1.0)),
            "created" | "age" => Column::of(column("created")),
            "seen" => Column::nullable(column("seen"), Key::Time(DateTime::UNIX_EPOCH)),
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        column("id")
    }

    fn texts(&self) -> Vec<Expr> {
        vec![column("email"), column("notes")]
    }
}

pub(super) const NAMES: [&str; 9] = [
    "id", "email", "role", "notes", "spent", "most", "used", "created", "seen",
];

pub(super) fn people() -> SelectStatement {
    Query::select()
        .columns(NAMES.map(Alias::new))
        .from(Alias::new("people"))
        .take()
}

pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(super) async fn create(db: &Db) {
    db.write_alone(WriteKey::Free, (), |txn, ()| {
        Box::pin(async move {
            txn.execute_unprepared(
                "CREATE TABLE people (id BIGINT PRIMARY KEY, email TEXT NOT NULL, \
                 role TEXT NOT NULL, notes TEXT, spent BIGINT NOT NULL, most BIGINT, \
                 used DOUBLE PRECISION, created TIMESTAMP WITH TIME ZONE NOT NULL, \
                 seen TIMESTAMP WITH TIME ZONE)",
            )
            .await?;
            Ok(())
        })
    })
    .await
    .unwrap();
}

pub(super) async fn insert(db: &Db, rows: Vec<Person>) {
    db.write_alone(WriteKey::Free, rows, |txn, rows| {
        Box::pin(async move {
            for row in rows {
                let row = row.clone();
                let values: [Expr; 9] = [
                    row.id.into(),
                    row.email.into(),
                    row.role.into(),
                    row.notes.into(),
                    row.spent.into(),
                    row.most.into(),
                    row.used.into(),
                    row.created.into(),
                    row.seen.into(),
                ];
                let statement = Query::insert()
                    .into_table(Alias::new("people"))
                    .columns(NAMES.map(Alias::new))
                    .values_panic(values)
                    .take();
                txn.execute(&statement).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

pub(super) fn person(id: i64) -> impl Strategy<Value = Person> {
    let moment = || (0..6_i64).prop_map(|hours| start() - TimeDelta::minutes(hours * 40));
    (
        prop::sample::select(vec!["ada", "Bob", "a%b", "a_b", "c!d", "zoë"]),
        prop::sample::select(vec!["user", "admin", "auditor"]),
        prop::option::of(prop::sample::select(vec!["pays by CARD", "50% off", ""])),
        0..5_i64,
        prop::option::of(0..4_i64),
        moment(),
        prop::option::of(moment()),
    )
        .prop_map(
            move |(name, role, notes, spent, most, created, seen)| Person {
                id,
                email: format!("{name}@x.org"),
                role: role.to_owned(),
                notes: notes.map(str::to_owned),
                spent: spent * 500_000_000,
                most: most.map(|dollars| dollars * 1_000_000_000),
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                used: most
                    .filter(|most| *most > 0)
                    .map(|most| spent as f64 / (2 * most) as f64),
                created,
                seen,
            },
        )
}

pub(super) fn filter() -> impl Strategy<Value = String> {
    let term = prop::sample::select(vec![
        "ada",
        "CARD",
        "\"50% o\"",
        "a_b",
        "c!d",
        "Zoë",
        "x.org",
        "id:3,5,7",
        "id>4",
        "email:ADA@x.org",
        "role:user,auditor",
        "spent>0.5",
        "spent<=1",
        "spent:0,2",
        "limit:-",
        "limit:*",
        "limit>=2",
        "limit:1",
        "used>50%",
        "used:-",
        "used<=0.25",
        "age>1h",
        "age<2h",
        "age>=40m",
        "age:40m",
        "seen:-",
        "seen>2027-01-15T07:00:00Z",
        "created:2027-01-15T08:00:00Z",
        "created<9999-12-31",
        "age>20000000w",
    ]);
    prop::collection::vec((any::<bool>(), term), 0..4).prop_map(|terms| {
        let terms = terms
            .into_iter()
            .map(|(negated, term)| format!("{}{term}", if negated { "-" } else { "" }));
        terms.collect::<Vec<_>>().join(" ")
    })
}
