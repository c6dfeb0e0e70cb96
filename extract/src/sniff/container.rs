//! A look inside ZIP and OLE2 files, which hold many formats under one signature.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;

use super::archive_end::claimed_files;
use super::legacy::Legacy;
use super::refusal::TypeRefusal;
use crate::format::Format;
use crate::limits::MAX_ARCHIVE_ENTRIES;

/// Compound File Binary header, MS-CFB section 2.2.
pub(super) const OLE2_MAGIC: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

const PARTS: [(&str, Format); 3] = [
    ("word/document.xml", Format::Docx),
    ("ppt/presentation.xml", Format::Pptx),
    ("xl/workbook.xml", Format::Xlsx),
];

/// Which office format an archive is.
pub(super) fn office_format(path: &Path, meant: Option<Format>) -> Result<Format, TypeRefusal> {
    let name = meant.map_or("ZIP archive", Format::display_name);
    let mut file = File::open(path).map_err(|error| io_refusal(&error))?;
    let claimed = claimed_files(&mut file).map_err(|error| io_refusal(&error))?;
    if claimed > MAX_ARCHIVE_ENTRIES as u64 {
        return Err(TypeRefusal::TooManyFiles(name, MAX_ARCHIVE_ENTRIES));
    }
    let Ok(mut archive) = ZipArchive::new(BufReader::new(file)) else {
        return Err(TypeRefusal::Damaged(name));
    };
    if let Some((_, format)) = PARTS
        .iter()
        .find(|(part, _)| archive.index_for_name(part).is_some())
    {
        return Ok(*format);
    }
    let mut mimetype = String::new();
    if let Ok(entry) = archive.by_name("mimetype") {
        // A mimetype that cannot be read names no format.
        let _ignored = entry.take(100).read_to_string(&mut mimetype);
    }
    let mimetype = mimetype.trim();
    if mimetype == Format::Odt.mime() {
        return Ok(Format::Odt);
    }
    Err(match (Legacy::from_mime(mimetype), meant) {
        (Some(legacy), _) => TypeRefusal::Legacy(legacy),
        (None, Some(format)) => TypeRefusal::mismatch(format, "a ZIP archive"),
        (None, None) => TypeRefusal::unsupported("application/zip"),
    })
}

/// An OLE2 file is an old Office document, or a new one behind a password.
pub(super) fn refuse_ole2(declared: &str, extension: &str, path: &Path) -> TypeRefusal {
    match directory(path) {
        Ok(sector) if contains_name(&sector, "EncryptedPackage") => TypeRefusal::Encrypted,
        Ok(sector) => TypeRefusal::Legacy(
            [
                ("WordDocument", Legacy::Word),
                ("Workbook", Legacy::Excel),
                ("PowerPoint Document", Legacy::PowerPoint),
            ]
            .into_iter()
            .find(|(stream, _)| contains_name(&sector, stream))
            .map(|(_, legacy)| legacy)
            .or_else(|| Legacy::from_mime(declared))
            .or_else(|| Legacy::from_extension(extension))
            .unwrap_or(Legacy::OldOffice),
        ),
        Err(error) => io_refusal(&error),
    }
}

/// The first sector of the directory, which names the top streams.
fn directory(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut header = Vec::new();
    file.by_ref().take(512).read_to_end(&mut header)?;
    let field = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_le_bytes)
    };
    let shift = header.get(30).copied().unwrap_or(9).clamp(9, 12);
    let first = field(48).unwrap_or(0);
    file.seek(SeekFrom::Start((u64::from(first) + 1) << shift))?;
    let mut sector = Vec::new();
    file.take(4096).read_to_end(&mut sector)?;
    Ok(sector)
}

/// Names of streams are UTF-16, little endian.
fn contains_name(sector: &[u8], name: &str) -> bool {
    let encoded: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    super::contains(sector, &encoded)
}

fn io_refusal(error: &io::Error) -> TypeRefusal {
    TypeRefusal::Io(error.kind().to_string())
}
