//! The header that carries a trace from one process to the next: W3C Trace Context.

use std::{fmt, str::FromStr};

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The trace that a piece of work belongs to, and the span that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

/// The text is no `traceparent` of a version that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent")]
pub(crate) struct NotATraceParent;

impl TraceParent {
    /// A trace that begins here and is not exported.
    pub(super) fn beginning(id: uuid::Uuid) -> Self {
        let (trace, span) = (id.as_u128(), id.as_u64_pair().1);
        Self {
            trace: TraceId::from(trace),
            span: SpanId::from(span),
            sampled: false,
        }
    }

    /// A span within the caller's trace, which is not exported.
    pub(super) fn going_on(self, id: uuid::Uuid) -> Self {
        Self {
            trace: self.trace,
            ..Self::beginning(id)
        }
    }

    pub(super) fn trace(self) -> TraceId {
        self.trace
    }

    pub(super) fn span(self) -> SpanId {
        self.span
    }

    /// As the context of a span of this process that is exported.
    pub(super) fn taken(self) -> SpanContext {
        let state = TraceState::default();
        SpanContext::new(self.trace, self.span, TraceFlags::SAMPLED, false, state)
    }

    pub(super) fn of(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace: context.trace_id(),
            span: context.span_id(),
            sampled: context.is_sampled(),
        })
    }

    /// As the context of a span in another process.
    pub(super) fn context(self) -> SpanContext {
        let flags = if self.sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        SpanContext::new(self.trace, self.span, flags, true, TraceState::default())
    }

    /// Whether it is sent to a collector.
    pub(super) fn is_sampled(self) -> bool {
        self.sampled
    }

    /// The trace's name in logs, ledger and errors: 32 hexadecimal digits.
    pub(crate) fn trace_id(self) -> String {
        self.trace.to_string()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(formatter, "00-{}-{}-{flags:02x}", self.trace, self.span)
    }
}

impl FromStr for TraceParent {
    type Err = NotATraceParent;

    fn from_str(text: &str) -> Result<Self, NotATraceParent> {
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next().ok_or(NotATraceParent)?;
            let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if part.len() == digits && part.bytes().all(hexadecimal) {
                Ok(part)
            } else {
                Err(NotATraceParent)
            }
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // Later versions may add parts; version 255 is forbidden.
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return Err(NotATraceParent);
        }
        let found = Self {
            trace: TraceId::from_hex(trace).map_err(|_| NotATraceParent)?,
            span: SpanId::from_hex(span).map_err(|_| NotATraceParent)?,
            sampled: u8::from_str_radix(flags, 16).map_err(|_| NotATraceParent)? & 1 == 1,
        };
        if found.trace == TraceId::INVALID || found.span == SpanId::INVALID {
            return Err(NotATraceParent);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_good_one_is_read_and_written_alike() {
        let parent: TraceParent = GOOD.parse().unwrap();
        assert_eq!(parent.to_string(), GOOD);
        assert_eq!(parent.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert!(parent.context().is_remote() && parent.context().is_sampled());
        assert_eq!(TraceParent::of(&parent.context()), Some(parent));
        let later = GOOD.replacen("00-", "01-", 1) + "-more";
        assert_eq!(later.parse(), Ok(parent));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
        ] {
            assert_eq!(bad.parse::<TraceParent>(), Err(NotATraceParent), "{bad}");
        }
    }

    #[test]
    fn one_that_begins_here_has_the_id_that_it_was_given() {
        let id = uuid::Uuid::from_u128(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        let trace = TraceParent::beginning(id);
        assert_eq!(trace.trace_id(), id.simple().to_string());
        assert!(!trace.context().is_sampled());
    }
}
