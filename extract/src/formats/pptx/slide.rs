//! Text of one slide or of its notes, from DrawingML (ECMA-376 part 1, chapters 19 and 21).

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;
use crate::format::Format;
use crate::table::write_table;
use crate::xml::{Element, Node, Reader};

/// The role of the shape that text stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Title,
    Body,
    /// Slide number, date, footer: the same on every slide.
    Furniture,
    Other,
}

pub(super) fn read(xml: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    Walker::default().walk(xml, false, collector)
}

/// Speaker's notes: of their page only the body is text, the rest repeats the slide.
pub(super) fn read_notes(xml: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    Walker::default().walk(xml, true, collector)
}

struct Walker {
    shape: Shape,
    paragraph: String,
    in_text: bool,
    rows: Vec<Vec<String>>,
    header_marked: bool,
    in_table: bool,
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            shape: Shape::Other,
            paragraph: String::new(),
            in_text: false,
            rows: Vec::new(),
            header_marked: false,
            in_table: false,
        }
    }
}

impl Walker {
    fn walk(
        &mut self,
        xml: &str,
        notes: bool,
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        let mut reader = Reader::new(xml, Format::Pptx, collector.limits());
        while let Some(node) = reader.next()? {
            match node {
                Node::Open(element) if element.name() == "Fallback" => reader.skip()?,
                Node::Open(element) => self.open(&element),
                Node::Text(text) if self.in_text => self.paragraph.push_str(&text),
                Node::Text(_) => {}
                Node::Close(closing) => self.close(closing.name(), notes, collector)?,
            }
        }
        Ok(())
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name() {
            "sp" => self.shape = Shape::Other,
            "ph" => self.shape = shape(element.attribute("type").as_deref()),
            "t" => self.in_text = true,
            "br" => self.paragraph.push('\n'),
            "tbl" => {
                self.in_table = true;
                self.header_marked = false;
                self.rows.clear();
            }
            "tblPr" => {
                self.header_marked = element
                    .attribute("firstRow")
                    .is_some_and(|value| value == "1" || value == "true");
            }
            "tr" if self.in_table => self.rows.push(Vec::new()),
            "tc" if self.in_table => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn close(
        &mut self,
        name: &str,
        notes: bool,
        collector: &mut Collector<'_>,
    ) -> Result<(), ExtractError> {
        match name {
            "t" => self.in_text = false,
            "p" => {
                let text = std::mem::take(&mut self.paragraph);
                if let Some(cell) = self
                    .rows
                    .last_mut()
                    .and_then(|row| row.last_mut())
                    .filter(|_| self.in_table)
                {
                    cell.push_str(&text);
                    cell.push(' ');
                    return Ok(());
                }
                return match (notes, self.shape) {
                    (true, Shape::Body) => collector.push(BlockKind::Note, &text),
                    (true, _) | (false, Shape::Furniture) => Ok(()),
                    (false, Shape::Title) => collector.heading(1, &text),
                    (false, Shape::Body) => collector.push(BlockKind::ListItem, &text),
                    (false, Shape::Other) => collector.push(BlockKind::Paragraph, &text),
                };
            }
            "tbl" => {
                self.in_table = false;
                return write_table(
                    &std::mem::take(&mut self.rows),
                    self.header_marked,
                    collector,
                );
            }
            _ => {}
        }
        Ok(())
    }
}

fn shape(kind: Option<&str>) -> Shape {
    match kind {
        Some("title" | "ctrTitle") => Shape::Title,
        Some("sldNum" | "dt" | "ftr" | "hdr" | "sldImg") => Shape::Furniture,
        Some("subTitle") => Shape::Other,
        // A placeholder without a type is a content box.
        _ => Shape::Body,
    }
}
