//! What commands print: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::Value;

use super::CliError;
use super::nouns::said;
use crate::runtime::export::{cell, csv, flat};
use crate::text::clean::clean;
use crate::text::width::{Align, cells, fit};

/// A column of a table is at most so wide.
const WIDEST: usize = 40;

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
            .help("these fields only, as id,budget.spent_nanos"),
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

/// Rows in the form that was asked for.
pub(super) fn rows(rows: &[Value], form: &Form) -> Result<(), CliError> {
    if form.json {
        return json(&serde_json::json!({"items": rows, "next_cursor": null}));
    }
    if form.csv {
        let bytes = csv(rows, &form.columns, form.head)
            .map_err(crate::runtime::export::ExportError::Csv)?;
        return Ok(io::stdout().write_all(&bytes)?);
    }
    let width = io::stdout()
        .is_terminal()
        .then(|| crossterm::terminal::size().map_or(80, |(width, _)| usize::from(width)));
    let text = table(rows, form, width);
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// A table, cut to the terminal where there is one.
fn table(rows: &[Value], form: &Form, width: Option<usize>) -> String {
    let flat: Vec<_> = rows.iter().map(flat).collect();
    let columns: Vec<String> = if form.columns.is_empty() {
        let mut names: Vec<String> = Vec::new();
        for name in flat.iter().flat_map(serde_json::Map::keys) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        // What tells a row from the others comes first.
        names.sort_by_key(|name| match name.as_str() {
            "id" | "class" | "name" => 0,
            "email" | "kind" | "text" | "action" => 1,
            "state" | "status" => 2,
            _ => 3,
        });
        names
    } else {
        form.columns.clone()
    };
    let body: Vec<Vec<String>> = flat
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|name| clean(cell(row.get(name)).trim_start_matches('\'')).into_owned())
                .collect()
        })
        .collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let widest = body
                .iter()
                .filter_map(|row| row.get(at))
                .map(|text| cells(text))
                .max();
            widest.unwrap_or(0).max(cells(name)).min(WIDEST)
        })
        .collect();
    let head: Vec<String> = columns.iter().map(|name| name.to_uppercase()).collect();
    let mut text = String::new();
    for row in form.head.then_some(&head).into_iter().chain(&body) {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(value, width)| fit(value, *width, Align::Left))
            .collect();
        let line = line.join("  ");
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
    fn a_table_fits_its_terminal() {
        let rows = [
            json!({"email": "bo@ex.org", "id": 12, "budget": {"spent_nanos": 5}}),
            json!({"email": "a\u{1b}[2J", "id": 7, "budget": {"spent_nanos": null}}),
        ];
        let form = Form {
            head: true,
            ..Form::default()
        };
        let expected =
            "ID  EMAIL         BUDGET.SPENT_NANOS\n12  bo@ex.org     5\n7   a<U+001B>[2J\n";
        assert_eq!(table(&rows, &form, None), expected);
        assert!(
            table(&rows, &form, Some(10))
                .lines()
                .all(|line| cells(line) <= 10)
        );
        let one = Form {
            columns: vec!["id".to_owned()],
            ..Form::default()
        };
        assert_eq!(table(&rows, &one, None), "12\n7\n");
    }
}
