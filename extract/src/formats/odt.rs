//! OpenDocument text (OASIS OpenDocument 1.3, part 3).

mod body;

use std::path::Path;

use crate::collector::Collector;
use crate::error::ExtractError;
use crate::format::Format;
use crate::package::Package;

pub(super) fn read(path: &Path, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let mut package = Package::open(path, Format::Odt, collector.limits())?;
    // A password encrypts the entries, not the archive; the manifest says so.
    if let Some(manifest) = package.read_xml("META-INF/manifest.xml")?
        && manifest.contains("encryption-data")
    {
        return Err(ExtractError::Encrypted(
            Format::Odt.display_name().to_owned(),
        ));
    }
    let content = package.require_xml("content.xml")?;
    body::read(&content, collector)
}
