//! What commands print: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value};

use super::CliError;
use super::columns::{self, Shown};
use super::nouns::said;
use crate::runtime::export::{csv, flat};
use crate::text::width::{Align, cells, fit};

/// A column of a table is at most so wide.
const WIDEST: usize = 40;
/// Between two columns.
const GAP: &str = "  ";

/// How rows are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) json: bool,
    pub(super) csv: bool,
    pub(super) columns: Vec<String>,
    pub(super) head: bool,
}

impl Form {
    pub(super) fn of(matches: &ArgMatches) -> Form {
        let columns = said(matches, "columns");
        Form {
            json: matches.get_flag("json"),
            csv: matches.get_flag("csv"),
            columns: columns
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            head: !matches.get_flag("no-header"),
        }
    }
}

/// The options of every list.
pub(super) fn args() -> [Arg; 4] {
    [
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .conflicts_with("csv")
            .help("prints {items}, as the server sent them"),
        Arg::new("csv")
            .long("csv")
            .action(ArgAction::SetTrue)
            .help("prints CSV by RFC 4180, in raw units"),
        Arg::new("columns")
            .long("columns")
            .value_name("A,B")
            .help("these columns only, by heading or field, as user,spent,budget.held_nanos"),
        Arg::new("no-header")
            .long("no-header")
            .action(ArgAction::SetTrue)
            .help("leaves the names of the columns out"),
    ]
}

/// A line of data.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// A value as JSON.
pub(super) fn json(value: &Value) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    line(&text)
}

/// Rows in the form that was asked for; `shown` are the columns of a plain table.
pub(super) fn rows(rows: &[Value], form: &Form, shown: &[Shown]) -> Result<(), CliError> {
    if form.json {
        return json(&serde_json::json!({"items": rows, "next_cursor": null}));
    }
    if form.csv {
        let bytes = csv(rows, &fields(form, shown), form.head)
            .map_err(crate::runtime::export::ExportError::Csv)?;
        return Ok(io::stdout().write_all(&bytes)?);
    }
    let width = io::stdout()
        .is_terminal()
        .then(|| crossterm::terminal::size().map_or(80, |(width, _)| usize::from(width)));
    let text = table(rows, form, shown, width);
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// The fields that `--columns` names, by the name of the field or by the heading of its column.
fn fields(form: &Form, shown: &[Shown]) -> Vec<String> {
    let field = |name: &String| {
        let known = shown
            .iter()
            .find(|(head, _)| head.eq_ignore_ascii_case(name));
        known.map_or_else(|| name.clone(), |(_, field)| (*field).to_owned())
    };
    form.columns.iter().map(field).collect()
}

/// A column of a table, with its values.
struct Column {
    head: String,
    cells: Vec<String>,
    align: Align,
    width: usize,
}

impl Column {
    fn new(head: String, field: &str, rows: &[Map<String, Value>]) -> Column {
        let values: Vec<(String, bool)> = rows
            .iter()
            .map(|row| columns::value(field, row.get(field)))
            .collect();
        let numbers = !values.is_empty() && values.iter().all(|(_, number)| *number);
        let texts = values.iter().map(|(text, _)| cells(text));
        let width = texts.max().unwrap_or(0).min(WIDEST).max(cells(&head));
        Column {
            head,
            align: if numbers { Align::Right } else { Align::Left },
            cells: values.into_iter().map(|(text, _)| text).collect(),
            width,
        }
    }
}

/// A table. Where there is a terminal, the least important columns give way until it fits, unless
/// the columns were chosen.
fn table(rows: &[Value], form: &Form, shown: &[Shown], width: Option<usize>) -> String {
    let flat: Vec<_> = rows.iter().map(flat).collect();
    let chosen = fields(form, shown);
    let mut columns: Vec<Column> = if chosen.is_empty() {
        let known = shown.iter();
        known
            .map(|(head, field)| Column::new((*head).to_owned(), field, &flat))
            .collect()
    } else {
        let heads = form.columns.iter().map(|name| name.to_uppercase());
        heads
            .zip(&chosen)
            .map(|(head, field)| Column::new(head, field, &flat))
            .collect()
    };
    let whole = |columns: &[Column]| -> usize {
        let text: usize = columns.iter().map(|column| column.width).sum();
        text + GAP.len() * columns.len().saturating_sub(1)
    };
    while chosen.is_empty()
        && columns.len() > 1
        && width.is_some_and(|width| whole(&columns) > width)
    {
        columns.pop();
    }
    let head = columns.iter().map(|column| column.head.as_str());
    let head = form.head.then(|| head.collect::<Vec<&str>>());
    let body = (0..flat.len()).map(|at| {
        let row = columns.iter().filter_map(|column| column.cells.get(at));
        row.map(String::as_str).collect::<Vec<&str>>()
    });
    let mut text = String::new();
    for row in head.into_iter().chain(body) {
        let cells: Vec<String> = row
            .iter()
            .zip(&columns)
            .map(|(value, column)| fit(value, column.width, column.align))
            .collect();
        let line = cells.join(GAP);
        let line = match width {
            Some(width) => crate::text::width::cut(line.trim_end(), width),
            None => line.trim_end().to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_headings_and_units_and_fits_its_terminal() {
        let rows = [
            json!({"id": 12, "email": "bo@ex.org", "role": "user", "status": "active",
                   "budget": {"spent_nanos": 12_400_000_000_i64}}),
            json!({"id": 7, "email": "a\u{1b}[2J", "role": "admin", "status": "active",
                   "budget": {"spent_nanos": null}}),
        ];
        let form = Form {
            head: true,
            ..Form::default()
        };
        let shown = columns::of("users");
        let wide = table(&rows, &form, shown, None);
        assert!(
            wide.lines()
                .next()
                .is_some_and(|head| head.ends_with("SINCE"))
        );
        let narrow = "\
ID  USER          ROLE   STATUS   SPENT
12  bo@ex.org     user   active  $12.40
 7  a<U+001B>[2J  admin  active       -
";
        assert_eq!(table(&rows, &form, shown, Some(40)), narrow);
        let tiny = table(&rows, &form, shown, Some(10));
        assert!(tiny.lines().all(|line| cells(line) <= 10), "{tiny}");
        let chosen = Form {
            columns: vec!["spent".to_owned(), "id".to_owned()],
            ..Form::default()
        };
        assert_eq!(
            table(&rows, &chosen, shown, None),
            "$12.40  12\n     -   7\n"
        );
    }
}
