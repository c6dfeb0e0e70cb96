//! PowerPoint presentations: a slide is a page, in the order in which they are shown.

mod slide;

use std::path::Path;

use crate::collector::Collector;
use crate::error::ExtractError;
use crate::format::Format;
use crate::limits::Limits;
use crate::package::{Package, Relationships};
use crate::xml::{Node, Reader};

const PRESENTATION: &str = "ppt/presentation.xml";

pub(super) fn read(path: &Path, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let limits = collector.limits();
    let mut package = Package::open(path, Format::Pptx, limits)?;
    let slides = slide_parts(&mut package, limits)?;
    let total = u32::try_from(slides.len()).unwrap_or(u32::MAX);
    for (number, part) in (1..).zip(&slides) {
        collector.begin_page(number)?;
        let xml = package.require_xml(part)?;
        slide::read(&xml, collector)?;
        let notes = Relationships::of(&mut package, part, limits)?
            .of_kind("/notesSlide")
            .map(str::to_owned);
        if let Some(notes) = notes
            && let Some(xml) = package.read_xml(&notes)?
        {
            slide::read_notes(&xml, collector)?;
        }
        collector.progress(number, Some(total))?;
    }
    Ok(())
}

/// The slides' parts in the order of the presentation: file numbers tell
/// only when a slide was made.
fn slide_parts(package: &mut Package, limits: &Limits) -> Result<Vec<String>, ExtractError> {
    let relationships = Relationships::of(package, PRESENTATION, limits)?;
    let xml = package.require_xml(PRESENTATION)?;
    let mut reader = Reader::new(&xml, Format::Pptx, limits);
    let mut parts = Vec::new();
    while let Some(node) = reader.next()? {
        if let Node::Open(element) = node
            && element.name() == "sldId"
            && let Some(id) = element.prefixed_attribute("id")
        {
            let part = relationships.target(&id).ok_or_else(|| package.damaged())?;
            parts.push(part.to_owned());
        }
    }
    Ok(parts)
}
