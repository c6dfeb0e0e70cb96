//! Headings, paragraphs, lists, tables and notes of an OpenDocument text.

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;
use crate::format::Format;
use crate::xml::{Element, Node, Reader};

use super::super::flow::{self, Pages, Rows, add_to_cell};

/// Comments, deleted text, and the table of contents, which repeats headings.
const SKIPPED: [&str; 5] = [
    "annotation",
    "tracked-changes",
    "table-of-content",
    "note-citation",
    "forms",
];
/// Repeats of an empty cell fill the rest of a row; only the first few can matter.
const MAX_REPEATED_CELLS: usize = 64;
const MAX_SPACES: usize = 64;

pub(super) fn read(xml: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let mut body = Body::default();
    if xml.contains("soft-page-break") {
        body.pages = Pages::begin(collector)?;
    }
    let mut reader = Reader::new(xml, Format::Odt, collector.limits());
    while let Some(node) = reader.next()? {
        match node {
            Node::Open(element) if SKIPPED.contains(&element.name()) => reader.skip()?,
            Node::Open(element) => body.open(&element, collector)?,
            Node::Text(text) => body.text(&text),
            Node::Close(closing) => body.close(closing.name(), collector)?,
        }
    }
    Ok(())
}

/// A paragraph or heading being read; frames and notes nest them.
struct Paragraph {
    text: String,
    heading: Option<u8>,
}

#[derive(Default)]
struct Table {
    rows: Rows,
    header_marked: bool,
    /// How often the cell being read stands in its row.
    repeat: usize,
}

#[derive(Default)]
struct Body {
    pages: Pages,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    list_depth: usize,
    note_depth: usize,
}

impl Body {
    fn open(
        &mut self,
        element: &Element<'_>,
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        match element.name() {
            "h" => {
                let level = element
                    .attribute("outline-level")
                    .and_then(|level| level.parse().ok());
                self.begin(Some(level.unwrap_or(1)));
            }
            "p" => self.begin(None),
            "s" => {
                let count = element
                    .attribute("c")
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(1);
                self.append(&" ".repeat(count.min(MAX_SPACES)));
            }
            "tab" => self.append("\t"),
            "line-break" => self.append("\n"),
            "soft-page-break" => self.page_break(collector)?,
            "list-item" | "list-header" => self.list_depth += 1,
            "note" => self.note_depth += 1,
            "table" => self.tables.push(Table::default()),
            "table-header-rows" => {
                if let Some(table) = self.tables.last_mut() {
                    table.header_marked |= table.rows.is_empty();
                }
            }
            "table-row" => {
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(Vec::new());
                }
            }
            "table-cell" | "covered-table-cell" => self.begin_cell(element),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, heading: Option<u8>) {
        self.paragraphs.push(Paragraph {
            text: String::new(),
            heading,
        });
    }

    fn begin_cell(&mut self, element: &Element<'_>) {
        if let Some(table) = self.tables.last_mut() {
            table.repeat = element
                .attribute("number-columns-repeated")
                .and_then(|count| count.parse().ok())
                .unwrap_or(1)
                .clamp(1, MAX_REPEATED_CELLS);
            if let Some(row) = table.rows.last_mut() {
                row.push(String::new());
            }
        }
    }

    /// White space in the source counts once; more of it is written as `text:s`.
    fn text(&mut self, text: &str) {
        let Some(paragraph) = self.paragraphs.last_mut() else {
            return;
        };
        for character in text.chars() {
            if !character.is_whitespace() {
                paragraph.text.push(character);
            } else if !paragraph.text.ends_with(' ') {
                paragraph.text.push(' ');
            }
        }
    }

    fn append(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn close(&mut self, name: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        match name {
            "h" | "p" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.end_paragraph(&paragraph, collector)?;
                }
            }
            "list-item" | "list-header" => self.list_depth = self.list_depth.saturating_sub(1),
            "note" => self.note_depth = self.note_depth.saturating_sub(1),
            "table-cell" | "covered-table-cell" => self.end_cell(),
            "table" => {
                if let Some(table) = self.tables.pop() {
                    let outer = self.tables.last_mut();
                    let outer = outer.and_then(|outer| flow::open_cell(&mut outer.rows));
                    let marked = table.header_marked;
                    flow::end_table(&table.rows, marked, outer, &mut self.pages, collector)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_paragraph(
        &mut self,
        paragraph: &Paragraph,
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        if self.note_depth > 0 {
            return collector.push(BlockKind::Note, &paragraph.text);
        }
        if let Some(cell) = self.cell() {
            add_to_cell(cell, &paragraph.text);
            return Ok(());
        }
        match paragraph.heading {
            Some(level) => collector.heading(level, &paragraph.text),
            None if self.list_depth > 0 => collector.push(BlockKind::ListItem, &paragraph.text),
            None => collector.push(BlockKind::Paragraph, &paragraph.text),
        }
    }

    fn cell(&mut self) -> Option<&mut String> {
        flow::open_cell(&mut self.tables.last_mut()?.rows)
    }

    fn end_cell(&mut self) {
        if let Some(table) = self.tables.last_mut()
            && let Some(row) = table.rows.last_mut()
            && let Some(cell) = row.last().cloned()
        {
            row.extend(std::iter::repeat_n(cell, table.repeat.saturating_sub(1)));
            table.repeat = 1;
        }
    }

    /// The part of a paragraph before the break belongs to the old page; a
    /// table or a note is not torn apart.
    fn page_break(&mut self, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        self.pages.note_break();
        if !self.tables.is_empty() || self.note_depth > 0 {
            return Ok(());
        }
        if let [paragraph] = self.paragraphs.as_mut_slice() {
            let before = std::mem::take(&mut paragraph.text);
            collector.push(BlockKind::Paragraph, &before)?;
        }
        self.pages.turn(collector)
    }
}
