//! The state of the house at a glance.

use chrono::{DateTime, Utc};

use super::{Alarm, Percentiles, Provider, SpendLine, SpendTotal, Stores, Stream, wire, words};
use crate::accounts::Role;

words! {
    /// How far the feed sees.
    pub enum Scope {
        /// This process alone.
        Process = "process",
        /// All processes.
        House = "house",
    }
}

wire! {
    /// Streams in numbers.
    pub struct StreamsPulse {
        /// Under way.
        pub open: i64,
        /// At most so many at once.
        pub capacity: i64,
        /// Refused in the last minute.
        pub refused_1m: i64,
        /// Taken up again in the last minute.
        pub resumed_1m: i64,
    }

    /// Jobs in numbers.
    pub struct JobsPulse {
        /// Waiting for a worker.
        pub queued: i64,
        /// Under way.
        pub running: i64,
        /// At most so many at once.
        pub slots: i64,
        /// Queued again after an error.
        pub retrying: i64,
        /// When the next of these is due.
        pub next_retry_at: Option<DateTime<Utc>>,
        /// Waiting for money.
        pub awaiting_budget: i64,
        /// Waiting for an answer.
        pub awaiting_input: i64,
        /// Dead letters of the last 24 hours.
        pub failed_24h: i64,
        /// Median of the last 7 days' dead letters a day.
        pub failed_median_7d: f64,
        /// Age of what is due the longest.
        pub oldest_queued_s: Option<i64>,
    }

    /// The house in numbers, each second.
    pub struct Pulse {
        /// When.
        pub at: DateTime<Utc>,
        /// The rates are over this long.
        pub window_s: i64,
        /// Answered.
        pub requests_per_s: f64,
        /// Answered with 5xx, of all; `null` without requests.
        pub error_ratio: Option<f64>,
        /// To the end of the answer, streams left out.
        pub latency_ms: Percentiles,
        /// To the first token of an answer.
        pub first_token_ms: Percentiles,
        /// Written by models.
        pub tokens_out_per_s: f64,
        /// Settled.
        pub spend_nanos_per_min: i64,
        /// Reserved by work under way.
        pub held_nanos: i64,
        /// Open holds.
        pub holds: i64,
        /// Anything but 0 is a fault.
        pub drift_nanos: i64,
        /// Streams.
        pub streams: StreamsPulse,
        /// Jobs.
        pub jobs: JobsPulse,
    }

    /// One step of the series.
    pub struct SeriesPoint {
        /// When the step began.
        pub at: DateTime<Utc>,
        /// Answered.
        pub requests_per_s: Option<f64>,
        /// Answered with 5xx, of all.
        pub error_ratio: Option<f64>,
        /// Written by models.
        pub tokens_out_per_s: Option<f64>,
        /// Under way.
        pub streams_open: Option<i64>,
        /// Waiting for a worker.
        pub jobs_queued: Option<i64>,
    }

    /// Who reads the feed.
    pub struct Viewer {
        /// In lower case.
        pub email: String,
        /// What they may do.
        pub role: Role,
    }

    /// Something worth a line.
    pub struct Happening {
        /// UTC.
        pub at: DateTime<Utc>,
        /// `job`, `stream` or `audit`.
        pub kind: String,
        /// What it is about.
        pub object: Option<super::ObjectRef>,
        /// For people; never content.
        pub text: String,
    }

    /// Everything at a glance.
    pub struct Snapshot {
        /// How far it sees.
        pub scope: Scope,
        /// Of the program.
        pub version: String,
        /// How many processes there are.
        pub processes: i64,
        /// The server's time.
        pub now: DateTime<Utc>,
        /// Who reads.
        pub me: Viewer,
        /// The numbers now.
        pub pulse: Pulse,
        /// 60 steps of 10 s, the oldest first.
        pub series: Vec<SeriesPoint>,
        /// The worst first.
        pub alarms: Vec<Alarm>,
        /// Answers under way, at most 200.
        pub streams: Vec<Stream>,
        /// In the order of preference.
        pub providers: Vec<Provider>,
        /// This month's money.
        pub money: SpendTotal,
        /// The dearest users of the month, at most 10.
        pub top_spend: Vec<SpendLine>,
        /// Where things are kept.
        pub stores: Stores,
        /// The newest 50.
        pub events: Vec<Happening>,
    }
}
