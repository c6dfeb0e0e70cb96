//! The limits: shared by all processes where there is Redis, else this process's own.

use std::{num::NonZeroU32, time::Duration};

use governor::Quota;

use super::{
    LimitClass, LimitClock, LimitKey, LimitQuotas, memory::Buckets, redis_buckets::SharedBuckets,
};
use crate::platform::{redis::Redis, telemetry::Telemetry};

/// What a limit said to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) class: LimitClass,
    pub(crate) allowed: bool,
    /// Calls a minute.
    pub(crate) limit: u32,
    /// How many more would be allowed at once, after this one.
    pub(crate) remaining: u32,
    /// Until the whole quota is back.
    pub(crate) reset_after: Duration,
    /// Until the next call would be allowed; zero when this one was.
    pub(crate) retry_after: Duration,
}

impl Decision {
    pub(super) fn new(
        class: LimitClass,
        limit: NonZeroU32,
        allowed: bool,
        remaining: u32,
        retry_after: Duration,
    ) -> Self {
        let used = limit.get().saturating_sub(remaining);
        let interval = Quota::per_minute(limit).replenish_interval();
        Self {
            class,
            allowed,
            limit: limit.get(),
            remaining,
            reset_after: interval.saturating_mul(used),
            retry_after,
        }
    }
}

/// All limits that a process asks.
pub(crate) struct Limits {
    quotas: LimitQuotas,
    own: Buckets,
    shared: Option<SharedBuckets>,
}

impl Limits {
    /// Limits of this process alone.
    pub(crate) fn new(quotas: LimitQuotas, clock: LimitClock) -> Self {
        Self {
            quotas,
            own: Buckets::new(clock),
            shared: None,
        }
    }

    /// The same limits, shared by all processes that use this Redis.
    pub(crate) fn shared_by(mut self, redis: Redis, telemetry: Telemetry) -> Self {
        self.shared = Some(SharedBuckets::new(redis, telemetry));
        self
    }

    /// Takes one call of `key` under `class`. None when the class is switched off.
    ///
    /// While Redis does not answer, this process counts by itself, from full buckets: every limit
    /// then holds in each process, none is lifted.
    pub(crate) async fn check(&self, class: LimitClass, key: LimitKey) -> Option<Decision> {
        let limit = NonZeroU32::new(self.quotas.per_minute(class))?;
        if let Some(shared) = &self.shared
            && let Some(decision) = shared.take(class, &key, limit).await
        {
            return Some(decision);
        }
        Some(self.own.take(class, key, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn zero_switches_a_limit_off() {
        let quotas = LimitQuotas {
            chat: 0,
            ..LimitQuotas::default()
        };
        let limits = Limits::new(quotas, LimitClock::monotonic());
        let asked = limits.check(LimitClass::Chat, LimitKey::User(1)).await;
        assert_eq!(asked, None);
        assert_eq!(limits.own.held(), 0);
    }
}
