//! What happens to the console: keys, answers, events of the feed, the passing of time.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyEvent, MouseEvent};

use crate::client::{Failure, Reply};

/// The time that a message came, told by whoever runs the loop: `update` never asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// UTC by this machine's clock.
    pub utc: DateTime<Utc>,
    /// Milliseconds that only grow.
    pub ms: u64,
}

/// Who asked, for what: a newer request of the same slot replaces the older.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    pub owner: Owner,
    /// Which of the owner's requests.
    pub part: &'static str,
}

/// Who gets an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The console itself: who am I, undo, the palette's search.
    App,
    /// A screen, by its number in this run.
    Screen(u64),
    /// The dialog with that number.
    Dialog(u64),
}

/// What the line of the feed says.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedMessage {
    /// It asks for the feed.
    Connecting,
    /// The server answered.
    Open,
    /// An event, as it came.
    Event {
        id: String,
        event: String,
        data: String,
    },
    /// A sign of life.
    Heartbeat,
    /// The line is lost; the next attempt comes after `retry_ms`.
    Lost { reason: String, retry_ms: u64 },
    /// The server wants a sign-in.
    SignIn,
}

/// What happens.
#[derive(Debug)]
pub enum Message {
    Key(KeyEvent),
    /// Text from the clipboard of the terminal; never keys.
    Paste(String),
    Mouse(MouseEvent),
    Resize(u16, u16),
    Feed(FeedMessage),
    Answer {
        slot: Slot,
        generation: u64,
        outcome: Result<Reply, Failure>,
    },
    /// A sign-in ended.
    SignedIn(Result<(), Failure>),
    /// What was asked of the runtime is done, or not: shown as a toast.
    Told {
        text: String,
        bad: bool,
    },
    /// How far something is that takes long: shown where nothing better is.
    Progress(String),
    /// Time passed, and something in view may read otherwise now.
    Tick,
    /// The console is in the foreground again.
    Resumed,
}
