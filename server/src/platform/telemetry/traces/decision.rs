//! Which traces are exported: decided before the first span is made, so that a span that nobody will
//! see costs what a line of the log does.

use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

use super::TraceParent;
use crate::platform::config::TraceShare;

thread_local! {
    /// The trace of the first span that is being made on this thread, when it is taken.
    static TAKEN: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Makes the first span of a trace that is taken.
pub(super) fn taking<T>(trace: TraceParent, make: impl FnOnce() -> T) -> T {
    TAKEN.set(Some(trace.trace()));
    let result = make();
    TAKEN.set(None);
    result
}

/// Whether the first span that is being made is of a trace that is taken.
pub(super) fn is_taking() -> bool {
    TAKEN.get().is_some()
}

/// Gives a first span the trace that was decided on.
#[derive(Debug, Default)]
pub(super) struct DecidedIds(RandomIdGenerator);

impl IdGenerator for DecidedIds {
    fn new_trace_id(&self) -> TraceId {
        TAKEN.get().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

impl TraceShare {
    /// Whether a trace is taken that begins in this process, or goes on in it from a caller's.
    pub(super) fn takes(self, trace: TraceParent, caller: Option<TraceParent>) -> bool {
        match caller {
            Some(caller) if self.follow_caller => caller.is_sampled(),
            _ => self.takes_id(trace.trace()),
        }
    }

    /// The same for one trace in every process: the id decides.
    fn takes_id(self, trace: TraceId) -> bool {
        // As the SDK's own sampler: 63 bits of the id below the same share of their range.
        let bytes = trace.to_bytes();
        let low = bytes[8..]
            .iter()
            .fold(0_u64, |id, byte| (id << 8) | u64::from(*byte))
            >> 1;
        #[expect(
            clippy::cast_precision_loss,
            reason = "both are at most 2^53, which a float holds exactly"
        )]
        let share = (low >> 10) as f64 / (1_u64 << 53) as f64;
        share < self.ratio
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HALF: TraceShare = TraceShare {
        ratio: 0.5,
        follow_caller: true,
    };

    fn low() -> TraceParent {
        TraceParent::beginning(Uuid::from_u128(1))
    }

    fn high() -> TraceParent {
        TraceParent::beginning(Uuid::from_u128(u128::MAX))
    }

    fn caller(sampled: bool) -> TraceParent {
        let flags = u8::from(sampled);
        let header = format!("00-{:032x}-{:016x}-{flags:02x}", 1, 7);
        header.parse().unwrap()
    }

    #[test]
    fn a_share_of_the_traces_that_begin_here_is_taken() {
        assert!(HALF.takes(low(), None));
        assert!(!HALF.takes(high(), None));
        for (ratio, trace, is_taken) in [(1.0, high(), true), (0.0, low(), false)] {
            let share = TraceShare { ratio, ..HALF };
            assert_eq!(share.takes(trace, None), is_taken, "{ratio}");
        }
    }

    #[test]
    fn a_callers_decision_binds_unless_told_otherwise() {
        assert!(HALF.takes(high(), Some(caller(true))));
        assert!(!HALF.takes(low(), Some(caller(false))));
        let alone = TraceShare {
            follow_caller: false,
            ..HALF
        };
        assert!(!alone.takes(high(), Some(caller(true))));
        assert!(alone.takes(low(), Some(caller(false))));
    }

    #[test]
    fn the_first_span_of_a_taken_trace_has_the_id_that_was_decided_on() {
        let ids = DecidedIds::default();
        let decided = low().trace();
        assert_ne!(ids.new_trace_id(), decided);
        assert!(!is_taking());
        taking(low(), || {
            assert!(is_taking());
            assert_eq!(ids.new_trace_id(), decided);
        });
        assert_ne!(ids.new_trace_id(), decided);
    }
}
