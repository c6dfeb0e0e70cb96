//! Answers under way.

use chrono::{DateTime, Utc};

use super::{page, wire, words};

words! {
    /// Where an answer stands.
    pub enum StreamState {
        /// Nothing of it has come yet.
        Waiting = "waiting",
        /// It comes.
        Streaming = "streaming",
        /// It comes, and nobody reads.
        Resuming = "resuming",
        /// It is being ended.
        Ending = "ending",
    }
}

wire! {
    /// An answer under way.
    pub struct Stream {
        /// As in `X-Stream-Id`.
        pub id: String,
        /// Whose.
        pub user_id: i64,
        /// In lower case.
        pub email: String,
        /// What kind of stream.
        pub kind: String,
        /// Who answers.
        pub provider: Option<String>,
        /// By which model.
        pub model: Option<String>,
        /// Where it stands.
        pub state: StreamState,
        /// UTC.
        pub started_at: DateTime<Utc>,
        /// From the start to the first token.
        pub first_token_ms: Option<i64>,
        /// So far; an estimate while it comes.
        pub tokens_out: i64,
        /// Over the last seconds.
        pub tokens_per_s: f64,
        /// Tokens per second, in steps of 2 s, the oldest first, at most 15.
        pub series: Vec<f64>,
        /// So far, at the price held for; an estimate while it comes.
        pub cost_nanos: i64,
        /// Reserved for it.
        pub held_nanos: i64,
        /// Kept for readers who come back.
        pub buffer_bytes: i64,
        /// The process that has it.
        pub process: String,
    }

    /// How a stream ended.
    pub struct StreamEnded {
        /// The stream.
        pub id: String,
        /// So far.
        pub tokens_out: i64,
        /// So far, at the price held for.
        pub cost_nanos: i64,
    }
}

page! {
    /// A page of answers under way, the oldest first.
    pub struct StreamPage of Stream;
}
