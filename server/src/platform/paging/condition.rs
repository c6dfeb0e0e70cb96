//! Filters as conditions of a statement. They mean what [`api::filter::Filter::holds`] means; only
//! the case of letters beyond ASCII is not known to SQLite.

use api::filter::{Comparison, Filter, SINCE, Term, Test, Value};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sea_orm::{
    ExprTrait,
    sea_query::{Condition, Expr, Func, LikeExpr},
};
use uuid::Uuid;

use super::{Column, Columns};

/// What rows a filter asks for.
pub(super) fn condition(filter: &Filter, columns: &impl Columns, now: DateTime<Utc>) -> Condition {
    filter.terms.iter().fold(Condition::all(), |all, term| {
        all.add(of_term(term, columns, now))
    })
}

/// What rows one of its terms asks for.
pub(super) fn of_term(term: &Term, columns: &impl Columns, now: DateTime<Utc>) -> Condition {
    let holds = match &term.test {
        Test::Text(text) => contains(columns, text),
        Test::Missing(field) => of(columns, field, |column| {
            Condition::all().add(column.expression.is_null())
        }),
        Test::Present(field) => of(columns, field, |column| {
            Condition::all().add(column.expression.is_not_null())
        }),
        Test::OneOf(field, values) => of(columns, field, |column| {
            let any = values.iter().fold(Condition::any(), |any, value| {
                any.add(equals(field, &column, value, now))
            });
            present(&column).add(any)
        }),
        Test::Compare(field, comparison, value) => of(columns, field, |column| {
            present(&column).add(compares(column.expression, *comparison, value, now))
        }),
    };
    if term.negated { holds.not() } else { holds }
}

/// A field that the list does not know has no value: nothing can be said of it.
fn of(columns: &impl Columns, field: &str, test: impl FnOnce(Column) -> Condition) -> Condition {
    match columns.column(field) {
        Some(column) => test(column),
        None => Condition::all().add(Expr::cust("1 = 0")),
    }
}

/// Keeps what may be missing from making a negation unknown.
fn present(column: &Column) -> Condition {
    match column.lowest {
        None => Condition::all(),
        Some(_) => Condition::all().add(column.expression.clone().is_not_null()),
    }
}

fn equals(field: &str, column: &Column, value: &Value, now: DateTime<Utc>) -> Condition {
    let all = Condition::all();
    let expression = column.expression.clone();
    match value {
        // A UUID is written in several ways and compared as one.
        Value::Text(text) if column.is_uuid() => all.add(match text.parse::<Uuid>() {
            Ok(id) => expression.eq(id),
            Err(_) => Expr::cust("1 = 0"),
        }),
        Value::Text(text) => all.add(lower(expression).is_in(spellings(text))),
        Value::Seconds(seconds) => {
            let latest = ago(now, *seconds);
            let before = ago(now, seconds.saturating_add(1));
            all.add(expression.clone().gt(before))
                .add(expression.lte(latest))
        }
        Value::Time(time) if field == SINCE => all.add(expression.gte(bounded(*time))),
        value => all.add(expression.eq(plain(value))),
    }
}

fn compares(expression: Expr, comparison: Comparison, value: &Value, now: DateTime<Utc>) -> Expr {
    if let Value::Seconds(seconds) = value {
        let moment = ago(now, *seconds);
        // The older, the earlier.
        return match comparison {
            Comparison::Less => expression.gt(moment),
            Comparison::LessOrEqual => expression.gte(moment),
            Comparison::Greater => expression.lt(moment),
            Comparison::GreaterOrEqual => expression.lte(moment),
        };
    }
    let value = plain(value);
    match comparison {
        Comparison::Less => expression.lt(value),
        Comparison::LessOrEqual => expression.lte(value),
        Comparison::Greater => expression.gt(value),
        Comparison::GreaterOrEqual => expression.gte(value),
    }
}

fn plain(value: &Value) -> Expr {
    match value {
        Value::Integer(number)
        | Value::Nanos(number)
        | Value::Seconds(number)
        | Value::Bytes(number) => Expr::value(*number),
        Value::Ratio(ratio) => Expr::value(*ratio),
        Value::Time(time) => Expr::value(bounded(*time)),
        Value::Word(word) => Expr::value(*word),
        Value::Text(text) => Expr::value(text.clone()),
    }
}

fn contains(columns: &impl Columns, wanted: &str) -> Condition {
    let own = columns.texts().into_iter();
    let any = own.fold(Condition::any(), |any, text| any.add(has(&text, wanted)));
    columns
        .linked_texts()
        .into_iter()
        .fold(any, |any, mut linked| {
            linked.keys.cond_where(has(&linked.text, wanted));
            // Keeps what has no key from making a negation unknown.
            let known = linked.key.clone().is_not_null();
            any.add(known.and(linked.key.in_subquery(linked.keys)))
        })
}

fn has(text: &Expr, wanted: &str) -> Condition {
    let spellings = spellings(wanted).into_iter();
    spellings.fold(Condition::any(), |any, spelling| {
        let pattern = LikeExpr::new(format!("%{}%", literal(&spelling))).escape('!');
        let text = Func::coalesce([text.clone(), Expr::value("")]);
        any.add(Expr::from(Func::lower(text)).like(pattern))
    })
}

fn lower(expression: Expr) -> Expr {
    Func::lower(expression).into()
}

/// A text in lower case, as PostgreSQL and as SQLite would have it.
fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_lowercase(), text.to_ascii_lowercase()];
    spellings.dedup();
    spellings
}

/// A text that a pattern takes as it stands.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            literal.push('!');
        }
        literal.push(character);
    }
    literal
}

fn ago(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    TimeDelta::try_seconds(seconds)
        .and_then(|age| now.checked_sub_signed(age))
        .map_or(DateTime::UNIX_EPOCH, bounded)
}

/// Within what both databases can hold; nothing on record is older or so late.
fn bounded(time: DateTime<Utc>) -> DateTime<Utc> {
    let end = NaiveDate::from_ymd_opt(9_999, 12, 31)
        .unwrap_or(NaiveDate::MAX)
        .and_time(NaiveTime::MIN)
        .and_utc();
    time.clamp(DateTime::UNIX_EPOCH, end)
}
