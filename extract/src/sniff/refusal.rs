//! Why a file is not taken, in words for the person who sent it.

use super::legacy::Legacy;
use crate::format::Format;

/// The file's type forbids the upload. An answer 415 fits each but [`TypeRefusal::Io`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeRefusal {
    #[error("The file is empty. Choose a file that holds text.")]
    Empty,
    #[error("{} cannot be read. {}", .0.name(), .0.advice())]
    Legacy(Legacy),
    #[error(
        "The file was sent as {declared}, but its content is {found}. Send it under its true type and name."
    )]
    Mismatch {
        declared: &'static str,
        found: String,
    },
    #[error("Files of type {found} cannot be read. Save it as a PDF or as text and upload that.")]
    Unsupported { found: String },
    #[error(
        "The file is not text but unknown binary data. Save it as a PDF or as text and upload that."
    )]
    Binary,
    #[error(
        "The {0} is incomplete: its end is missing. Upload it again; if that does not help, save it anew first."
    )]
    Incomplete(&'static str),
    #[error(
        "The {0} is damaged and cannot be opened. Save it again in the program that made it and upload the new copy."
    )]
    Damaged(&'static str),
    #[error("The {0} holds more than {1} files, the most that can be read.")]
    TooManyFiles(&'static str, usize),
    #[error(
        "The office document is protected by a password. Remove the password and upload it again."
    )]
    Encrypted,
    #[error("The uploaded file could not be read ({0}). Try again.")]
    Io(String),
}

impl TypeRefusal {
    pub(super) fn mismatch(declared: Format, found: &str) -> Self {
        Self::Mismatch {
            declared: declared.display_name(),
            found: found.to_owned(),
        }
    }

    /// The type comes from the client: only what can stand in a MIME type is repeated.
    pub(super) fn unsupported(found: &str) -> Self {
        let found = found
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || "/.+-_".contains(*character))
            .take(100)
            .collect();
        Self::Unsupported { found }
    }
}
