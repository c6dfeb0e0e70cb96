//! How much one document may cost.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Files inside an office document, when nobody says otherwise.
pub(crate) const MAX_ARCHIVE_ENTRIES: usize = 5_000;

/// Bounds of one extraction. They travel to the child as JSON in an argument,
/// because its environment is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Pages, slides or sheets.
    pub max_pages: u32,
    /// Bytes of UTF-8 text over the whole document.
    pub max_text_bytes: u64,
    /// Blocks over the whole document: each costs memory beyond its text.
    pub max_blocks: u64,
    /// Files inside an office document.
    pub max_archive_entries: usize,
    /// Bytes unpacked from an office document, over all its files.
    pub max_archive_bytes: u64,
    /// Nesting of XML elements.
    pub max_xml_depth: usize,
    /// Address space of the child, in bytes.
    pub memory_bytes: u64,
    /// Processor time of the child, in seconds.
    pub cpu_seconds: u64,
    /// Time by the clock after which the child is killed, in seconds.
    pub wall_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pages: 2_000,
            max_text_bytes: 64 << 20,
            max_blocks: 1_000_000,
            max_archive_entries: MAX_ARCHIVE_ENTRIES,
            max_archive_bytes: 256 << 20,
            max_xml_depth: 256,
            memory_bytes: 2 << 30,
            cpu_seconds: 120,
            wall_seconds: 120,
        }
    }
}

impl FromStr for Limits {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}
