//! PostgreSQL's own programs: they know how to take and put back a database, we do not.

use std::{path::Path, process::Stdio};

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;
use url::Url;

use super::BackupError;

const HINT: &str = "install PostgreSQL's client programs, of the server's version or newer \
                    (Debian: postgresql-client), or use your host's own backups beside those of \
                    the storage folder";

/// Parameters of a URL that PostgreSQL's programs know; others are for our driver alone.
const PARAMETERS: [&str; 8] = [
    "application_name",
    "host",
    "options",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];

/// Takes away what a schema holds, so that tables of a newer program do not stay.
const EMPTY: &str = "DO $$ DECLARE item record; BEGIN \
    FOR item IN SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() LOOP \
    EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', item.name); END LOOP; \
    FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p \
    JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema() \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP \
    EXECUTE format('DROP FUNCTION %s CASCADE', item.name); END LOOP; END $$;";

/// Writes the database as it is at one moment into a file.
pub(super) async fn dump(url: &SecretString, to: &Path) -> Result<(), BackupError> {
    let mut command = command("pg_dump", url)?;
    command
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(to);
    run("pg_dump", command).await
}

/// Writes a dump as the statements that put it back.
pub(super) async fn unpack(dump: &Path, script: &Path) -> Result<(), BackupError> {
    let mut unpack = Command::new("pg_restore");
    unpack
        .args(["--no-owner", "--no-privileges", "--file"])
        .args([script, dump]);
    run("pg_restore", unpack).await
}

/// Runs them in place of what the database holds, in one transaction.
pub(super) async fn put_back(url: &SecretString, script: &Path) -> Result<(), BackupError> {
    let mut command = command("psql", url)?;
    command
        .args(["--no-psqlrc", "--quiet", "--single-transaction"])
        .args(["--set", "ON_ERROR_STOP=1", "--output", "/dev/null"])
        .args(["--command", EMPTY, "--file"])
        .arg(script);
    run("psql", command).await
}

/// The password goes by the environment: arguments can be seen by everybody on the machine.
fn command(program: &'static str, url: &SecretString) -> Result<Command, BackupError> {
    let not_a_url = || BackupError::Program {
        program,
        said: "DATABASE_URL is not a URL".to_owned(),
    };
    let mut url = Url::parse(url.expose_secret()).map_err(|_| not_a_url())?;
    let mut command = Command::new(program);
    if let Some(password) = url.password() {
        let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        command.env("PGPASSWORD", password.as_ref());
    }
    url.set_password(None).map_err(|()| not_a_url())?;
    let known: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| PARAMETERS.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !known.is_empty() {
        url.query_pairs_mut().extend_pairs(known);
    }
    command.arg("--dbname").arg(url.as_str());
    Ok(command)
}

async fn run(program: &'static str, mut command: Command) -> Result<(), BackupError> {
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => BackupError::NoProgram {
                program,
                hint: HINT,
            },
            _ => BackupError::Program {
                program,
                said: error.to_string(),
            },
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(BackupError::Program {
        program,
        said: said.lines().take(5).collect::<Vec<_>>().join("; "),
    })
}
