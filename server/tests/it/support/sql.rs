//! A look into a house's database past the house: what is stored, whatever the routes say.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::House;

/// A connection of the test's own.
pub enum Sql {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Sql {
    pub async fn of(house: &House) -> Self {
        if let Some(url) = house.setting("DATABASE_URL") {
            return Self::Postgres(PgConnection::connect(url).await.expect("PostgreSQL"));
        }
        let path = house.folder.path().join("binnacle.db");
        let url = format!("sqlite://{}", path.display());
        Self::Sqlite(SqliteConnection::connect(&url).await.expect("the file"))
    }

    /// The one number that a statement answers; it must be a BIGINT.
    pub async fn number(&mut self, statement: &str) -> i64 {
        let statement = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(statement).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(statement).fetch_one(connection).await,
        }
        .expect("one number")
    }

    /// The one text that a statement answers.
    pub async fn text(&mut self, statement: &str) -> String {
        let statement = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(statement).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(statement).fetch_one(connection).await,
        }
        .expect("one text")
    }

    /// How many rows there are, such as `count("documents")`.
    pub async fn count(&mut self, rows: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {rows}")).await
    }

    /// Runs a statement; answers how many rows it changed, or the database's refusal.
    pub async fn run(&mut self, statement: &str) -> Result<u64, sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        match self {
            Self::Sqlite(connection) => {
                let done = query.execute(connection).await?;
                Ok(done.rows_affected())
            }
            Self::Postgres(connection) => {
                let done = query.execute(connection).await?;
                Ok(done.rows_affected())
            }
        }
    }
}
