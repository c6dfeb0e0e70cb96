//! The buckets of this process.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed},
};
use parking_lot::Mutex;

use super::{Decision, LimitClass, LimitKey};

/// How many buckets are kept at most.
const MAX_BUCKETS: usize = 5_000;
/// A bucket unused for this long is forgotten when room is needed.
const IDLE: Duration = Duration::from_mins(15);
/// How many go at once when even the idle ones were not enough, so that a flood of new principals
/// pays for one sweep per this many of them.
const EVICTED_AT_ONCE: usize = MAX_BUCKETS / 10;
const WINDOW: Duration = Duration::from_mins(1);

/// Time since some fixed point, never running backwards.
#[derive(Clone)]
pub(crate) struct LimitClock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl LimitClock {
    /// The machine's monotonic clock.
    pub(crate) fn monotonic() -> Self {
        let start = tokio::time::Instant::now();
        Self::from_fn(move || start.elapsed())
    }

    pub(crate) fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl Clock for LimitClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        (self.0)()
    }
}

type Cells = RateLimiter<NotKeyed, InMemoryState, LimitClock, StateInformationMiddleware>;

struct Bucket {
    cells: Cells,
    used_at: Duration,
}

/// Buckets in memory, of a bounded number of principals.
pub(super) struct Buckets {
    clock: LimitClock,
    buckets: Mutex<HashMap<(LimitClass, LimitKey), Bucket>>,
}

impl Buckets {
    pub(super) fn new(clock: LimitClock) -> Self {
        Self {
            clock,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one call of `key` under `class`, of which there are `limit` a minute.
    pub(super) fn take(&self, class: LimitClass, key: LimitKey, limit: NonZeroU32) -> Decision {
        let quota = Quota::per_minute(limit);
        let now = self.clock.now();
        let mut buckets = self.buckets.lock();
        let slot = (class, key);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&slot) {
            make_room(&mut buckets, now);
        }
        let bucket = buckets.entry(slot).or_insert_with(|| Bucket {
            cells: RateLimiter::direct_with_clock(quota, self.clock.clone())
                .with_middleware::<StateInformationMiddleware>(),
            used_at: now,
        });
        bucket.used_at = now;
        let (allowed, remaining, retry_after) = match bucket.cells.check() {
            Ok(state) => (true, state.remaining_burst_capacity(), Duration::ZERO),
            Err(refusal) => (false, 0, refusal.wait_time_from(now)),
        };
        Decision::new(class, limit, allowed, remaining, retry_after)
    }

    /// How many buckets are held now.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.buckets.lock().len()
    }
}

fn make_room(buckets: &mut HashMap<(LimitClass, LimitKey), Bucket>, now: Duration) {
    let idle_for = |bucket: &Bucket| now.saturating_sub(bucket.used_at);
    buckets.retain(|_, bucket| idle_for(bucket) < IDLE);
    if buckets.len() < MAX_BUCKETS {
        return;
    }
    // A whole window without a call refills every quota: such a bucket holds nothing.
    buckets.retain(|_, bucket| idle_for(bucket) < WINDOW);
    if buckets.len() < MAX_BUCKETS {
        return;
    }
    let mut ages: Vec<Duration> = buckets.values().map(|bucket| bucket.used_at).collect();
    let (_, oldest_kept, _) = ages.select_nth_unstable(EVICTED_AT_ONCE);
    let oldest_kept = *oldest_kept;
    let mut left = EVICTED_AT_ONCE;
    buckets.retain(|_, bucket| {
        let evict = left > 0 && bucket.used_at <= oldest_kept;
        left -= usize::from(evict);
        !evict
    });
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::platform::limits::LimitQuotas;

    fn buckets() -> (Buckets, FakeRelativeClock) {
        let fake = FakeRelativeClock::default();
        let clock = fake.clone();
        let buckets = Buckets::new(LimitClock::from_fn(move || clock.now().into()));
        (buckets, fake)
    }

    fn take(buckets: &Buckets, class: LimitClass, key: LimitKey) -> Decision {
        let limit = LimitQuotas::default().per_minute(class);
        buckets.take(class, key, NonZeroU32::new(limit).unwrap())
    }

    fn address(number: u32) -> LimitKey {
        LimitKey::address(IpAddr::V4(Ipv4Addr::from_bits(number)))
    }

    #[test]
    fn a_class_allows_its_number_then_says_when_to_come_back() {
        let (buckets, clock) = buckets();
        for used in 1..=10 {
            let decision = take(&buckets, LimitClass::Chat, LimitKey::User(1));
            assert!(decision.allowed);
            assert_eq!(decision.remaining, 10 - used);
            assert_eq!(
                decision.reset_after,
                Duration::from_secs(u64::from(used) * 6)
            );
        }
        let refused = take(&buckets, LimitClass::Chat, LimitKey::User(1));
        assert_eq!((refused.allowed, refused.remaining), (false, 0));
        assert_eq!(refused.retry_after, Duration::from_secs(6));

        clock.advance(Duration::from_nanos(5_999_999_999));
        assert!(!take(&buckets, LimitClass::Chat, LimitKey::User(1)).allowed);
        clock.advance(Duration::from_nanos(1));
        assert!(take(&buckets, LimitClass::Chat, LimitKey::User(1)).allowed);
        assert!(!take(&buckets, LimitClass::Chat, LimitKey::User(1)).allowed);
    }

    #[test]
    fn classes_and_principals_do_not_share() {
        let (buckets, _clock) = buckets();
        for _ in 0..10 {
            take(&buckets, LimitClass::Chat, LimitKey::User(1));
        }
        assert!(!take(&buckets, LimitClass::Chat, LimitKey::User(1)).allowed);
        assert!(take(&buckets, LimitClass::Chat, LimitKey::User(2)).allowed);
        assert!(take(&buckets, LimitClass::Upload, LimitKey::User(1)).allowed);
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_spares_those_in_use() {
        let (buckets, clock) = buckets();
        for _ in 0..120 {
            take(&buckets, LimitClass::Global, LimitKey::User(1));
        }
        for number in 0..40_000 {
            take(&buckets, LimitClass::Global, address(number));
            if number % 400 == 0 {
                clock.advance(Duration::from_millis(1));
                assert!(!take(&buckets, LimitClass::Global, LimitKey::User(1)).allowed);
            }
            assert!(buckets.held() <= MAX_BUCKETS);
        }
    }

    #[test]
    fn idle_buckets_make_room_before_active_ones() {
        let (buckets, clock) = buckets();
        for number in 0..4_000 {
            take(&buckets, LimitClass::Global, address(number));
        }
        clock.advance(IDLE);
        for number in 4_000..5_001 {
            take(&buckets, LimitClass::Global, address(number));
        }
        assert_eq!(buckets.held(), 1_001);
    }
}
