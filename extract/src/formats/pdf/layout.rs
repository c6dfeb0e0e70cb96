//! What lines are in the whole document: headings, running heads, tables, paragraphs.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;
use crate::table::write_table;

use super::lines::{Line, PageLines, Style};

/// Lines at each end of a page that may be running heads.
const EDGE_LINES: usize = 2;
/// Neighbouring pages that prove a repetition.
const FURNITURE_PAGES: usize = 3;
const MAX_HEADING_BYTES: usize = 160;
const MAX_BOLD_HEADING_BYTES: usize = 100;

/// Facts that only the document as a whole tells.
pub(super) struct Layout {
    /// Size of running text, in half points.
    body: u32,
    body_is_bold: bool,
    /// Sizes of headings, largest first: the rank is the level.
    heading_sizes: Vec<u32>,
    /// Heads and feet that repeat from page to page, without their numbers.
    furniture: HashSet<String>,
}

impl Layout {
    pub(super) fn of<'p>(pages: impl Iterator<Item = &'p PageLines> + Clone) -> Self {
        let (body, body_is_bold) = running_text(pages.clone());
        let mut layout = Self {
            body,
            body_is_bold,
            heading_sizes: Vec::new(),
            furniture: furniture(pages.clone()),
        };
        let sizes: BTreeSet<u32> = pages
            .flat_map(|page| &page.lines)
            .filter(|line| !layout.is_furniture(line))
            .filter_map(|line| layout.larger_than_body(line))
            .collect();
        layout.heading_sizes = sizes.into_iter().rev().collect();
        layout
    }

    /// Writes a page's blocks.
    pub(super) fn write(
        &self,
        page: &PageLines,
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        let lines = self.without_furniture(&page.lines);
        let mut writer = Writer {
            collector,
            text: String::new(),
            kind: BlockKind::Paragraph,
        };
        let mut index = 0;
        let mut after_heading = true;
        while let Some(line) = lines.get(index) {
            let rows: Vec<&Line> = lines[index..]
                .iter()
                .copied()
                .take_while(|line| line.cells.len() > 1)
                .collect();
            if rows.len() > 1 {
                writer.table(&rows)?;
                index += rows.len();
                after_heading = true;
                continue;
            }
            let level = self.heading_level(line, after_heading || line.starts_paragraph);
            after_heading = level.is_some();
            match level {
                Some(level) => writer.heading(level, line)?,
                None => writer.line(line)?,
            }
            index += 1;
        }
        writer.flush(BlockKind::Paragraph)
    }

    fn heading_level(&self, line: &Line, after_gap: bool) -> Option<u8> {
        if line.cells.len() > 2 {
            return None;
        }
        if let Some(size) = self.larger_than_body(line) {
            let rank = self.heading_sizes.iter().position(|&other| other == size)?;
            return Some(u8::try_from(rank + 1).unwrap_or(9).min(8));
        }
        let style = line.style?;
        let set_apart = style.bold
            && !self.body_is_bold
            && after_gap
            && style.half_points * 20 >= self.body * 19;
        let reads_as_title = line.text.len() <= MAX_BOLD_HEADING_BYTES
            && line
                .text
                .starts_with(|first: char| first.is_uppercase() || first.is_ascii_digit())
            && !line.text.ends_with(['.', ',', ';', ':'])
            && line.text.contains(char::is_alphabetic);
        (set_apart && reads_as_title && line.cells.is_empty()).then(|| {
            u8::try_from(self.heading_sizes.len() + 1)
                .unwrap_or(9)
                .min(9)
        })
    }

    /// The size of a line that is clearly larger than running text.
    fn larger_than_body(&self, line: &Line) -> Option<u32> {
        let Style { half_points, .. } = line.style?;
        let is_title =
            line.text.len() <= MAX_HEADING_BYTES && line.text.contains(char::is_alphabetic);
        (is_title && half_points * 100 >= self.body * 114).then_some(half_points)
    }

    fn is_furniture(&self, line: &Line) -> bool {
        self.furniture.contains(&without_numbers(&line.text))
    }

    fn without_furniture<'l>(&self, lines: &'l [Line]) -> Vec<&'l Line> {
        let edges = edges(lines);
        let kept: Vec<&Line> = lines
            .iter()
            .enumerate()
            .filter(|(index, line)| !(edges.contains(index) && self.is_furniture(line)))
            .map(|(_, line)| line)
            .collect();
        // A page that is all head and foot is better shown than empty.
        if kept.is_empty() {
            return lines.iter().collect();
        }
        kept
    }
}

/// Size and weight of most characters.
fn running_text<'p>(pages: impl Iterator<Item = &'p PageLines>) -> (u32, bool) {
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    let (mut bold_bytes, mut all_bytes) = (0, 0);
    for (&(size, bold), &bytes) in pages.flat_map(|page| &page.characters) {
        *sizes.entry(size).or_default() += bytes;
        all_bytes += bytes;
        bold_bytes += if bold { bytes } else { 0 };
    }
    let body = sizes
        .into_iter()
        .max_by_key(|&(size, bytes)| (bytes, size))
        .map_or(0, |(size, _)| size);
    (body, bold_bytes * 2 > all_bytes)
}

