//! What an act on many jobs came to.

use std::collections::BTreeMap;

use entities::JobId;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Why a job was left out with which something went wrong.
const FAILED: &str = "failed; the log of the server says why";

/// What an act on many jobs came to, so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BulkDone {
    pub(crate) done: u64,
    /// Those of the skipped with which something went wrong.
    #[serde(default)]
    pub(crate) failed: u64,
    /// By reason.
    pub(crate) skipped: BTreeMap<String, u64>,
    /// For a replay: the new jobs.
    #[serde(skip)]
    pub(crate) replayed: Vec<JobId>,
    /// The number of the last entry in the record.
    pub(crate) entry: Option<i64>,
}

impl BulkDone {
    pub(super) fn skip(&mut self, reason: String) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// As the record has them.
    pub(super) fn numbers(&self) -> [(&'static str, serde_json::Value); 3] {
        [
            ("done", json!(self.done)),
            ("failed", json!(self.failed)),
            ("skipped", json!(self.skipped)),
        ]
    }

    pub(super) fn fail(&mut self) {
        self.failed += 1;
        self.skip(FAILED.to_owned());
    }

    pub(super) fn add(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.replayed.extend(other.replayed);
        self.entry = other.entry.or(self.entry);
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
    }
}
