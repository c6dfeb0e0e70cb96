//! Where the data is kept.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::reader::{Malformed, Reader};
use super::variable::{Section, Variable};

pub(super) const DATABASE_URL: Variable = Variable::new(
    "DATABASE_URL",
    "",
    "`postgres://user:password@host:5432/name` or `sqlite:///relative/path` (four slashes for an \
     absolute path). Without it: the SQLite file `binnacle.db` in PLC_STORAGE_DIR.",
)
.secret();
pub(super) const DB_READERS: Variable =
    Variable::new("DB_READERS", "8", "Connections for reading, per process.");
pub(super) const DB_WRITERS: Variable = Variable::new(
    "DB_WRITERS",
    "2",
    "Writer connections per process on PostgreSQL; SQLite always has one.",
);
pub(super) const RUN_MIGRATIONS: Variable = Variable::new(
    "RUN_MIGRATIONS",
    "true",
    "Whether `serve` and `worker` bring the schema up to date when they start.",
);
pub(super) const ALLOW_SQLITE_IN_PRODUCTION: Variable = Variable::new(
    "ALLOW_SQLITE_IN_PRODUCTION",
    "false",
    "Accept SQLite in production: one process, and no Redis is demanded.",
);

pub(super) const SECTION: Section = Section {
    title: "Database",
    about: "",
    variables: &[
        DATABASE_URL,
        DB_READERS,
        DB_WRITERS,
        RUN_MIGRATIONS,
        ALLOW_SQLITE_IN_PRODUCTION,
    ],
};

/// The file name of the default database, in the storage directory.
const DEFAULT_FILE: &str = "binnacle.db";

/// The database and how many connections it is given.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseConfig {
    /// `postgres://…` without a driver suffix, or `sqlite://PATH?mode=rwc`; a path with `?`, `#` or
    /// `%` in it is right only in `backend`.
    pub(crate) url: SecretString,
    pub(crate) backend: Backend,
    pub(crate) readers: u32,
    /// Writers on PostgreSQL; SQLite has one whatever this says.
    pub(crate) writers: u32,
    pub(crate) run_migrations: bool,
    pub(crate) allow_sqlite_in_production: bool,
}

/// The kind of database, with what is needed besides the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite { path: PathBuf },
    Postgres,
}

impl Backend {
    pub(crate) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut Reader<'_>, storage: &Path) -> Self {
        let (url, backend) = reader
            .optional(&DATABASE_URL, parse_database_url)
            .unwrap_or_else(|| sqlite(storage.join(DEFAULT_FILE)));
        Self {
            url,
            backend,
            readers: reader.integer(&DB_READERS, 1..=256),
            writers: reader.integer(&DB_WRITERS, 1..=32),
            run_migrations: reader.flag(&RUN_MIGRATIONS),
            allow_sqlite_in_production: reader.flag(&ALLOW_SQLITE_IN_PRODUCTION),
        }
    }

    /// The password in a PostgreSQL URL, decoded; empty when there is none.
    pub(super) fn password(&self) -> Option<SecretString> {
        if self.backend.is_sqlite() {
            return None;
        }
        let url = Url::parse(self.url.expose_secret()).ok()?;
        if let Some((_, password)) = url.query_pairs().find(|(name, _)| name == "password") {
            return Some(SecretString::from(password.into_owned()));
        }
        let encoded = url.password().unwrap_or_default();
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
        Some(SecretString::from(decoded.into_owned()))
    }
}

fn sqlite(path: PathBuf) -> (SecretString, Backend) {
    let url = format!("sqlite://{}?mode=rwc", path.display());
    (SecretString::from(url), Backend::Sqlite { path })
}

/// Understands the URLs of both client families: `scheme+driver://` loses its driver, and a
/// SQLite path begins after the third slash, as SQLAlchemy has it.
fn parse_database_url(text: &str) -> Result<(SecretString, Backend), Malformed> {
    let remedy = "Use `postgres://user:password@host:5432/name` or `sqlite:///path/to/file.db`";
    let (scheme, rest) = text
        .split_once(':')
        .ok_or_else(|| Malformed::new("is not a database URL", remedy))?;
    let scheme = scheme
        .split_once('+')
        .map_or(scheme, |(scheme, _driver)| scheme);
    match scheme.to_ascii_lowercase().as_str() {
        "sqlite" => parse_sqlite_path(rest).map(sqlite),
        "postgres" | "postgresql" => {
            let url = format!("postgres:{rest}");
            match Url::parse(&url) {
                Ok(parsed) if parsed.path().len() > 1 && rest.starts_with("//") => {
                    Ok((SecretString::from(url), Backend::Postgres))
                }
                _ => Err(Malformed::new(
                    "does not name a PostgreSQL host and database",
                    remedy,
                )),
            }
        }
        _ => Err(Malformed::new(
            "names a database that is not supported",
            remedy,
        )),
    }
}

fn parse_sqlite_path(rest: &str) -> Result<PathBuf, Malformed> {
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, "mode=rwc"));
    if parameters != "mode=rwc" {
        return Err(Malformed::new(
            "has SQLite parameters",
            "Give the path alone; the server decides how the file is opened",
        ));
    }
    let path = path
        .strip_prefix("///")
        .or_else(|| path.strip_prefix("//"))
        .unwrap_or(path);
    if path.is_empty() || path.contains(":memory:") {
        return Err(Malformed::new(
            "names a SQLite database in memory, which would be lost",
            "Name a file, such as `sqlite:///data/binnacle.db`",
        ));
    }
    Ok(PathBuf::from(path))
}
