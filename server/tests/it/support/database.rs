//! A fresh database for each test, on SQLite and on PostgreSQL.

use std::future::Future;

use sqlx::{Connection, Executor, PgConnection};

/// Where a house keeps its data.
pub enum Database {
    /// A file in the house's own folder.
    Sqlite,
    /// A database of a private PostgreSQL server, dropped at the end.
    Postgres { server: String, name: String },
}

impl Database {
    /// What `DATABASE_URL` is to say; nothing for the default file.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { server, name } => Some(with_name(server, name)),
        }
    }

    /// A fresh one on the server of the tests.
    pub async fn postgres() -> Self {
        let server = std::env::var("TEST_POSTGRES_URL").expect(
            "TEST_POSTGRES_URL names the PostgreSQL server for tests; scripts/test starts one",
        );
        let name = format!("it_{}", uuid::Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&server)
            .await
            .expect("PostgreSQL answers");
        connection
            .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .expect("a database is made");
        Self::Postgres { server, name }
    }

    /// Removes it from its server.
    pub async fn drop_it(&self) {
        if let Self::Postgres { server, name } = self {
            let mut connection = PgConnection::connect(server)
                .await
                .expect("PostgreSQL answers");
            connection
                .execute(sqlx::AssertSqlSafe(format!(
                    "DROP DATABASE {name} WITH (FORCE)"
                )))
                .await
                .expect("the database is dropped");
        }
    }
}

fn with_name(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).expect("TEST_POSTGRES_URL is a URL");
    url.set_path(name);
    url.to_string()
}

/// Runs a test on both databases, one after the other.
pub async fn on_each_database<F, Fut>(test: F)
where
    F: Fn(std::sync::Arc<Database>) -> Fut,
    Fut: Future<Output = ()>,
{
    for database in [Database::Sqlite, Database::postgres().await] {
        let database = std::sync::Arc::new(database);
        test(database.clone()).await;
        database.drop_it().await;
    }
}
