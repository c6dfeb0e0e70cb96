//! Which traces are exported.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use crate::platform::config::TraceShare;

/// The first span of a trace that is not exported is recorded all the same: should it end in an
/// error, the queue keeps it.
impl TraceShare {
    fn decide(self, parent: Option<&Context>, trace: TraceId) -> SamplingDecision {
        let parent = parent.filter(|context| context.has_active_span());
        let parent = parent.map(|context| context.span().span_context().clone());
        match parent {
            Some(parent) if !parent.is_remote() => {
                if parent.is_sampled() {
                    SamplingDecision::RecordAndSample
                } else {
                    SamplingDecision::Drop
                }
            }
            Some(parent) if self.follow_caller => taken(parent.is_sampled()),
            _ => taken(self.takes(trace)),
        }
    }

    /// The same for one trace in every process: the id decides.
    fn takes(self, trace: TraceId) -> bool {
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

fn taken(taken: bool) -> SamplingDecision {
    if taken {
        SamplingDecision::RecordAndSample
    } else {
        SamplingDecision::RecordOnly
    }
}

impl ShouldSample for TraceShare {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        SamplingResult {
            decision: self.decide(parent, trace),
            attributes: Vec::new(),
            trace_state: parent.map_or_else(Default::default, |context| {
                context.span().span_context().trace_state().clone()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};

    use super::*;

    const HALF: TraceShare = TraceShare {
        ratio: 0.5,
        follow_caller: true,
    };
    const LOW: TraceId = TraceId::from_bytes(1_u128.to_be_bytes());
    const HIGH: TraceId = TraceId::from_bytes([u8::MAX; 16]);

    fn caller(sampled: bool, remote: bool) -> Context {
        let flags = if sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        let span = SpanId::from(7_u64);
        let context = SpanContext::new(LOW, span, flags, remote, TraceState::default());
        Context::new().with_remote_span_context(context)
    }

    #[test]
    fn a_share_of_the_traces_that_begin_here_is_taken() {
        assert_eq!(HALF.decide(None, LOW), SamplingDecision::RecordAndSample);
        assert_eq!(HALF.decide(None, HIGH), SamplingDecision::RecordOnly);
        for (ratio, trace, is_taken) in [(1.0, HIGH, true), (0.0, LOW, false)] {
            let share = TraceShare { ratio, ..HALF };
            assert_eq!(share.takes(trace), is_taken, "{ratio}");
        }
    }

    #[test]
    fn what_a_span_causes_goes_with_it() {
        let decide = |sampled| HALF.decide(Some(&caller(sampled, false)), HIGH);
        assert_eq!(decide(true), SamplingDecision::RecordAndSample);
        assert_eq!(decide(false), SamplingDecision::Drop);
    }

    #[test]
    fn a_callers_decision_binds_unless_told_otherwise() {
        let (yes, no) = (caller(true, true), caller(false, true));
        assert_eq!(
            HALF.decide(Some(&yes), HIGH),
            SamplingDecision::RecordAndSample
        );
        assert_eq!(HALF.decide(Some(&no), LOW), SamplingDecision::RecordOnly);
        let alone = TraceShare {
            follow_caller: false,
            ..HALF
        };
        assert_eq!(alone.decide(Some(&yes), HIGH), SamplingDecision::RecordOnly);
        assert_eq!(
            alone.decide(Some(&no), LOW),
            SamplingDecision::RecordAndSample
        );
    }
}
