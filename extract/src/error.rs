//! Why a document gave no text, in words for the person who uploaded it.

use serde::{Deserialize, Serialize};

/// Each message says what was wrong and what to do about it. Names of files,
/// content and the inner errors of parsers never appear in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtractError {
    #[error("This {0} is protected by a password. Remove the password and upload it again.")]
    Encrypted(String),
    #[error(
        "This PDF holds {pages} scanned page(s) and no text. Run text recognition (OCR) over it and upload the result."
    )]
    Scanned { pages: u32 },
    #[error("This document holds no text. Upload a version that has text in it.")]
    Empty,
    #[error(
        "This {0} is damaged or incomplete and cannot be read. Open it in the program that made it, save it again and upload the new copy."
    )]
    Damaged(String),
    #[error(
        "This document has {found} pages; at most {allowed} are allowed. Split it and upload the parts."
    )]
    TooManyPages { found: u32, allowed: u32 },
    #[error(
        "This document holds more text than the {allowed_mib} MiB or {allowed_blocks} paragraphs and rows that are allowed. Split it and upload the parts."
    )]
    TooMuchText {
        allowed_mib: u64,
        allowed_blocks: u64,
    },
    #[error(
        "This document unpacks to more than is allowed ({limit}). Remove embedded objects, or split it, and upload it again."
    )]
    TooLarge { limit: String },
    #[error("This document cannot be read: {0}")]
    Unsupported(String),
    #[error(
        "Reading this document took longer than the {seconds} seconds that are allowed. Split it, or save it in a simpler form such as text, and upload it again."
    )]
    Timeout { seconds: u64 },
    #[error(
        "Reading this document needs more memory than the {allowed_mib} MiB that are allowed. Split it and upload the parts."
    )]
    OutOfMemory { allowed_mib: u64 },
    #[error("Reading this document was stopped before it finished.")]
    Cancelled,
    #[error(
        "The stored document could not be read ({0}). Try again; if it persists, tell the administrator."
    )]
    Io(String),
}

impl ExtractError {
    /// Whether another attempt at the same file could end otherwise.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Cancelled)
    }

    /// A short stable name for metrics and job logs.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Encrypted(_) => "encrypted",
            Self::Scanned { .. } => "scanned",
            Self::Empty => "empty",
            Self::Damaged(_) => "damaged",
            Self::TooManyPages { .. } => "too_many_pages",
            Self::TooMuchText { .. } => "too_much_text",
            Self::TooLarge { .. } => "too_large",
            Self::Unsupported(_) => "unsupported",
            Self::Timeout { .. } => "timeout",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Cancelled => "cancelled",
            Self::Io(_) => "io",
        }
    }
}

impl From<std::io::Error> for ExtractError {
    /// Keeps the kind alone: the message of the system may hold a path.
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.kind().to_string())
    }
}
