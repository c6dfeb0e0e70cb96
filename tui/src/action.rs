//! What `update` asks the runtime to do. Actions are values: a test reads them.

use std::path::PathBuf;

use crate::client::Request;
use crate::message::Slot;

/// What a form of signing in holds. It has no `Debug`: it carries secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn")
    }
}

/// The form of an exported table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    Json,
}

/// A table to be written to a file, all pages of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The list, with its filter and sort; the runtime follows its cursors.
    pub request: Request,
    pub format: ExportFormat,
    pub path: PathBuf,
}

/// What the runtime does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Asks the server, after a pause in which a newer request of the slot may replace it.
    Fetch {
        slot: Slot,
        generation: u64,
        request: Request,
        after_ms: u64,
    },
    /// Asks the server to change something. Nothing replaces or aborts it.
    Act {
        slot: Slot,
        generation: u64,
        request: Request,
    },
    /// Nobody waits for the slot any more.
    Cancel(Slot),
    SignIn(SignIn),
    /// Opens the feed, or asks at once for the lost one.
    Feed,
    /// Gives text to the terminal's clipboard.
    Copy(String),
    Export(Export),
    Mouse(bool),
    /// Keeps the lines typed in the palette.
    KeepHistory(Vec<String>),
    /// Takes another server; the console starts again on it.
    Context(String),
    Redraw,
    Suspend,
    Quit,
}
