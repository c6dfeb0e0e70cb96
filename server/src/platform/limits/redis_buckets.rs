//! Buckets in Redis: the same algorithm in one script, by the clock of Redis, so that processes
//! whose clocks differ agree.

use std::{num::NonZeroU32, sync::LazyLock, time::Duration};

use redis::{Script, aio::ConnectionLike};

use super::{Decision, LimitClass, LimitKey};
use crate::platform::{
    redis::{Redis, RedisUnavailable},
    telemetry::Telemetry,
};

/// The generic cell rate algorithm in whole microseconds, which Lua's numbers hold exactly.
///
/// `KEYS[1]` keeps the theoretical arrival time of the next call. `ARGV` is the interval between
/// cells, the number of cells, and a time to reckon with in place of the server's, or nothing.
/// Answers whether the call is allowed, how many more are, and how long to wait.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local interval, cells = tonumber(ARGV[1]), tonumber(ARGV[2])
         local now = tonumber(ARGV[3])
         if not now then
           local time = redis.call('TIME')
           now = tonumber(time[1]) * 1000000 + tonumber(time[2])
         end
         local due = tonumber(redis.call('GET', KEYS[1])) or now
         local earliest = due - interval * (cells - 1)
         if now < earliest then
           return {0, 0, earliest - now}
         end
         local next = math.max(due, now) + interval
         redis.call('SET', KEYS[1], string.format('%.0f', next),
                    'PX', math.ceil((next - now) / 1000))
         return {1, math.floor((interval * cells - (next - now)) / interval), 0}",
    )
});

/// The buckets that processes share.
pub(super) struct SharedBuckets {
    redis: Redis,
    telemetry: Telemetry,
}

impl SharedBuckets {
    pub(super) fn new(redis: Redis, telemetry: Telemetry) -> Self {
        telemetry.ratelimit_degraded.set([], 0.0);
        Self { redis, telemetry }
    }

    /// `None` while Redis does not answer.
    pub(super) async fn take(
        &self,
        class: LimitClass,
        key: &LimitKey,
        limit: NonZeroU32,
    ) -> Option<Decision> {
        let name = self.redis.key(&name(class, key));
        let asked = self
            .redis
            .ask(|mut connection| async move { ask(&mut connection, &name, limit, None).await });
        let outcome: Result<Answer, RedisUnavailable> = asked.await;
        let degraded = if self.redis.is_degraded() { 1.0 } else { 0.0 };
        self.telemetry.ratelimit_degraded.set([], degraded);
        let Ok(answer) = outcome else {
            self.telemetry.ratelimit_fallbacks.increment([class.name()]);
            return None;
        };
        Some(decision(class, limit, answer))
    }
}

/// Allowed, remaining, microseconds to wait.
type Answer = (bool, u32, u64);

async fn ask(
    connection: &mut impl ConnectionLike,
    name: &str,
    limit: NonZeroU32,
    now: Option<u64>,
) -> redis::RedisResult<Answer> {
    let mut call = TAKE.key(name);
    call.arg(interval_micros(limit)).arg(limit.get());
    if let Some(now) = now {
        call.arg(now);
    }
    call.invoke_async(connection).await
}

fn decision(class: LimitClass, limit: NonZeroU32, answer: Answer) -> Decision {
    let (allowed, remaining, wait) = answer;
    Decision::new(
        class,
        limit,
        allowed,
        remaining,
        Duration::from_micros(wait),
    )
}

fn interval_micros(limit: NonZeroU32) -> u32 {
    (60_000_000 / limit.get()).max(1)
}

/// An account's name stands in it as its hash alone; keys live for as long as a bucket fills.
fn name(class: LimitClass, key: &LimitKey) -> String {
    let class = class.name();
    match key {
        LimitKey::User(id) => format!("limit:{class}:user:{id}"),
        LimitKey::Address(address) => format!("limit:{class}:ip:{address}"),
        LimitKey::Subject(hash) => format!("limit:{class}:{}", hex::encode(hash)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use proptest::prelude::*;

    use super::*;
    use crate::platform::{
        entropy::Entropy,
        limits::{LimitClock, memory::Buckets},
        redis::testing,
    };

    /// Asks both stores the same at the same times.
    async fn compare(limit: NonZeroU32, pauses_ms: &[u16]) {
        let redis = testing::redis();
        let name = format!("test:{}", Entropy::from_system().uuid());
        let now = Arc::new(Mutex::new(Duration::from_hours(1)));
        let clock = now.clone();
        let own = Buckets::new(LimitClock::from_fn(move || *clock.lock()));
        for pause in pauses_ms {
            *now.lock() += Duration::from_millis((*pause).into());
            let at = u64::try_from(now.lock().as_micros()).unwrap();
            let here = own.take(LimitClass::Chat, LimitKey::User(1), limit);
            let name = name.clone();
            let answer =
                redis
                    .ask(|mut connection| async move {
                        ask(&mut connection, &name, limit, Some(at)).await
                    })
                    .await
                    .unwrap();
            let there = decision(LimitClass::Chat, limit, answer);
            let apart = here.retry_after.abs_diff(there.retry_after);
            // An interval that is no whole number of microseconds is cut, once for each cell.
            assert!(apart < Duration::from_millis(1), "{here:?} {there:?}");
            let rest = |decision: Decision| Decision {
                retry_after: Duration::ZERO,
                ..decision
            };
            assert_eq!(rest(here), rest(there));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn redis_and_memory_decide_alike(
            limit in 1_u32..=240,
            pauses_ms in prop::collection::vec(prop_oneof![Just(0), 0..400_u16, 0..30_000_u16], 1..80),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(compare(NonZeroU32::new(limit).unwrap(), &pauses_ms));
        }
    }

    #[tokio::test]
    async fn a_bucket_is_kept_for_as_long_as_it_fills_and_names_no_account() {
        let key = LimitKey::subject(&Entropy::from_system().uuid().to_string());
        let name = name(LimitClass::Login, &key);
        assert!(!name.contains('@'));
        let limit = NonZeroU32::new(20).unwrap();
        let kept: u64 = testing::redis()
            .ask(|mut connection| async move {
                for _ in 0..3 {
                    ask(&mut connection, &name, limit, None).await?;
                }
                redis::cmd("PTTL")
                    .arg(&name)
                    .query_async(&mut connection)
                    .await
            })
            .await
            .unwrap();
        assert!((8_000..=9_000).contains(&kept), "{kept}");
    }
}
