//! One reader per format, all writing into the same collector.

mod delimited;
mod docx;
mod flow;
mod html;
mod markdown;
mod odt;
mod pdf;
mod plain;
mod pptx;
mod xlsx;

use std::io::ErrorKind;
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
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() && metadata.len() == 0 {
        return Err(ExtractError::Empty);
    }
    let mut collector = Collector::new(limits, sink);
    read(path, format, &mut collector).map_err(|error| match error {
        // Where an allocation may fail without ending the process, it is an error of reading.
        ExtractError::Io(reason) if reason == ErrorKind::OutOfMemory.to_string() => {
            ExtractError::OutOfMemory {
                allowed_mib: limits.memory_bytes >> 20,
            }
        }
        error => error,
    })?;
    collector.finish()
}

fn read(path: &Path, format: Format, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    match format {
        Format::Pdf => pdf::read(path, collector),
        Format::Docx => docx::read(path, collector),
        Format::Pptx => pptx::read(path, collector),
        Format::Xlsx => xlsx::read(path, collector),
        Format::Odt => odt::read(path, collector),
        Format::Html => html::read(&std::fs::read(path)?, collector),
        Format::Markdown => markdown::read(&text(path, collector)?, collector),
        Format::Csv => delimited::read(&text(path, collector)?, None, collector),
        Format::Tsv => delimited::read(&text(path, collector)?, Some(b'\t'), collector),
        Format::Plain => plain::read(&text(path, collector)?, collector),
        Format::OtherText => plain::read_source(&text(path, collector)?, collector),
    }
}

fn text(path: &Path, collector: &mut Collector<'_>) -> Result<String, ExtractError> {
    let decoded = encoding::decode(&std::fs::read(path)?, None)?;
    if decoded.guessed {
        collector.warn(GUESSED.to_owned());
    }
    Ok(decoded.text)
}
