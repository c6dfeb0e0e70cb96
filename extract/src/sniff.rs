//! What a file is by its content, before anything is stored.

mod archive_end;
mod container;
mod legacy;
mod refusal;

use std::path::Path;

pub use legacy::Legacy;
pub use refusal::TypeRefusal;

use crate::format::{Format, essence};

/// How many bytes of the file's start [`sniff`] wants at least, when it has them.
pub const HEAD_BYTES: usize = 8 << 10;
/// How many bytes of the file's end [`sniff`] wants at least, when it has them.
pub const TAIL_BYTES: usize = 2 << 10;

/// Declared types that say nothing: clients send them when they do not know.
const GENERIC: [&str; 8] = [
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/unknown",
    "application/x-download",
    "application/force-download",
    "application/zip",
    "application/x-zip-compressed",
];

/// A file whose content is what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    pub format: Format,
    /// The canonical MIME type; as declared for [`Format::OtherText`].
    pub mime: String,
}

impl Sniffed {
    fn new(format: Format) -> Self {
        Self {
            format,
            mime: format.mime().to_owned(),
        }
    }
}

/// What the bytes alone tell.
enum Content {
    Exact(Format),
    /// Text formats differ by name, not by content.
    Text,
}

/// Decides what a file is. `head` and `tail` are its first and last bytes
/// ([`HEAD_BYTES`], [`TAIL_BYTES`]); `path` is opened only to look inside
/// archives. A declared type that says nothing gives way to the name's extension.
pub fn sniff(
    declared_mime: Option<&str>,
    file_name: &str,
    head: &[u8],
    tail: &[u8],
    path: &Path,
) -> Result<Sniffed, TypeRefusal> {
    if head.is_empty() {
        return Err(TypeRefusal::Empty);
    }
    let declared = essence(declared_mime.unwrap_or_default());
    let extension = file_name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default();
    let content = content(&declared, &extension, head, tail, path)?;
    if GENERIC.contains(&declared.as_str()) {
        by_extension(&content, &extension)
    } else {
        by_declaration(&content, &declared, &extension)
    }
}

fn by_declaration(
    content: &Content,
    declared: &str,
    extension: &str,
) -> Result<Sniffed, TypeRefusal> {
    let by_name = Format::from_extension(extension);
    let Some(format) = Format::from_mime(declared) else {
        // Windows declares CSV files to be old Excel workbooks.
        return match (content, by_name) {
            (Content::Text, Some(format @ (Format::Csv | Format::Tsv)))
                if declared == "application/vnd.ms-excel" =>
            {
                Ok(Sniffed::new(format))
            }
            _ => Err(Legacy::from_mime(declared)
                .map_or_else(|| TypeRefusal::unsupported(declared), TypeRefusal::Legacy)),
        };
    };
    match content {
        Content::Exact(found) if *found == format => Ok(Sniffed::new(format)),
        Content::Exact(found) => Err(TypeRefusal::mismatch(format, found.display_name())),
        Content::Text if !format.is_text() => Err(TypeRefusal::mismatch(format, "text")),
        Content::Text => Ok(match (format, by_name) {
            (Format::Plain, Some(refined)) if refined.is_text() => Sniffed::new(refined),
            (Format::OtherText, _) => Sniffed {
                format,
                mime: declared.to_owned(),
            },
            _ => Sniffed::new(format),
        }),
    }
}

fn by_extension(content: &Content, extension: &str) -> Result<Sniffed, TypeRefusal> {
    if let Some(legacy) = Legacy::from_extension(extension) {
        return Err(TypeRefusal::Legacy(legacy));
    }
    match (content, Format::from_extension(extension)) {
        (Content::Exact(found), Some(named)) if *found != named => {
            Err(TypeRefusal::mismatch(named, found.display_name()))
        }
        (Content::Exact(found), _) => Ok(Sniffed::new(*found)),
        (Content::Text, Some(named)) if !named.is_text() => {
            Err(TypeRefusal::mismatch(named, "text"))
        }
        (Content::Text, named) => Ok(Sniffed::new(named.unwrap_or(Format::Plain))),
    }
}

fn content(
    declared: &str,
    extension: &str,
    head: &[u8],
    tail: &[u8],
    path: &Path,
) -> Result<Content, TypeRefusal> {
    let meant = Format::from_mime(declared).or_else(|| Format::from_extension(extension));
    if is_pdf(head, meant == Some(Format::Pdf)) {
        let end = &tail[tail.len().saturating_sub(TAIL_BYTES)..];
        return if contains(end, b"%%EOF") {
            Ok(Content::Exact(Format::Pdf))
        } else {
            Err(TypeRefusal::Incomplete(Format::Pdf.display_name()))
        };
    }
    if head.starts_with(b"{\\rtf") {
        return Err(TypeRefusal::Legacy(Legacy::Rtf));
    }
    if head.starts_with(container::OLE2_MAGIC) {
        return Err(container::refuse_ole2(declared, extension, path));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return container::office_format(path, meant).map(Content::Exact);
    }
    if is_text(head) {
        return Ok(Content::Text);
    }
    match infer::get(head) {
        Some(kind) if kind.matcher_type() != infer::MatcherType::Text => {
            let found = kind.mime_type();
            Err(match meant {
                Some(format) => TypeRefusal::mismatch(format, found),
                None => TypeRefusal::unsupported(found),
            })
        }
        _ if is_binary(head) => Err(TypeRefusal::Binary),
        _ => Ok(Content::Text),
    }
}

/// Readers accept a header within the first kilobyte; text that merely speaks
/// of PDF must not be caught by that.
fn is_pdf(head: &[u8], meant: bool) -> bool {
    let start = &head[..head.len().min(1024)];
    start.trim_ascii_start().starts_with(b"%PDF-") || (meant && contains(start, b"%PDF-"))
}

/// Valid UTF-8 without control characters, or text that says it is UTF-16.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        let (text, _, _) = encoding_rs::UTF_16LE.decode(head);
        return !text.contains('\0');
    }
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end within a character.
        Err(error) => error.error_len().is_none() && head.len() - error.valid_up_to() < 4,
    };
    valid && !is_binary(head)
}

/// Text in any of the encodings that we decode holds no NUL and next to no controls.
fn is_binary(head: &[u8]) -> bool {
    let controls = head
        .iter()
        .filter(|&&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
        .count();
    head.contains(&0) || controls * 100 > head.len()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}
