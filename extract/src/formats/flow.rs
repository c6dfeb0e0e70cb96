//! What the formats of word processors have in common: pages as they were last laid out, and tables
//! that stand in cells of others.

use crate::collector::Collector;
use crate::error::ExtractError;
use crate::table::write_table;

/// The pages, when the document records them.
#[derive(Default)]
pub(super) struct Pages {
    current: Option<u32>,
    breaks_pending: u32,
}

impl Pages {
    /// Pages of a document that records them, from the first.
    pub(super) fn begin(collector: &mut Collector<'_>) -> Result<Self, ExtractError> {
        collector.begin_page(1)?;
        Ok(Self {
            current: Some(1),
            breaks_pending: 0,
        })
    }

    /// A page ended; what is being read still belongs to it.
    pub(super) const fn note_break(&mut self) {
        self.breaks_pending += 1;
    }

    /// What comes from now on stands on the pages after the breaks.
    pub(super) fn turn(&mut self, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        for _ in 0..std::mem::take(&mut self.breaks_pending) {
            if let Some(page) = &mut self.current {
                *page += 1;
                collector.begin_page(*page)?;
            }
        }
        Ok(())
    }
}

/// A table's rows of cells.
pub(super) type Rows = Vec<Vec<String>>;

/// The cell being read.
pub(super) fn open_cell(rows: &mut Rows) -> Option<&mut String> {
    rows.last_mut()?.last_mut()
}

/// Adds text to a cell, apart from what is there.
pub(super) fn add_to_cell(cell: &mut String, text: &str) {
    cell.push_str(text);
    cell.push(' ');
}

/// Writes a table that has ended; one inside a cell is part of that cell's text.
pub(super) fn end_table(
    rows: &Rows,
    header_marked: bool,
    outer: Option<&mut String>,
    pages: &mut Pages,
    collector: &mut Collector<'_>,
) -> Result<(), ExtractError> {
    if let Some(cell) = outer {
        for row in rows {
            add_to_cell(cell, &row.join(" "));
        }
        return Ok(());
    }
    write_table(rows, header_marked, collector)?;
    pages.turn(collector)
}
