//! Tags and text in, blocks out.

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;
use crate::table::write_table;

/// The `main` element is trusted to hold the page's text from this many bytes on.
const MAIN_BYTES: usize = 200;

/// A finished piece of the page.
enum Piece {
    Text(BlockKind, String),
    Table {
        rows: Vec<Vec<String>>,
        header_marked: bool,
    },
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    header_marked: bool,
}

/// Gathers the whole page: only at its end it is known whether `main` holds the text.
pub(super) struct Blocks {
    pieces: Vec<(bool, Piece)>,
    text: String,
    kind: BlockKind,
    preformatted: bool,
    in_title: bool,
    title: String,
    main_depth: usize,
    tables: Vec<Table>,
    bytes: u64,
    max_bytes: u64,
}

impl Blocks {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self {
            pieces: Vec::new(),
            text: String::new(),
            kind: BlockKind::Paragraph,
            preformatted: false,
            in_title: false,
            title: String::new(),
            main_depth: 0,
            tables: Vec::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// Whether more text was met than the collector will take.
    pub(super) fn overflown(&self) -> bool {
        self.bytes > self.max_bytes
    }

    pub(super) fn open(&mut self, name: &str) {
        match name {
            "title" => self.in_title = true,
            "br" => self.text.push('\n'),
            "main" | "article" => {
                self.flush(BlockKind::Paragraph);
                self.main_depth += 1;
            }
            "pre" => {
                self.flush(BlockKind::Code);
                self.preformatted = true;
            }
            "li" | "dt" | "dd" => self.flush(BlockKind::ListItem),
            "table" => {
                self.flush(BlockKind::Paragraph);
                self.tables.push(Table::default());
            }
            "tr" => {
                self.end_cell();
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(Vec::new());
                }
            }
            "td" | "th" => self.begin_cell(name == "th"),
            _ => {
                if let Some(level) = heading_level(name) {
                    self.flush(BlockKind::Heading(level));
                } else if is_block(name) {
                    self.end_block();
                }
            }
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        match name {
            "title" => self.in_title = false,
            "main" | "article" => {
                self.flush(BlockKind::Paragraph);
                self.main_depth = self.main_depth.saturating_sub(1);
            }
            "pre" => {
                self.flush(BlockKind::Paragraph);
                self.preformatted = false;
            }
            "li" | "dt" | "dd" => self.flush(BlockKind::Paragraph),
            "td" | "th" | "tr" => self.end_cell(),
            "table" => self.end_table(),
            _ if heading_level(name).is_some() => self.flush(BlockKind::Paragraph),
            _ if is_block(name) => self.end_block(),
            _ => {}
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
        if self.in_title {
            self.title.push_str(text);
        } else if self.preformatted {
            self.text.push_str(text);
        } else {
            for character in text.chars() {
                if !character.is_whitespace() || character == '\u{a0}' {
                    self.text.push(character);
                } else if !self.text.ends_with([' ', '\n']) {
                    self.text.push(' ');
                }
            }
        }
    }

    /// A paragraph inside an item or a cell is part of it.
    fn end_block(&mut self) {
        if self.tables.is_empty() {
            let kind = if self.preformatted {
                BlockKind::Code
            } else {
                self.inherited_kind()
            };
            self.flush(kind);
        } else if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    fn inherited_kind(&self) -> BlockKind {
        match self.kind {
            BlockKind::ListItem => BlockKind::ListItem,
            _ => BlockKind::Paragraph,
        }
    }

    /// Ends the current block; `next` is the kind of what follows.
    fn flush(&mut self, next: BlockKind) {
        if !self.tables.is_empty() {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            return;
        }
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            self.pieces
                .push((self.main_depth > 0, Piece::Text(self.kind, text)));
        }
        self.kind = next;
    }

    fn begin_cell(&mut self, heading: bool) {
        self.end_cell();
        let Some(table) = self.tables.last_mut() else {
            return self.flush(BlockKind::Paragraph);
        };
        if table.rows.is_empty() {
            table.rows.push(Vec::new());
        }
        // One heading cell at the start of each row names rows, not columns.
        table.header_marked = match table.rows.as_slice() {
            [first] if heading => first.is_empty() || table.header_marked,
            [_] => false,
            _ => table.header_marked,
        };
        if let Some(row) = table.rows.last_mut() {
            row.push(String::new());
        }
    }

    fn end_cell(&mut self) {
        let cell = self
            .tables
            .last_mut()
            .and_then(|table| table.rows.last_mut())
            .and_then(|row| row.last_mut());
        if let Some(cell) = cell {
            cell.push_str(&std::mem::take(&mut self.text));
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.pop() else {
            return;
        };
        if self.tables.is_empty() {
            self.text.clear();
            let piece = Piece::Table {
                rows: table.rows,
                header_marked: table.header_marked,
            };
            self.pieces.push((self.main_depth > 0, piece));
            self.kind = BlockKind::Paragraph;
        } else {
            // A table within a cell is layout: its text belongs to that cell.
            for row in table.rows {
                self.text.push_str(&row.join(" "));
                self.text.push(' ');
            }
        }
    }

    pub(super) fn write(mut self, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        while !self.tables.is_empty() {
            self.end_table();
        }
        self.flush(BlockKind::Paragraph);
        let main_bytes: usize = self
            .pieces
            .iter()
            .filter(|(main, _)| *main)
            .map(|(_, piece)| piece.bytes())
            .sum();
        let main_only = main_bytes >= MAIN_BYTES;
        let opens_with_heading = self
            .pieces
            .iter()
            .find(|(main, _)| *main || !main_only)
            .is_some_and(|(_, piece)| matches!(piece, Piece::Text(BlockKind::Heading(1), _)));
        if !opens_with_heading {
            collector.heading(1, &self.title)?;
        }
        for (in_main, piece) in self.pieces {
            if in_main || !main_only {
                piece.write(collector)?;
            }
        }
        Ok(())
    }
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(_, text) => text.len(),
            Self::Table { rows, .. } => rows.iter().flatten().map(String::len).sum(),
        }
    }

    fn write(self, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        match self {
            Self::Text(BlockKind::Heading(level), text) => collector.heading(level, &text),
            Self::Text(kind, text) => collector.push(kind, &text),
            Self::Table {
                rows,
                header_marked,
            } => {
                // One column is a page laid out by a table.
                if rows.iter().all(|row| row.len() <= 1) {
                    return rows
                        .iter()
                        .flatten()
                        .try_for_each(|cell| collector.push(BlockKind::Paragraph, cell));
                }
                write_table(&rows, header_marked, collector)
            }
        }
    }
}

fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "aside"
            | "header"
            | "blockquote"
            | "figure"
            | "figcaption"
            | "address"
            | "ul"
            | "ol"
            | "dl"
            | "hr"
            | "body"
            | "details"
            | "summary"
            | "fieldset"
            | "form"
            | "caption"
            | "center"
            | "hgroup"
            | "legend"
    )
}
