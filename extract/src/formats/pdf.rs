//! PDF: pages, and within them lines put together again into paragraphs.

mod layout;
mod lines;

use std::path::Path;

use pdf_oxide::PdfDocument;
use pdf_oxide::error::Error;

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
        .all(|page| page.as_ref().is_none_or(PageLines::is_empty))
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
        let page = match (document.extract_text(index), document.extract_spans(index)) {
            (Ok(text), Ok(spans)) => {
                text_bytes += text.len() as u64;
                check_text(collector.limits(), text_bytes, 0)?;
                Some(PageLines::new(&text, &spans))
            }
            (Err(Error::EncryptedPdf), _) => return Err(ExtractError::Encrypted(name())),
            _ => None,
        };
        pages.push(page);
        collector.progress(done, Some(total))?;
    }
    Ok(pages)
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
        .filter(|page| page.is_empty())
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
