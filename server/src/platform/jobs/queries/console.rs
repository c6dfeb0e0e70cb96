//! The list of jobs that admins filter and sort.

use std::collections::HashMap;

use api::filter::{Comparison, Test, Value};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, JobState, jobs::job};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExprTrait, Iterable, Order,
    sea_query::{Alias, CaseStatement, Expr, Func, Query, SelectStatement},
};

use crate::platform::{
    jobs::filter::ShownState,
    paging::{Column, Columns, Counted, Key, Linked, Listing, Page},
};

/// How owners are found, as the keeper of the users says it in SQL.
#[derive(Clone, Copy)]
pub(crate) struct Owners {
    /// The address of the user whose id is given.
    pub(crate) email_of: fn(Expr) -> Expr,
    /// The ids of the users with one of these addresses, which are in lower case.
    pub(crate) called: fn(Vec<String>) -> SelectStatement,
    /// The addresses in which words are looked for, of the users whose id is given.
    pub(crate) addressed: fn(Expr) -> Linked,
}

/// Jobs, the newest, among which is looked for what no index knows: words in texts, and numbers that
/// most jobs share.
const LOOKED_THROUGH: u64 = 50_000;
/// Jobs that one walk tallies.
const TALLIED: u64 = 50_000;
const UNINDEXED: [&str; 4] = ["attempt", "priority", "replay_of", "replayed_by"];

/// Jobs of which an index leads to so many are walked in the order of the list instead: they need no
/// sorting then, and the first of them come soon.
const MANY: u64 = 20_000;

/// How the jobs are come by that have a state, a kind or an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Way {
    /// By an index of these.
    Looked,
    /// In the order of the list, each looked at.
    Walked,
}

/// What the fields of the list are.
struct Fields {
    owners: Owners,
    now: DateTime<Utc>,
    way: Way,
    /// Whether a state is taken as it is stored, which an index knows.
    stored: bool,
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

    fn user(&self) -> Expr {
        let user = column(job::Column::UserId);
        match self.way {
            Way::Looked => user,
            // An expression is in no index.
            Way::Walked => Func::coalesce([user, Expr::value(0_i64)]).into(),
        }
    }
}

