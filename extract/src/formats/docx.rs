//! Word documents (WordprocessingML, ECMA-376 part 1, chapter 17).

mod body;
mod styles;

use std::path::Path;

use crate::collector::Collector;
use crate::error::ExtractError;
use crate::format::Format;
use crate::package::Package;

pub(super) fn read(path: &Path, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let limits = collector.limits();
    let mut package = Package::open(path, Format::Docx, limits)?;
    let document = package.require_xml("word/document.xml")?;
    let styles = match package.read_xml("word/styles.xml")? {
        Some(xml) => styles::read(&xml, limits)?,
        None => styles::Styles::default(),
    };
    body::read(&document, &styles, collector)?;
    for part in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(xml) = package.read_xml(part)? {
            body::read_notes(&xml, collector)?;
        }
    }
    Ok(())
}
