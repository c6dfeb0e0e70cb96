//! A whole list as a file: every page of it, for this user's eyes only.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::action::{Export, ExportFormat};
use crate::client::auth::Client;
use crate::client::request::Page;
use crate::client::{Failure, Reply, Request};

/// Rows of a page.
const PAGE: &str = "200";
/// Rows of an export: more is the backup's business.
const MOST: usize = 100_000;
/// How often in a row the server may ask for patience.
const PATIENCE: u32 = 5;
/// A server that asks for more than this is not waited for.
const LONGEST_WAIT_S: u64 = 120;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{0}")]
    Server(#[from] Failure),
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Csv(#[from] csv::Error),
    #[error("there are more than {MOST} rows: filter first")]
    TooMany,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub rows: usize,
    /// The server wants no request for so long.
    pub wait_s: Option<u64>,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows so far", self.rows)?;
        match self.wait_s {
            Some(wait) => write!(f, ", limited: goes on in {wait} s"),
            None => Ok(()),
        }
    }
}

/// Every row of a list, page by page. It waits when the server says so.
pub async fn rows(
    client: &Client,
    request: &Request,
    most: usize,
    mut told: impl FnMut(Progress),
) -> Result<Vec<Value>, ExportError> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let asked = request
            .clone()
            .with("limit", PAGE)
            .with("cursor", cursor.clone());
        let rows = all.len();
        let reply = patiently(client, &asked, |wait_s| told(Progress { rows, wait_s })).await?;
        let page: Page<Value> = reply.decode()?;
        all.extend(page.items);
        if all.len() > MOST {
            return Err(ExportError::TooMany);
        }
        match page.next_cursor {
            Some(next) if all.len() < most => cursor = next,
            _ => break,
        }
    }
    all.truncate(most);
    Ok(all)
}

/// One page. A long list takes more requests than a minute allows: what is refused for that alone is
/// asked again when the server said.
async fn patiently(
    client: &Client,
    request: &Request,
    mut told: impl FnMut(Option<u64>),
) -> Result<Reply, Failure> {
    let mut refusals = 0;
    told(None);
    loop {
        let failure = match client.send(request).await {
            Ok(reply) => return Ok(reply),
            Err(failure) => failure,
        };
        let wait = failure
            .retry_after_s()
            .filter(|_| matches!(failure.status(), 429 | 503) && refusals < PATIENCE)
            .filter(|wait| *wait <= LONGEST_WAIT_S);
        let Some(wait) = wait else {
            return Err(failure);
        };
        refusals += 1;
        told(Some(wait));
        tokio::time::sleep(Duration::from_secs(wait)).await;
    }
}

/// Writes the list; how many rows it has.
pub async fn write(
    client: &Client,
    export: &Export,
    told: impl FnMut(Progress),
) -> Result<usize, ExportError> {
    let rows = rows(client, &export.request, MOST, told).await?;
    let bytes = match export.format {
        ExportFormat::Json => serde_json::to_vec_pretty(&rows).map_err(io::Error::from)?,
        ExportFormat::Csv => csv(&rows, &[], true)?,
    };
    write_private(&export.path, &bytes)?;
    Ok(rows.len())
}

/// A new file that nobody else can read: whole, or not there. An old one is not touched.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// Rows as CSV by RFC 4180: `columns`, or every plain field of the first row and their parts.
pub fn csv(rows: &[Value], columns: &[String], head: bool) -> Result<Vec<u8>, csv::Error> {
    let flat: Vec<Map<String, Value>> = rows.iter().map(flat).collect();
    let columns: Vec<String> = if columns.is_empty() {
        let mut names = Vec::new();
        for name in flat.iter().flat_map(Map::keys) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    } else {
        columns.to_vec()
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    if head {
        writer.write_record(&columns)?;
    }
    for row in &flat {
        writer.write_record(columns.iter().map(|name| cell(row.get(name))))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(io::Error::other(error.to_string())))
}

/// Fields of objects in objects as `budget.spent_nanos`; lists are left as JSON.
pub fn flat(row: &Value) -> Map<String, Value> {
    fn put(into: &mut Map<String, Value>, prefix: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let name = if prefix.is_empty() {
                        name.clone()
                    } else {
                        format!("{prefix}.{name}")
                    };
                    put(into, &name, value);
                }
            }
            plain => {
                into.insert(prefix.to_owned(), plain.clone());
            }
        }
    }
    let mut fields = Map::new();
    put(&mut fields, "", row);
    fields
}

/// A cell; what a spreadsheet would take for a formula is quoted.
pub fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => return number.to_string(),
        Some(other) => other.to_string(),
    };
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    #[test]
    fn formulas_are_quoted_and_objects_flattened() {
        let rows = [
            json!({"id": 1, "email": "=cmd()", "budget": {"spent_nanos": -5, "limit_nanos": null}}),
            json!({"id": 2, "email": "a,b", "budget": {"spent_nanos": 7, "limit_nanos": 9}}),
        ];
        let text = String::from_utf8(csv(&rows, &[], true).expect("csv")).expect("utf-8");
        let expected =
            "budget.limit_nanos,budget.spent_nanos,email,id\r\n,-5,'=cmd(),1\r\n9,7,\"a,b\",2\r\n";
        assert_eq!(text, expected);
        let one = csv(&rows, &["email".to_owned()], false).expect("csv");
        assert_eq!(
            String::from_utf8(one).expect("utf-8"),
            "'=cmd()\r\n\"a,b\"\r\n"
        );
    }

    #[test]
    fn an_export_overwrites_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.csv");
        write_private(&path, b"one").expect("written");
        assert!(write_private(&path, b"two").is_err());
        assert_eq!(std::fs::read(&path).expect("read"), b"one");
        let mode = std::fs::metadata(&path).expect("it").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 1, "nothing else stays");
    }
}
