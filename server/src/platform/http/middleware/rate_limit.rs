//! What the limits said, for the client: the IETF draft's `RateLimit` fields and the older ones.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::super::dialect::whole_seconds;
use crate::platform::limits::Decision;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");

/// Writes all decisions; the older headers can only tell one, the tightest.
pub(in super::super) fn write(headers: &mut HeaderMap, decisions: &[Decision]) {
    let Some(tightest) = decisions
        .iter()
        .min_by_key(|decision| (decision.allowed, decision.remaining))
    else {
        return;
    };
    let policy = listed(decisions, |decision| {
        format!("\"{}\";q={};w=60", decision.class.name(), decision.limit)
    });
    let state = listed(decisions, |decision| {
        let wait = if decision.allowed {
            decision.reset_after
        } else {
            decision.retry_after
        };
        format!(
            "\"{}\";r={};t={}",
            decision.class.name(),
            decision.remaining,
            whole_seconds(wait)
        )
    });
    for (name, value) in [(POLICY, policy), (STATE, state)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(X_LIMIT, tightest.limit.into());
    headers.insert(X_REMAINING, tightest.remaining.into());
}

fn listed(decisions: &[Decision], item: impl Fn(&Decision) -> String) -> String {
    decisions.iter().map(item).collect::<Vec<_>>().join(", ")
}
