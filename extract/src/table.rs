//! Rows of a table as lines that are understood alone: each value with its column's name.

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;

/// Whether the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderRule {
    /// The document says so.
    Marked,
    /// A data file: names start with a letter and none repeats.
    DataFile,
    /// A table in prose may as well be a list of names and values, so digits
    /// in the first row speak against names.
    Prose,
}

/// A header longer than this is a sentence.
const MAX_NAME_BYTES: usize = 120;

impl HeaderRule {
    fn accepts(self, row: &[String]) -> bool {
        let named: Vec<&str> = row
            .iter()
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect();
        if named.is_empty() {
            return false;
        }
        if self == Self::Marked {
            return true;
        }
        let distinct: std::collections::BTreeSet<&str> = named.iter().copied().collect();
        named.len() >= 2
            && named.len() * 2 > row.len()
            && distinct.len() == named.len()
            && named.iter().all(|name| self.is_name(name))
    }

    fn is_name(self, cell: &str) -> bool {
        cell.len() <= MAX_NAME_BYTES
            && match self {
                Self::Marked => true,
                Self::DataFile => {
                    cell.starts_with(|first: char| {
                        first.is_alphabetic() || "#_\"%€$".contains(first)
                    }) || is_year(cell)
                }
                Self::Prose => !cell.contains(|character: char| character.is_ascii_digit()),
            }
    }
}

fn is_year(cell: &str) -> bool {
    cell.len() == 4
        && (cell.starts_with("19") || cell.starts_with("20"))
        && cell.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes rows as they come, so that a table need not fit into memory.
pub(crate) struct RowWriter {
    rule: HeaderRule,
    state: State,
}

enum State {
    Start,
    Named(Vec<String>),
    Unnamed,
}

impl RowWriter {
    pub(crate) fn new(rule: HeaderRule) -> Self {
        Self {
            rule,
            state: State::Start,
        }
    }

    pub(crate) fn row(
        &mut self,
        row: &[String],
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        match &self.state {
            State::Start if self.rule.accepts(row) => {
                let names: Vec<String> = row.iter().map(|name| one_line(name)).collect();
                let listed: Vec<&str> = names
                    .iter()
                    .map(String::as_str)
                    .filter(|name| !name.is_empty())
                    .collect();
                collector.push(
                    BlockKind::TableRow,
                    &format!("Columns: {}", listed.join("; ")),
                )?;
                self.state = State::Named(names);
                Ok(())
            }
            // A title line above the header of a data file is not the header.
            State::Start if self.rule == HeaderRule::DataFile && filled(row) == 1 => {
                collector.push(BlockKind::Paragraph, row.concat().trim())
            }
            State::Start => {
                self.state = State::Unnamed;
                collector.push(BlockKind::TableRow, &unnamed(row))
            }
            State::Unnamed => collector.push(BlockKind::TableRow, &unnamed(row)),
            State::Named(names) => collector.push(BlockKind::TableRow, &named(names, row)),
        }
    }
}

/// Writes a whole table of a document.
pub(crate) fn write_table(
    rows: &[Vec<String>],
    header_is_marked: bool,
    collector: &mut Collector<'_>,
) -> Result<(), ExtractError> {
    let rule = match rows {
        [single] => {
            return collector.push(BlockKind::TableRow, &unnamed(single));
        }
        _ if header_is_marked => HeaderRule::Marked,
        _ => HeaderRule::Prose,
    };
    let mut writer = RowWriter::new(rule);
    rows.iter().try_for_each(|row| writer.row(row, collector))
}

fn filled(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty()).count()
}

fn named(names: &[String], row: &[String]) -> String {
    let cells = row.iter().enumerate().filter_map(|(column, cell)| {
        let cell = one_line(cell);
        if cell.is_empty() {
            return None;
        }
        match names.get(column).filter(|name| !name.is_empty()) {
            Some(name) => Some(format!("{name}: {cell}")),
            None => Some(cell),
        }
    });
    cells.collect::<Vec<_>>().join("; ")
}

fn unnamed(row: &[String]) -> String {
    let cells = row
        .iter()
        .map(|cell| one_line(cell))
        .filter(|cell| !cell.is_empty());
    cells.collect::<Vec<_>>().join(" | ")
}

fn one_line(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}
