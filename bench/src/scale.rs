//! How much is measured.

use std::time::Duration;

use crate::{Options, hold_streams::Crowd};

const STARTS: usize = 5;

/// Lengths and numbers of a run.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) length: Duration,
    pub(crate) crowd: Crowd,
    pub(crate) starts: usize,
}

impl Scale {
    pub(crate) fn of(options: &Options) -> Self {
        let (seconds, streams, together, starts) = if options.quick {
            (1, 200, 3, 1)
        } else {
            (4, 1_000, 10, STARTS)
        };
        Self {
            length: Duration::from_secs(seconds),
            crowd: Crowd {
                streams,
                together: Duration::from_secs(together),
            },
            starts,
        }
    }
}
