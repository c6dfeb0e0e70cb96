//! Plain text: paragraphs stand between blank lines, pages between form feeds.

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;

pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    // A form feed that only ends the file starts no second page.
    let pages: Vec<&str> = text.trim_end().split('\u{c}').collect();
    for (index, page) in pages.iter().enumerate() {
        if pages.len() > 1 {
            collector.begin_page(u32::try_from(index + 1).unwrap_or(u32::MAX))?;
        }
        paragraphs(page, BlockKind::Paragraph, collector)?;
    }
    Ok(())
}

/// Source code and configuration: indentation is kept.
pub(super) fn read_source(text: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    paragraphs(text, BlockKind::Code, collector)
}

fn paragraphs(
    text: &str,
    kind: BlockKind,
    collector: &mut Collector<'_>,
) -> Result<(), ExtractError> {
    let mut paragraph = String::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            collector.push(kind, &paragraph)?;
            paragraph.clear();
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    collector.push(kind, &paragraph)
}
