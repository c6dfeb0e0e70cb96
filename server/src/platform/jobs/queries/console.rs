//! The list of jobs that admins filter and sort.

use std::collections::HashMap;

use api::filter::{Comparison, Test, Value};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, JobState, jobs::job};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, Iterable, Order,
    sea_query::{Alias, CaseStatement, Expr, Func, Query, SelectStatement},
};

use crate::platform::{
    jobs::filter::ShownState,
    paging::{Column, Columns, Counted, Key, Listing, Page},
};

/// How owners are found, as the keeper of the users says it in SQL.
#[derive(Clone, Copy)]
pub(crate) struct Owners {
    /// The address of the user whose id is given.
    pub(crate) email_of: fn(Expr) -> Expr,
    /// The ids of the users with one of these addresses, which are in lower case.
    pub(crate) called: fn(Vec<String>) -> SelectStatement,
}

/// Jobs, the newest, among which is looked for what no index knows: words in texts, and numbers that
/// most jobs share.
const LOOKED_THROUGH: u64 = 50_000;
/// Jobs that one walk tallies.
const TALLIED: u64 = 50_000;
const UNINDEXED: [&str; 4] = ["attempt", "priority", "replay_of", "replayed_by"];

/// What the fields of the list are. `owner` is the owner's address.
struct Fields {
    owner: Expr,
    now: DateTime<Utc>,
}

fn column(column: job::Column) -> Expr {
    Expr::col((job::Entity, column))
}

fn number() -> Expr {
    Expr::col((job::Entity, Alias::new("number")))
}

/// The number of another job that this one names.
fn number_of(link: job::Column) -> Expr {
    let other = Alias::new("linked");
    let number = Query::select()
        .column((other.clone(), Alias::new("number")))
        .from_as(job::Entity, other.clone())
        .and_where(Expr::col((other, job::Column::Id)).eq(column(link)))
        .take();
    Expr::SubQuery(None, Box::new(number.into()))
}

impl Fields {
    /// As it is shown: `retrying` is not stored.
    fn state(&self) -> Expr {
        let waits = column(job::Column::State)
            .eq(JobState::Queued)
            .and(column(job::Column::Attempts).gt(0))
            .and(column(job::Column::RunAt).gt(self.now));
        CaseStatement::new()
            .case(waits, ShownState::Retrying.as_str())
            .finally(column(job::Column::State))
            .into()
    }
}

