//! PDF: pages, and within them lines put together again into paragraphs.

mod columns;
mod layout;
mod lines;

use std::path::Path;

use pdf_oxide::PdfDocument;
use pdf_oxide::error::Error;
use pdf_oxide::layout::TextSpan;

use crate::collector::{Collector, check_pages, check_text};
use crate::error::ExtractError;
use crate::format::Format;

use layout::Layout;
use lines::PageLines;

pub(super) fn read(path: &Path, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let document = PdfDocument::open(path).map_err(|error| refusal(&error))?;
    // Without its password a document opens, but its pages seem empty.
    if document.is_encrypted() && !document.is_authenticated() {
        return Err(ExtractError::Encrypted(name()));
    }
    let count = document.page_count().map_err(|error| refusal(&error))?;
    check_pages(collector.limits(), count)?;
    if count == 0 {
        return Err(damaged());
    }
    let pages = read_pages(&document, count, collector)?;
    if pages
        .iter()
        .all(|page| page.as_ref().is_none_or(|page| page.lines.is_empty()))
    {
        return Err(without_text(&document, &pages));
    }
    warn(&pages, collector);
    let layout = Layout::of(pages.iter().flatten());
    for (number, page) in (1..).zip(&pages) {
        collector.begin_page(number)?;
        if let Some(page) = page {
            layout.write(page, collector)?;
        }
    }
    Ok(())
}

/// All pages; `None` for each that cannot be read.
fn read_pages(
    document: &PdfDocument,
    count: usize,
    collector: &mut Collector<'_>,
) -> Result<Vec<Option<PageLines>>, ExtractError> {
    let total = u32::try_from(count).unwrap_or(u32::MAX);
    let mut pages = Vec::with_capacity(count);
    let mut text_bytes = 0;
    for (done, index) in (1..).zip(0..count) {
        let page = match read_page(document, index) {
            Ok(page) => Some(page),
            Err(Error::EncryptedPdf) => return Err(ExtractError::Encrypted(name())),
            Err(_) => None,
        };
        text_bytes += page
            .iter()
            .flat_map(|page| &page.lines)
            .map(|line| line.text.len() as u64)
            .sum::<u64>();
        check_text(collector.limits(), text_bytes, 0)?;
        pages.push(page);
        collector.progress(done, Some(total))?;
    }
    Ok(pages)
}

fn read_page(document: &PdfDocument, index: usize) -> Result<PageLines, Error> {
    let spans = document.extract_spans(index)?;
    if spans.iter().any(is_written_otherwise) {
        return Ok(PageLines::from_text(&document.extract_text(index)?));
    }
    Ok(PageLines::from_spans(&spans))
}

/// Neither from left to right nor level: Hebrew, Arabic, turned or vertical text.
fn is_written_otherwise(span: &TextSpan) -> bool {
    let turned = span.rotation_degrees.abs() > 1.0 || span.wmode != 0;
    turned || span.text.chars().any(|character| matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'))
}

/// No page gave text: pictures mean a scan, failures a damaged file.
fn without_text(document: &PdfDocument, pages: &[Option<PageLines>]) -> ExtractError {
    let has_picture = |index: usize| {
        document
            .page_image_handles(index)
            .is_ok_and(|pictures| !pictures.is_empty())
    };
    if (0..pages.len()).any(has_picture) {
        return ExtractError::Scanned {
            pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        };
    }
    if pages.iter().any(Option::is_none) {
        return damaged();
    }
    ExtractError::Empty
}

fn warn(pages: &[Option<PageLines>], collector: &mut Collector<'_>) {
    let unreadable = pages.iter().filter(|page| page.is_none()).count();
    if unreadable > 0 {
        collector.warn(format!(
            "{unreadable} of {} pages could not be read.",
            pages.len()
        ));
    }
    let empty = pages
        .iter()
        .flatten()
        .filter(|page| page.lines.is_empty())
        .count();
    if empty > 0 {
        collector.warn(format!(
            "{empty} of {} pages hold no text; if they are scanned, run text recognition (OCR) over the file.",
            pages.len()
        ));
    }
}

fn refusal(error: &Error) -> ExtractError {
    match error {
        Error::EncryptedPdf => ExtractError::Encrypted(name()),
        Error::Io(cause) if cause.kind() != std::io::ErrorKind::UnexpectedEof => {
            ExtractError::Io(cause.kind().to_string())
        }
        _ => damaged(),
    }
}

fn damaged() -> ExtractError {
    ExtractError::Damaged(name())
}

fn name() -> String {
    Format::Pdf.display_name().to_owned()
}
