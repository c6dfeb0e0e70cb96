//! Bytes to text when nobody says which encoding it is.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::error::ExtractError;

/// Text and whether its encoding had to be guessed.
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) guessed: bool,
}

/// Decodes by byte order mark, then by what the document declares, then as
/// UTF-8 if it is valid, else as windows-1252, which every byte sequence is.
pub(crate) fn decode(
    bytes: &[u8],
    declared: Option<&'static Encoding>,
) -> Result<Decoded, ExtractError> {
    let (encoding, guessed) = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => (encoding, false),
        None => match declared {
            _ if std::str::from_utf8(bytes).is_ok() => (UTF_8, false),
            Some(encoding) if encoding != UTF_8 => (encoding, false),
            _ => (WINDOWS_1252, true),
        },
    };
    let text = encoding.decode(bytes).0.into_owned();
    if text.contains('\0') {
        return Err(ExtractError::Unsupported(
            "it was sent as text but holds binary data. Save it as a PDF or as plain text and upload that.".to_owned(),
        ));
    }
    Ok(Decoded { text, guessed })
}

/// What the owner is told when the encoding was guessed.
pub(crate) const GUESSED: &str = "The text is not UTF-8 and was read as windows-1252; if letters look wrong, save it as UTF-8 and upload it again.";
