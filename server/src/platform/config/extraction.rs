//! How much the reading of one document may take.

use std::time::Duration;

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const EXTRACT_MAX_PAGES: Variable =
    Variable::new("EXTRACT_MAX_PAGES", "2000", "Most pages of one document.").unit("pages");
pub(super) const EXTRACT_MAX_TEXT_MB: Variable = Variable::new(
    "EXTRACT_MAX_TEXT_MB",
    "64",
    "Most text out of one document.",
)
.unit("MiB");
pub(super) const EXTRACT_MAX_MEMORY_MB: Variable = Variable::new(
    "EXTRACT_MAX_MEMORY_MB",
    "2048",
    "Memory of the child process that reads a document.",
)
.unit("MiB");
pub(super) const EXTRACT_TIMEOUT_SECONDS: Variable = Variable::new(
    "EXTRACT_TIMEOUT_SECONDS",
    "120",
    "Longest time to read one document.",
)
.unit("seconds");

pub(super) const SECTION: Section = Section {
    title: "Reading documents",
    about: "Documents are read in a child process with these limits.",
    variables: &[
        EXTRACT_MAX_PAGES,
        EXTRACT_MAX_TEXT_MB,
        EXTRACT_MAX_MEMORY_MB,
        EXTRACT_TIMEOUT_SECONDS,
    ],
};

/// The limits of the child process that reads a document.
#[derive(Clone, Debug)]
pub(crate) struct ExtractionConfig {
    pub(crate) max_pages: u32,
    pub(crate) max_text_bytes: u64,
    pub(crate) max_memory_bytes: u64,
    pub(crate) timeout: Duration,
}

impl ExtractionConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            max_pages: reader.integer(&EXTRACT_MAX_PAGES, 1..=1_000_000),
            max_text_bytes: reader.mebibytes(&EXTRACT_MAX_TEXT_MB, 1..=4096),
            max_memory_bytes: reader.mebibytes(&EXTRACT_MAX_MEMORY_MB, 64..=1_048_576),
            timeout: reader.seconds(&EXTRACT_TIMEOUT_SECONDS, 1..=3600),
        }
    }
}
