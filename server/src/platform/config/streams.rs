//! Open answers: how many, how long they are waited for.

use std::time::Duration;

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const STREAM_KEEPALIVE_SECS: Variable = Variable::new(
    "STREAM_KEEPALIVE_SECS",
    "10",
    "Silence after which a stream sends a comment to keep proxies from closing it.",
)
.unit("seconds");
pub(super) const MAX_CONCURRENT_STREAMS: Variable = Variable::new(
    "MAX_CONCURRENT_STREAMS",
    "50",
    "Open streams in one process.",
);
pub(super) const MAX_STREAMS_PER_USER: Variable = Variable::new(
    "MAX_STREAMS_PER_USER",
    "20",
    "Open streams of one user in one process.",
);
pub(super) const STREAM_DISCONNECT_GRACE_SECS: Variable = Variable::new(
    "STREAM_DISCONNECT_GRACE_SECS",
    "60",
    "How long an answer goes on for a client that went away; 0 stops it at once.",
)
.unit("seconds");

pub(super) const SECTION: Section = Section {
    title: "Streams",
    about: "",
    variables: &[
        STREAM_KEEPALIVE_SECS,
        MAX_CONCURRENT_STREAMS,
        MAX_STREAMS_PER_USER,
        STREAM_DISCONNECT_GRACE_SECS,
    ],
};

/// Open answers.
#[derive(Clone, Debug)]
pub(crate) struct StreamsConfig {
    pub(crate) keepalive: Duration,
    pub(crate) max_concurrent: usize,
    pub(crate) max_per_user: usize,
    /// Zero stops an answer as soon as its client is gone.
    pub(crate) disconnect_grace: Duration,
}

impl StreamsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            keepalive: reader.seconds(&STREAM_KEEPALIVE_SECS, 1..=600),
            max_concurrent: reader.integer(&MAX_CONCURRENT_STREAMS, 1..=100_000),
            max_per_user: reader.integer(&MAX_STREAMS_PER_USER, 1..=100_000),
            disconnect_grace: reader.seconds(&STREAM_DISCONNECT_GRACE_SECS, 0..=3600),
        }
    }
}
