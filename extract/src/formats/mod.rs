//! One reader per format, all writing into the same collector.

mod delimited;
mod docx;
mod html;
mod markdown;
mod odt;
mod pdf;
mod plain;
mod pptx;
mod xlsx;

use std::path::Path;

use crate::collector::{Collector, Gather, PageSink, Summary};
use crate::document::Extracted;
use crate::encoding::{self, GUESSED};
use crate::error::ExtractError;
use crate::format::Format;
use crate::limits::Limits;

/// Reads a document in this process. Only for files that are trusted: memory
/// and time are bounded by [`crate::Extractor`] alone.
pub fn extract(path: &Path, format: Format, limits: &Limits) -> Result<Extracted, ExtractError> {
    let mut gather = Gather::new(limits);
    let summary = extract_into(path, format, limits, &mut gather)?;
    Ok(gather.finish(summary))
}

pub(crate) fn extract_into(
    path: &Path,
    format: Format,
    limits: &Limits,
    sink: &mut dyn PageSink,
) -> Result<Summary, ExtractError> {
    if std::fs::metadata(path)?.len() == 0 {
        return Err(ExtractError::Empty);
    }
    let mut collector = Collector::new(limits, sink);
    match format {
        Format::Pdf => pdf::read(path, &mut collector)?,
        Format::Docx => docx::read(path, &mut collector)?,
        Format::Pptx => pptx::read(path, &mut collector)?,
        Format::Xlsx => xlsx::read(path, &mut collector)?,
        Format::Odt => odt::read(path, &mut collector)?,
        Format::Html => html::read(&std::fs::read(path)?, &mut collector)?,
        Format::Markdown => markdown::read(&text(path, &mut collector)?, &mut collector)?,
        Format::Csv => delimited::read(&text(path, &mut collector)?, None, &mut collector)?,
        Format::Tsv => delimited::read(&text(path, &mut collector)?, Some(b'\t'), &mut collector)?,
        Format::Plain => plain::read(&text(path, &mut collector)?, &mut collector)?,
        Format::OtherText => plain::read_source(&text(path, &mut collector)?, &mut collector)?,
    }
    collector.finish()
}

fn text(path: &Path, collector: &mut Collector<'_>) -> Result<String, ExtractError> {
    let decoded = encoding::decode(&std::fs::read(path)?, None)?;
    if decoded.guessed {
        collector.warn(GUESSED.to_owned());
    }
    Ok(decoded.text)
}
