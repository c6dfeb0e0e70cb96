//! The list of jobs that admins filter and sort.

use api::filter::{Term, Test, Value};
use chrono::{DateTime, Utc};
use entities::{JobId, JobState, jobs::job};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, Iterable,
    sea_query::{Alias, CaseStatement, Expr, Func, Query, SelectStatement},
};

use crate::platform::{
    jobs::filter::ShownState,
    paging::{Column, Columns, Counted, Key, Listing, Page},
};

/// In SQL, the address of the user whose id is given.
pub(crate) type EmailOf = fn(Expr) -> Expr;

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
            "finished" => Column::nullable(column(job::Column::FinishedAt), never()),
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

/// The jobs that a listing can be about. A state that is asked for is also asked for as it is
/// stored, which an index knows.
fn jobs(listing: &Listing) -> SelectStatement {
    let mut select = Query::select().from(job::Entity).take();
    for term in &listing.filter().terms {
        if let Term {
            negated: false,
            test: Test::OneOf("state", words),
        } = term
        {
            let stored = words.iter().filter_map(|word| match word {
                Value::Word(word) => ShownState::parse(word).map(ShownState::stored),
                _ => None,
            });
            let stored: Vec<JobState> = stored.collect();
            select.and_where(column(job::Column::State).is_in(stored));
        }
    }
    select
}

fn fields(listing: &Listing, email_of: EmailOf) -> Fields {
    Fields {
        owner: email_of(column(job::Column::UserId)),
        now: listing.now(),
    }
}

pub(in super::super) async fn page(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    email_of: EmailOf,
) -> Result<Page<job::Model>, DbErr> {
    let mut select = jobs(listing);
    select.columns(job::Column::iter().map(|column| (job::Entity, column)));
    let fields = fields(listing, email_of);
    listing.fetch(connection, select, &fields).await
}

pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    email_of: EmailOf,
) -> Result<Counted, DbErr> {
    let fields = fields(listing, email_of);
    listing.count(connection, jobs(listing), &fields).await
}

/// The jobs that match, the lowest number first: at most `most`.
pub(in super::super) async fn keys(
    connection: &impl ConnectionTrait,
    listing: &Listing,
    email_of: EmailOf,
    most: u64,
) -> Result<Vec<JobId>, DbErr> {
    let fields = fields(listing, email_of);
    let numbers = listing
        .ids(connection, jobs(listing), &fields, most)
        .await?;
    let mut keys = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(1_000) {
        keys.extend(super::numbers::of_numbers(connection, part).await?);
    }
    Ok(keys)
}
