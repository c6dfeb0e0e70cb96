//! A read as traces and metrics see it.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use sea_orm::{DatabaseBackend, DbErr};
use tracing::{Instrument as _, Span, field::Empty};

use super::{observer::Observed, standing::system_name};
use crate::platform::telemetry::traces;

/// A read that has begun.
pub(super) struct Read {
    system: &'static str,
    span: Span,
    began: Instant,
}

/// Begins a read by this statement, which is looked at only when the caller's trace is taken.
pub(super) fn begin(backend: DatabaseBackend, sql: &str) -> Read {
    let system = system_name(backend);
    let span = if traces::is_taken() {
        span(system, sql)
    } else {
        Span::none()
    };
    Read {
        system,
        span,
        began: Instant::now(),
    }
}

fn span(system: &'static str, sql: &str) -> Span {
    let table = table_of(sql);
    let summary = table.map_or_else(|| "SELECT".to_owned(), |table| format!("SELECT {table}"));
    tracing::info_span!(
        target: traces::DETAIL,
        "read",
        "otel.name" = summary,
        "otel.kind" = "client",
        "otel.status_code" = Empty,
        "db.system.name" = system,
        "db.operation.name" = "SELECT",
        "db.collection.name" = table,
        "db.query.summary" = summary,
    )
}

impl Read {
    /// Runs it to its end.
    pub(super) async fn of<T>(
        self,
        query: impl Future<Output = Result<T, DbErr>>,
        observed: &Observed,
    ) -> Result<T, DbErr> {
        let outcome = query.instrument(self.span.clone()).await;
        if outcome.is_err() {
            self.span.record("otel.status_code", "ERROR");
        }
        let took: Duration = self.began.elapsed();
        observed.read(self.system, outcome.is_ok(), took);
        outcome
    }
}

/// The first table that a statement reads. Never a value: those are bound, and a name has no quotes.
fn table_of(sql: &str) -> Option<&str> {
    let mut words = sql.split_ascii_whitespace();
    while words.any(|word| word.eq_ignore_ascii_case("from")) {
        let name = words.clone().next()?;
        let name = name.trim_end_matches([',', ')', ';']).trim_matches('"');
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !name.is_empty() && name.bytes().all(is_name) {
            return Some(name);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_after_its_table() {
        for (sql, table) in [
            (
                r#"SELECT "id", "email" FROM "users" WHERE "id" = $1"#,
                Some("users"),
            ),
            ("select count(*) from jobs", Some("jobs")),
            ("SELECT 1 FROM (SELECT 2 FROM holds) AS x", Some("holds")),
            ("SELECT a FROM passages, documents", Some("passages")),
            ("SELECT x FROM pragma_page_count()", None),
            ("SELECT NOT pg_is_in_recovery() AS yes", None),
            ("", None),
        ] {
            assert_eq!(table_of(sql), table, "{sql}");
        }
    }
}