impl Columns for Fields {
    fn column(&self, field: &str) -> Option<Column> {
        let text = |expression| Column::nullable(expression, Key::Text(String::new()));
        let never = || Key::Time(DateTime::UNIX_EPOCH);
        Some(match field {
            "id" => Column::of(number()),
            "kind" => Column::of(column(job::Column::Kind)),
            "state" if self.stored => Column::of(column(job::Column::State)),
            "state" => Column::of(self.state()),
            "owner" => text((self.owners.email_of)(column(job::Column::UserId))),
            "user" => Column::nullable(self.user(), Key::Integer(0)),
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
            column(job::Column::ErrorClass),
            column(job::Column::ErrorMessage),
        ]
    }

    fn linked_texts(&self) -> Vec<Linked> {
        vec![(self.owners.addressed)(column(job::Column::UserId))]
    }
}

/// The jobs that a listing can be about. What is asked for is also asked for in the way that an
/// index knows, unless they are walked; all that most jobs have is not.
fn jobs(listing: &Listing, owners: Owners, way: Way) -> SelectStatement {
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
    let looked = way == Way::Looked;
    for term in listing.filter().terms.iter().filter(|term| !term.negated) {
        match &term.test {
            // What is stored as it is shown is looked up by the filter itself.
            Test::OneOf("state", words) if looked && !is_stored(listing) => {
                let stored = words.iter().filter_map(|word| match word {
                    Value::Word(word) => ShownState::parse(word).map(ShownState::stored),
                    _ => None,
                });
                let stored: Vec<JobState> = stored.collect();
                if !stored.contains(&JobState::Succeeded) {
                    select.and_where(column(job::Column::State).is_in(stored));
                }
            }
            Test::OneOf("kind", kinds) if looked => {
                let kinds = texts(kinds).into_iter();
                let spelled = kinds.flat_map(|kind| [kind.to_lowercase(), kind]);
                select.and_where(column(job::Column::Kind).is_in(spelled));
            }
            Test::OneOf("owner", addresses) if looked => {
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

/// Whether every state that is asked for is stored as it is shown.
fn is_stored(listing: &Listing) -> bool {
    let states = listing
        .filter()
        .terms
        .iter()
        .filter_map(|term| match &term.test {
            Test::OneOf("state", words) => Some(words),
            _ => None,
        });
    states.flatten().all(|word| {
        let shown = match word {
            Value::Word(word) => ShownState::parse(word),
            _ => None,
        };
        shown.is_some_and(|shown| !matches!(shown, ShownState::Queued | ShownState::Retrying))
    })
}

/// How to come by the jobs of a page. PostgreSQL knows how many there are of each and finds out by
/// itself; SQLite takes an index wherever there is one, and sorts all that it leads to.
async fn way(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
) -> Result<Way, DbErr> {
    let asked = |field: &str| {
        let mut terms = listing.filter().terms.iter();
        terms.any(|term| {
            !term.negated && matches!(&term.test, Test::OneOf(name, _) if *name == field)
        })
    };
    let in_order = match listing.sorted_by() {
        "updated" => !asked("owner") && !asked("user"),
        "created" => !asked("state") && !asked("kind"),
        _ => false,
    };
    let looked = ["state", "kind", "owner", "user"].into_iter().any(asked);
    let sqlite = connection.get_database_backend() == DbBackend::Sqlite;
    if !sqlite || !looked || in_order || is_unindexed(listing) {
        return Ok(Way::Looked);
    }
    let mut rows = jobs(listing, owners, Way::Looked);
    let fields = fields(listing, owners, Way::Looked);
    for term in &listing.filter().terms {
        if let (false, Test::OneOf("state" | "user", _)) = (term.negated, &term.test) {
            rows.cond_where(listing.condition_of(term, &fields));
        }
    }
    rows.expr(Expr::val(1)).limit(MANY + 1);
    let count = Query::select()
        .expr_as(Expr::cust("COUNT(*)"), "counted")
        .from_subquery(rows, "found")
        .take();
    let row = connection.query_one(&count).await?;
    let counted: i64 = row.map_or(Ok(0), |row| row.try_get("", "counted"))?;
    Ok(if counted.unsigned_abs() > MANY {
        Way::Walked
    } else {
        Way::Looked
    })
}

fn fields(listing: &Listing, owners: Owners, way: Way) -> Fields {
    Fields {
        owners,
        now: listing.now(),
        way,
        stored: way == Way::Looked && is_stored(listing),
    }
}

pub(in super::super) async fn page(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
) -> Result<Page<job::Model>, DbErr> {
    let way = way(connection, listing, owners).await?;
    page_by(connection, listing, owners, way).await
}

/// As [`page`], come by in that way.
pub(in super::super) async fn page_by(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
    way: Way,
) -> Result<Page<job::Model>, DbErr> {
    let mut select = jobs(listing, owners, way);
    select.columns(job::Column::iter().map(|column| (job::Entity, column)));
    let fields = fields(listing, owners, way);
    listing.fetch(connection, select, &fields).await
}

pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    owners: Owners,
) -> Result<Counted, DbErr> {
    let fields = fields(listing, owners, Way::Looked);
    let jobs = jobs(listing, owners, Way::Looked);
    let counted = listing.count(connection, jobs, &fields);
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
    let fields = Fields {
        stored: field != "state" && is_stored(listing),
        ..fields(listing, owners, Way::Looked)
    };
    let jobs = jobs(listing, owners, Way::Looked);
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
    let fields = fields(listing, owners, Way::Looked);
    let numbers = listing
        .ids(
            connection,
            jobs(listing, owners, Way::Looked),
            &fields,
            most,
        )
        .await?;
    let mut keys = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(1_000) {
        keys.extend(super::numbers::of_numbers(connection, part).await?);
    }
    Ok(keys)
}
