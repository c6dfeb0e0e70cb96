//! The line to the server, and what can be said of the age of the picture.

use crate::message::FeedMessage;

/// After this long without a sign the picture is stale.
const STALE_MS: u64 = 10_000;

/// Where the line stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Not asked for yet.
    #[default]
    Idle,
    Connecting,
    Live,
    /// It comes again at that moment.
    Lost {
        retry_at_ms: u64,
        reason: String,
    },
}

/// What is known of the line.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    pub line: Line,
    /// When it last gave a sign.
    pub heard_ms: Option<u64>,
    /// Until when the server refuses requests for their number.
    pub limited_until_ms: u64,
    /// From a question to its answer.
    pub round_trip_ms: Option<u64>,
}

impl Connection {
    /// Takes what the feed's reader tells.
    pub fn take(&mut self, message: &FeedMessage, now_ms: u64) {
        match message {
            FeedMessage::Connecting => self.line = Line::Connecting,
            FeedMessage::Open | FeedMessage::Event { .. } | FeedMessage::Heartbeat => {
                self.line = Line::Live;
                self.heard_ms = Some(now_ms);
            }
            FeedMessage::Lost { reason, retry_ms } => {
                self.line = Line::Lost {
                    retry_at_ms: now_ms.saturating_add(*retry_ms),
                    reason: reason.clone(),
                };
            }
            FeedMessage::SignIn => self.line = Line::Idle,
        }
    }

    /// For how long the picture has been out of date, if it is.
    pub fn stale_ms(&self, now_ms: u64) -> Option<u64> {
        let silent = now_ms.saturating_sub(self.heard_ms?);
        let lost = !matches!(self.line, Line::Live);
        (silent >= STALE_MS || lost && silent >= 1_000).then_some(silent)
    }
}
