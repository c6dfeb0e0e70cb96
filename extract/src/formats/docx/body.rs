//! Paragraphs, lists and tables of a document's body, and its footnotes.

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;
use crate::format::Format;
use crate::xml::{Element, Node, Reader};

use super::super::flow::{self, Pages, Rows, add_to_cell};
use super::styles::{Role, Styles};

/// Word writes where its pages broke when it last laid the document out;
/// other programs do not, and then pages are not known.
const RENDERED_BREAK: &str = "lastRenderedPageBreak";

/// Subtrees that are not the text of the document: deleted and moved text,
/// repeated content for old readers, and field codes.
const SKIPPED: [&str; 5] = ["del", "moveFrom", "Fallback", "instrText", "delText"];

pub(super) fn read(
    xml: &str,
    styles: &Styles,
    collector: &mut Collector<'_>,
) -> Result<(), ExtractError> {
    let pages = if xml.contains(RENDERED_BREAK) {
        Pages::begin(collector)?
    } else {
        Pages::default()
    };
    Body::new(styles, pages).walk(xml, collector)
}

/// Footnotes or endnotes, each one block; those of negative or zero number are separators.
pub(super) fn read_notes(xml: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let mut reader = Reader::new(xml, Format::Docx, collector.limits());
    let mut note = String::new();
    let mut in_text = false;
    while let Some(node) = reader.next()? {
        match node {
            Node::Open(element) => match element.name() {
                "footnote" | "endnote"
                    if element
                        .attribute("type")
                        .is_some_and(|kind| kind != "normal") =>
                {
                    reader.skip()?;
                }
                name if SKIPPED.contains(&name) => reader.skip()?,
                "t" => in_text = true,
                "tab" | "br" => note.push(' '),
                _ => {}
            },
            Node::Text(text) if in_text => note.push_str(&text),
            Node::Text(_) => {}
            Node::Close(closing) => match closing.name() {
                "t" => in_text = false,
                "p" => note.push('\n'),
                "footnote" | "endnote" => {
                    collector.push(BlockKind::Note, &std::mem::take(&mut note))?;
                }
                _ => {}
            },
        }
    }
    Ok(())
}

/// A paragraph being read; text boxes nest paragraphs inside paragraphs.
#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline_level: Option<u8>,
    numbered: bool,
}

#[derive(Default)]
struct Table {
    rows: Rows,
    header_marked: bool,
}

struct Body<'s> {
    styles: &'s Styles,
    pages: Pages,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    in_text: bool,
}

impl<'s> Body<'s> {
    fn new(styles: &'s Styles, pages: Pages) -> Self {
        Self {
            styles,
            pages,
            paragraphs: Vec::new(),
            tables: Vec::new(),
            in_text: false,
        }
    }

    fn walk(&mut self, xml: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        let mut reader = Reader::new(xml, Format::Docx, collector.limits());
        while let Some(node) = reader.next()? {
            match node {
                Node::Open(element) if SKIPPED.contains(&element.name()) => reader.skip()?,
                Node::Open(element) => self.open(&element, collector)?,
                Node::Text(text) if self.in_text => self.append(&text),
                Node::Text(_) => {}
                Node::Close(closing) => self.close(closing.name(), collector)?,
            }
        }
        Ok(())
    }

    fn open(
        &mut self,
        element: &Element<'_>,
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        match element.name() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "t" => self.in_text = true,
            "tab" => self.append("\t"),
            "br" | "cr" => self.append("\n"),
            "noBreakHyphen" => self.append("-"),
            RENDERED_BREAK => self.page_break(collector)?,
            "tbl" => self.tables.push(Table::default()),
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(Vec::new());
                }
            }
            "tc" => {
                if let Some(row) = self
                    .tables
                    .last_mut()
                    .and_then(|table| table.rows.last_mut())
                {
                    row.push(String::new());
                }
            }
            "tblHeader" => {
                if let Some(table) = self.tables.last_mut() {
                    table.header_marked |= table.rows.len() == 1;
                }
            }
            _ => self.paragraph_property(element),
        }
        Ok(())
    }

    fn paragraph_property(&mut self, element: &Element<'_>) {
        let Some(paragraph) = self.paragraphs.last_mut() else {
            return;
        };
        match element.name() {
            "pStyle" => paragraph.style = element.attribute("val"),
            "outlineLvl" => {
                paragraph.outline_level = element
                    .attribute("val")
                    .and_then(|level| level.parse().ok());
            }
            "numId" => paragraph.numbered = element.attribute("val").is_some_and(|id| id != "0"),
            _ => {}
        }
    }

    fn append(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn close(&mut self, name: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        match name {
            "t" => self.in_text = false,
            "p" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.end_paragraph(&paragraph, collector)?;
                }
            }
            "tbl" => {
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
        let table = self.tables.last_mut();
        if let Some(cell) = table.and_then(|table| flow::open_cell(&mut table.rows)) {
            add_to_cell(cell, &paragraph.text);
            return Ok(());
        }
        match self.role(paragraph) {
            Some(Role::Contents) => Ok(()),
            Some(Role::Heading(level)) => collector.heading(level, &paragraph.text),
            Some(Role::ListItem) => collector.push(BlockKind::ListItem, &paragraph.text),
            Some(Role::Code) => collector.push(BlockKind::Code, &paragraph.text),
            None => collector.push(BlockKind::Paragraph, &paragraph.text),
        }?;
        self.pages.turn(collector)
    }

    fn role(&self, paragraph: &Paragraph) -> Option<Role> {
        let by_style = paragraph
            .style
            .as_deref()
            .and_then(|id| self.styles.role(id));
        let by_outline = paragraph
            .outline_level
            .filter(|level| *level < 9)
            .map(|level| Role::Heading(level + 1));
        by_outline
            .or(by_style)
            .or(paragraph.numbered.then_some(Role::ListItem))
    }

    /// The part of a paragraph before the break belongs to the old page.
    fn page_break(&mut self, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        self.pages.note_break();
        let outermost_paragraph = self.paragraphs.len() == 1 && self.tables.is_empty();
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|_| outermost_paragraph) {
            let before = std::mem::take(&mut paragraph.text);
            collector.push(BlockKind::Paragraph, &before)?;
            self.pages.turn(collector)?;
        }
        Ok(())
    }
}