impl Columns for Fields {
    fn column(&self, field: &str) -> Option<Column> {
        let text = |expression| Column::nullable(expression, Key::Text(String::new()));
        let never = || Key::Time(DateTime::UNIX_EPOCH);
        Some(match field {
            "id" => Column::of(number()),
            "kind" => Column::of(column(job::Column::Kind)),
            "state" => Column::of(self.state()),
            "owner" => text(self.owner.clone()),
            "user" => Column::nullable(column(job::Column::UserId), Key::Integer(0)),
            "error" => text(column(job::Column::ErrorClass)),
            "attempt" => Column::of(column(job::Column::Attempts)),
            // Stored, a smaller number goes first.
            "priority" => Column::of(Expr::value(0_i64).sub(column(job::Column::Priority))),
            "created" | "age" => Column::of(column(job::Column::CreatedAt)),
            "updated" => Column::of(column(job::Column::UpdatedAt)),
            "finished" => {
                let ended = "COALESCE(jobs.finished_at, '1970-01-01T00:00:00+00:00')";
                Column::nullable(column(job::Column::FinishedAt), never())
                    .in_order_of(Expr::cust(ended))
            }
            "replay_of" => Column::nullable(number_of(job::Column::ReplayOf), Key::Integer(0)),
            "replayed_by" => Column::nullable(number_of(job::Column::ReplayedBy), Key::Integer(0)),
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        number()
    }

    fn texts(&self) -> Vec<Expr> {
        vec![
            Func::cast_as(number(), Alias::new("TEXT")).into(),
            column(job::Column::Kind),
            self.owner.clone(),
            column(job::Column::ErrorClass),
            column(job::Column::ErrorMessage),
        ]
    }
}

/// The jobs that a listing can be about. What is asked for is also asked for in the way that an
/// index knows; all that most jobs have is not, so that they are walked in the order of the list.
fn jobs(listing: &Listing, owners: Owners) -> SelectStatement {
    let mut select = Query::select();
    if is_unindexed(listing) {
        let newest = Query::select()
            .expr(Expr::cust("*"))
            .from(job::Entity)
            .order_by_expr(number(), Order::Desc)
            .limit(LOOKED_THROUGH)
            .take();
        select.from_subquery(newest, Alias::new("jobs"));
    } else {
        select.from(job::Entity);
    }
    for term in listing.filter().terms.iter().filter(|term| !term.negated) {
        match &term.test {
            Test::OneOf("state", words) => {
                let stored = words.iter().filter_map(|word| match word {
                    Value::Word(word) => ShownState::parse(word).map(ShownState::stored),
                    _ => None,
                });
                let stored: Vec<JobState> = stored.collect();
                if !stored.contains(&JobState::Succeeded) {
                    select.and_where(column(job::Column::State).is_in(stored));
                }
            }
            Test::OneOf("kind", kinds) => {
                let kinds = texts(kinds).into_iter();
                let spelled = kinds.flat_map(|kind| [kind.to_lowercase(), kind]);
                select.and_where(column(job::Column::Kind).is_in(spelled));
            }
            Test::OneOf("owner", addresses) => {
                let addresses = texts(addresses).into_iter();
                let addresses = addresses.map(|one| one.to_lowercase());
                let called = (owners.called)(addresses.collect());
                select.and_where(column(job::Column::UserId).in_subquery(called));
            }
            // Whatever was added since has changed since.
            Test::Compare(
                "age",
                Comparison::Less | Comparison::LessOrEqual,
                Value::Seconds(seconds),
            ) => {
                let since = TimeDelta::try_seconds(*seconds);
                let since = since.and_then(|age| listing.now().checked_sub_signed(age));
                if let Some(since) = since {
                    select.and_where(column(job::Column::UpdatedAt).gte(since));
                }
            }
            _ => {}
        }
    }
    select.take()
}

fn texts(values: &[Value]) -> Vec<String> {
    let texts = values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// Whether something is asked for that is looked for among the newest jobs alone.
fn is_unindexed(listing: &Listing) -> bool {
    listing.filter().terms.iter().any(|term| match &term.test {
        Test::Text(_) => true,
        Test::Missing(field)
        | Test::Present(field)
        | Test::OneOf(field, _)
        | Test::Compare(field, ..) => UNINDEXED.contains(field),
    })
}

fn fields(listing: &Listing, owners: Owners) -> Fields {
    Fields {
        owner: (owners.email_of)(column(job::Column::UserId)),
        now: listing.now(),
    }
}

pub(in super::super) async fn page(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
) -> Result<Page<job::Model>, DbErr> {
    let mut select = jobs(listing, owners);
    select.columns(job::Column::iter().map(|column| (job::Entity, column)));
    let fields = fields(listing, owners);
    listing.fetch(connection, select, &fields).await
}

pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
) -> Result<Counted, DbErr> {
    let fields = fields(listing, owners);
    let counted = listing.count(connection, jobs(listing, owners), &fields);
    let counted = counted.await?;
    if !is_unindexed(listing) {
        return Ok(counted);
    }
    let all = Query::select()
        .expr_as(number().max(), "newest")
        .from(job::Entity)
        .take();
    let newest = connection.query_one(&all).await?;
    let newest: Option<i64> = newest.map_or(Ok(None), |row| row.try_get("", "newest"))?;
    let all = newest.is_none_or(|newest| newest.unsigned_abs() <= LOOKED_THROUGH);
    Ok(Counted {
        exact: counted.exact && all,
        ..counted
    })
}

/// How many of the jobs that match have each value of a field; `None` when they are too many to
/// walk, or not all are looked through.
pub(in super::super) async fn tally(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
    field: &str,
) -> Result<Option<HashMap<String, i64>>, DbErr> {
    if is_unindexed(listing) {
        return Ok(None);
    }
    let fields = fields(listing, owners);
    let jobs = jobs(listing, owners);
    listing
        .tally(connection, jobs, &fields, (field, TALLIED))
        .await
}

/// The jobs that match, the lowest number first: at most `most`.
pub(in super::super) async fn keys(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
    most: u64,
) -> Result<Vec<JobId>, DbErr> {
    let fields = fields(listing, owners);
    let numbers = listing
        .ids(connection, jobs(listing, owners), &fields, most)
        .await?;
    let mut keys = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(1_000) {
        keys.extend(super::numbers::of_numbers(connection, part).await?);
    }
    Ok(keys)
}
