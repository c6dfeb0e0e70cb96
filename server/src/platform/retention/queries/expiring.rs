//! Rows that go when their time is over: counted and deleted by one and the same condition, so that
//! a preview says what a run does.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use entities::UserId;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::platform::{db::Txn, retention::Tally};

/// Rows of one table, by SQL that both databases take. `$1` and on are the caller's values; the
/// first is mostly the instant before which their time must have been over.
#[derive(Clone, Debug)]
pub(crate) struct Expiring {
    table: &'static str,
    key: &'static str,
    condition: String,
    guard: Option<&'static str>,
    held_back: Option<String>,
    at: &'static str,
    user: &'static str,
    bytes: String,
    is_blob: bool,
}

/// No instant, no user.
const NO_TIME: &str = "CAST(NULL AS TIMESTAMPTZ)";
const NO_USER: &str = "CAST(NULL AS BIGINT)";

impl Expiring {
    /// The rows of `table` for which `condition` holds, with `id` as their key.
    pub(crate) fn of(table: &'static str, condition: impl Into<String>) -> Self {
        Self {
            table,
            key: "id",
            condition: condition.into(),
            guard: None,
            held_back: None,
            at: NO_TIME,
            user: NO_USER,
            bytes: "0".to_owned(),
            is_blob: false,
        }
    }

    /// Another key than `id`.
    pub(crate) fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    /// The column that says since when they have waited.
    pub(crate) fn at(self, at: &'static str) -> Self {
        Self { at, ..self }
    }

    /// The column that says whose they are.
    pub(crate) fn user(self, user: &'static str) -> Self {
        Self { user, ..self }
    }

    /// Expressions of text or bytes, whose length is what a row takes.
    pub(crate) fn texts(mut self, texts: &[&str]) -> Self {
        for text in texts {
            // Writing to a string does not fail.
            let _ = write!(self.bytes, " + COALESCE(octet_length({text}), 0)");
        }
        self
    }

    /// Each row names a blob of so many bytes.
    pub(crate) fn blobs(mut self, bytes: &str) -> Self {
        let _ = write!(self.bytes, " + COALESCE({bytes}, 0)");
        self.is_blob = true;
        self
    }

    /// Rows whose time is over as well and that stay.
    pub(crate) fn held_back(self, condition: impl Into<String>) -> Self {
        Self {
            held_back: Some(condition.into()),
            ..self
        }
    }

    /// What must hold besides when a row is deleted: that what belongs to it has gone.
    pub(crate) fn once(self, guard: &'static str) -> Self {
        Self {
            guard: Some(guard),
            ..self
        }
    }

    /// What would go, and what would be held back.
    pub(crate) async fn survey(
        &self,
        connection: &impl ConnectionTrait,
        values: &[Value],
    ) -> Result<Tally, DbErr> {
        let Self {
            table,
            condition,
            at,
            user,
            bytes,
            ..
        } = self;
        let sums = format!(
            "SELECT COUNT(*) AS n, CAST(COALESCE(SUM({bytes}), 0) AS BIGINT) AS bytes, \
             MIN({at}) AS since FROM {table} WHERE {condition}"
        );
        let mut tally = Tally::default();
        let sums = statement(connection, sums, values);
        if let Some(row) = connection.query_one_raw(sums).await? {
            tally.rows = number(&row, "n")?;
            tally.bytes = number(&row, "bytes")?;
            tally.blobs = if self.is_blob { tally.rows } else { 0 };
            tally.oldest = row.try_get("", "since")?;
        }
        if *user != NO_USER && tally.rows > 0 {
            let owners = format!(
                "SELECT DISTINCT {user} AS owner FROM {table} \
                 WHERE ({condition}) AND {user} IS NOT NULL"
            );
            let owners = statement(connection, owners, values);
            for row in connection.query_all_raw(owners).await? {
                tally.users.insert(UserId(row.try_get("", "owner")?));
            }
        }
        if let Some(held) = &self.held_back {
            let held = format!("SELECT COUNT(*) AS n FROM {table} WHERE {held}");
            let held = statement(connection, held, values);
            if let Some(row) = connection.query_one_raw(held).await? {
                tally.held_back = number(&row, "n")?;
            }
        }
        Ok(tally)
    }

    /// Deletes up to `limit` of them, and tells what they were.
    pub(crate) async fn delete(
        &self,
        txn: &Txn,
        values: &[Value],
        limit: Option<u64>,
    ) -> Result<Tally, DbErr> {
        let mut tally = Tally::default();
        for row in self.delete_returning(txn, values, limit).await? {
            self.add(&mut tally, &row)?;
        }
        Ok(tally)
    }

    async fn delete_returning(
        &self,
        txn: &Txn,
        values: &[Value],
        limit: Option<u64>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let Self {
            table,
            key,
            at,
            user,
            bytes,
            ..
        } = self;
        let condition = match self.guard {
            Some(guard) => format!("({}) AND ({guard})", self.condition),
            None => self.condition.clone(),
        };
        // A key of several columns stands in parentheses: `(name, tick_at)`.
        let listed = key.trim_matches(['(', ')']);
        let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        // The condition is also the statement's own: PostgreSQL checks it again on the newest
        // version of a row that has just been changed.
        let sql = format!(
            "DELETE FROM {table} WHERE {key} IN \
             (SELECT {listed} FROM {table} WHERE {condition}{limit}) AND ({condition}) \
             RETURNING CAST({bytes} AS BIGINT) AS bytes, {at} AS since, {user} AS owner"
        );
        txn.query_all_raw(statement(txn, sql, values)).await
    }

    fn add(&self, tally: &mut Tally, row: &QueryResult) -> Result<(), DbErr> {
        let owner: Option<i64> = row.try_get("", "owner")?;
        tally.add(Tally {
            rows: 1,
            blobs: u64::from(self.is_blob),
            bytes: number(row, "bytes")?,
            users: owner.map(UserId).into_iter().collect(),
            oldest: row.try_get::<Option<DateTime<Utc>>>("", "since")?,
            held_back: 0,
        });
        Ok(())
    }
}

fn statement(connection: &impl ConnectionTrait, sql: String, values: &[Value]) -> Statement {
    Statement::from_sql_and_values(
        connection.get_database_backend(),
        sql,
        values.iter().cloned(),
    )
}

fn number(row: &QueryResult, column: &str) -> Result<u64, DbErr> {
    let number: i64 = row.try_get("", column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}
