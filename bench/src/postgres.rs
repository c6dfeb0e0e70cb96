//! Databases of a run on a PostgreSQL that was there before it.

use anyhow::Context as _;
use sea_orm::{ConnectionTrait as _, Database as Connector, DatabaseConnection};
use url::Url;

/// A server on which databases may be made.
#[derive(Clone)]
pub(crate) struct Postgres {
    url: Url,
}

/// A database of this run.
pub(crate) struct Database {
    admin: DatabaseConnection,
    name: String,
    pub(crate) url: String,
}

impl Postgres {
    pub(crate) fn at(url: &str) -> anyhow::Result<Self> {
        let url = Url::parse(url).context("the PostgreSQL URL is not valid")?;
        Ok(Self { url })
    }

    /// Makes an empty database.
    pub(crate) async fn database(&self) -> anyhow::Result<Database> {
        let admin = Connector::connect(self.url.as_str())
            .await
            .context("PostgreSQL does not answer")?;
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await?;
        let mut url = self.url.clone();
        url.set_path(&name);
        Ok(Database {
            admin,
            name,
            url: url.into(),
        })
    }
}

impl Database {
    /// Drops it, whoever is still connected.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.execute_unprepared(&statement).await?;
        Ok(())
    }
}
