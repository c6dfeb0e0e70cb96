//! What the child tells its parent: one JSON value a line.

use serde::{Deserialize, Serialize};

use crate::collector::{Progress, Summary};
use crate::document::Page;
use crate::error::ExtractError;

/// Longest line that a parent accepts. A part holds a quarter MiB of text and
/// one block more; JSON escapes make that six times as long at worst.
pub(super) const MAX_LINE_BYTES: usize = 4 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    Progress(Progress),
    /// A page, or more of the last one.
    Part {
        page: Page,
        continues: bool,
    },
    /// The end, and all is well.
    Done(Summary),
    /// The end, and why there is no text.
    Failed(ExtractError),
}