/// Indexes of the outermost lines.
fn edges(lines: &[Line]) -> Vec<usize> {
    let first = 0..lines.len().min(EDGE_LINES);
    first
        .chain(lines.len().saturating_sub(EDGE_LINES)..lines.len())
        .collect()
}

/// Lines that come back at the edge of page after page: titles of the
/// document, of a chapter, numbers. Left and right pages may differ.
fn furniture<'p>(pages: impl Iterator<Item = &'p PageLines>) -> HashSet<String> {
    let mut runs: HashMap<String, Run> = HashMap::new();
    let mut repeated = HashSet::new();
    for (number, page) in pages.enumerate() {
        let keys: HashSet<String> = edges(&page.lines)
            .into_iter()
            .map(|index| page.lines[index].text.as_str())
            .filter(|text| text.len() <= MAX_HEADING_BYTES && text.contains(char::is_alphanumeric))
            .map(without_numbers)
            .collect();
        for key in keys {
            let run = runs.entry(key.clone()).or_default();
            run.pages = if number <= run.last + 2 {
                run.pages + 1
            } else {
                1
            };
            run.last = number;
            if run.pages >= FURNITURE_PAGES {
                repeated.insert(key);
            }
        }
    }
    repeated
}

/// How often a line came back without a longer break.
#[derive(Default)]
struct Run {
    pages: usize,
    last: usize,
}

fn without_numbers(line: &str) -> String {
    line.chars()
        .filter(|character| character.is_alphabetic())
        .collect()
}

/// Joins lines into blocks.
struct Writer<'w, 'c> {
    collector: &'w mut Collector<'c>,
    text: String,
    kind: BlockKind,
}

impl Writer<'_, '_> {
    fn line(&mut self, line: &Line) -> Result<(), ExtractError> {
        if line.style.is_some_and(|style| style.monospace) {
            if self.kind != BlockKind::Code {
                self.flush(BlockKind::Code)?;
            }
            self.text.push_str(&line.text);
            self.text.push('\n');
            return Ok(());
        }
        if let Some(item) = list_item(&line.text) {
            self.flush(BlockKind::ListItem)?;
            self.text.push_str(item);
            return Ok(());
        }
        if line.starts_paragraph || matches!(self.kind, BlockKind::Code | BlockKind::Heading(_)) {
            self.flush(BlockKind::Paragraph)?;
        }
        self.join(&line.text);
        Ok(())
    }

    /// Appends a line; a hyphen that divides a word goes away.
    fn join(&mut self, line: &str) {
        let divides = self.text.ends_with('-')
            && self
                .text
                .chars()
                .rev()
                .nth(1)
                .is_some_and(char::is_lowercase)
            && line.starts_with(char::is_lowercase);
        if divides {
            self.text.pop();
        } else if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(line);
    }

    /// A title may run over two lines.
    fn heading(&mut self, level: u8, line: &Line) -> Result<(), ExtractError> {
        if self.kind != BlockKind::Heading(level) || line.starts_paragraph {
            self.flush(BlockKind::Heading(level))?;
        }
        self.join(&line.text);
        Ok(())
    }

    fn table(&mut self, rows: &[&Line]) -> Result<(), ExtractError> {
        self.flush(BlockKind::Paragraph)?;
        let even = rows
            .iter()
            .all(|row| row.cells.len() == rows[0].cells.len());
        let is_bold = |row: &Line| row.style.is_some_and(|style| style.bold);
        if even && is_bold(rows[0]) && !is_bold(rows[1]) {
            let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells.clone()).collect();
            return write_table(&cells, true, self.collector);
        }
        // A PDF does not say which row is the header, nor where a cell of several lines belongs.
        rows.iter().try_for_each(|row| {
            self.collector
                .push(BlockKind::TableRow, &row.cells.join(" | "))
        })
    }

    fn flush(&mut self, next: BlockKind) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.text);
        match self.kind {
            BlockKind::Heading(level) => self.collector.heading(level, &text)?,
            kind => self.collector.push(kind, &text)?,
        }
        self.kind = next;
        Ok(())
    }
}

/// The text of an item behind its bullet; a numbered item keeps its number.
fn list_item(line: &str) -> Option<&str> {
    let bullet = line
        .chars()
        .next()
        .filter(|first| "•◦▪‣●○■–·∙*-".contains(*first));
    if let Some(bullet) = bullet {
        let rest = &line[bullet.len_utf8()..];
        return rest
            .starts_with(char::is_whitespace)
            .then(|| rest.trim_start());
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marker = &line[digits..];
    ((1..=2).contains(&digits) && (marker.starts_with(". ") || marker.starts_with(") ")))
        .then_some(line)
}
