//! Opening the database at start, and everything that can keep the server from starting.

use std::path::{Path, PathBuf};

use super::settings::backup_house;
use crate::platform::{
    ai::AiSetupError,
    auth::password::PasswordError,
    backup,
    config::{Backend, Config},
    db::{Db, DbError, DbSettings, SchemaState, Target},
    governance::GovernanceError,
    http::MountError,
    jobs::{DuplicateKind, ScheduleError},
    storage::StorageError,
    telemetry::InvalidBuckets,
};

/// Why the server does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are not valid; every problem is named.
    #[error("{0}")]
    Settings(String),
    /// A folder cannot be used.
    #[error("the folder {path} cannot be used: {error}. Check PLC_STORAGE_DIR and who owns it.")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The secret that tokens are signed with cannot be read or made.
    #[error("the secret file {path} cannot be used: {reason}. Set JWT_SECRET, or remove the file.")]
    Secret {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The database cannot be opened.
    #[error("the database cannot be opened: {0}. Check DATABASE_URL and that the database runs.")]
    Database(String),
    /// The schema is older than the program and may not be changed.
    #[error(
        "the database schema is {0} migrations behind. Run `binnacle migrate`, or start the server with RUN_MIGRATIONS=true."
    )]
    SchemaBehind(usize),
    /// There is nothing to look at.
    #[error(
        "there is no database yet: `binnacle serve` or `binnacle migrate` makes it. Check DATABASE_URL and PLC_STORAGE_DIR."
    )]
    NoDatabase,
    /// The database and the blobs may be of different times.
    #[error(
        "a restore was cut off before its end, so the database and the documents may not belong together. Run `binnacle restore` again, with --replace."
    )]
    RestoreCut,
    /// The schema is newer than the program.
    #[error(
        "the database schema is newer than this program ({0}). Start a newer version of binnacle."
    )]
    SchemaTooNew(String),
    /// Redis is demanded and does not answer.
    #[error(
        "Redis does not answer: {0}. Check REDIS_URL, or set REQUIRE_REDIS_IN_PRODUCTION=false."
    )]
    Redis(String),
    /// Another server serves the house, and what they would have to share is not shared.
    #[error(
        "another server serves this house already ({other}). {missing}, or stop the other; one that was killed is taken for dead after a minute."
    )]
    NotAlone {
        /// Which.
        other: String,
        /// What keeps two from serving, and what to do.
        missing: &'static str,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {error}. Check {variables}.")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        error: std::io::Error,
        /// Which settings say where.
        variables: &'static str,
    },
    /// The storage does not work.
    #[error("the storage cannot be used: {0}")]
    Storage(String),
    /// The program cannot find itself, which it runs again to read documents.
    #[error("the program's own path is not known: {0}")]
    Program(std::io::Error),
    /// A fault of the program's own parts.
    #[error("{0}")]
    Parts(String),
}

impl StartError {
    pub(super) fn folder(path: &Path, error: std::io::Error) -> Self {
        Self::Folder {
            path: path.to_owned(),
            error,
        }
    }
}

impl From<StorageError> for StartError {
    fn from(error: StorageError) -> Self {
        Self::Storage(chain(&error))
    }
}

impl From<DbError> for StartError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::SchemaTooNew { newest } => Self::SchemaTooNew(newest),
            other => Self::Database(chain(&other)),
        }
    }
}

macro_rules! parts {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for StartError {
            fn from(error: $error) -> Self {
                Self::Parts(chain(&error))
            }
        }
    )+};
}

parts!(
    AiSetupError,
    PasswordError,
    GovernanceError,
    MountError,
    DuplicateKind,
    ScheduleError,
    InvalidBuckets,
    extract::ProfileError
);

/// An error with its causes, for the operator at the terminal.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text.push_str(": ");
        text.push_str(&current.to_string());
        cause = current.source();
    }
    text
}

/// How the settings say the database is opened.
pub(crate) fn db_settings(config: &Config) -> DbSettings {
    DbSettings {
        target: match &config.database.backend {
            Backend::Sqlite { path } => Target::Sqlite(path.clone()),
            Backend::Postgres => Target::Postgres(config.database.url.clone()),
        },
        readers: config.database.readers,
        writers: usize::try_from(config.database.writers).unwrap_or(1),
    }
}

/// What a command may find, and what it does about it. Only what serves changes the schema: a
/// backup before an upgrade must leave a way back, and a look must change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// It is brought forward if the settings say so, and otherwise must be current.
    Forward,
    /// It must be current.
    Current,
    /// It may be older, but there must be one.
    AsItIs,
}

/// Connects, and brings the schema to this program's version or refuses. It comes before anything
/// else is opened: where there is no house, a look must not begin one.
pub(super) async fn database(config: &Config, schema: Schema) -> Result<Db, StartError> {
    if backup::was_cut(&backup_house(config)) {
        return Err(StartError::RestoreCut);
    }
    if schema != Schema::Forward
        && let Backend::Sqlite { path } = &config.database.backend
        && !path.exists()
    {
        return Err(StartError::NoDatabase);
    }
    if let Backend::Sqlite { path } = &config.database.backend
        && let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| StartError::folder(folder, error))?;
    }
    let db = Db::connect(&db_settings(config)).await?;
    if schema == Schema::Forward && config.database.run_migrations {
        db.migrate().await?;
        return Ok(db);
    }
    match db.schema_state().await? {
        SchemaState::Newer(newest) => Err(StartError::SchemaTooNew(newest)),
        SchemaState::Behind(_) if db.applied_migrations().await?.is_empty() => {
            Err(StartError::NoDatabase)
        }
        SchemaState::Behind(count) if schema != Schema::AsItIs => {
            Err(StartError::SchemaBehind(count))
        }
        SchemaState::Current | SchemaState::Behind(_) => Ok(db),
    }
}
