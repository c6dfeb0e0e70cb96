//! What processes share through Redis, where there is one.

use super::{Ground, StartError, settings};
use crate::platform::{
    limits::{LimitClock, Limits},
    redis::Redis,
};

impl Ground {
    pub(super) fn redis(&self) -> Result<Option<Redis>, StartError> {
        let redis = &self.config.redis;
        let url = redis.url.as_ref();
        url.map(|url| Redis::at(url, &redis.prefix))
            .transpose()
            .map_err(|error| StartError::Redis(error.to_string()))
    }

    pub(super) fn limits(&self, redis: Option<Redis>) -> Limits {
        let quotas = settings::limits(&self.config.limits);
        let limits = Limits::new(quotas, LimitClock::monotonic());
        match redis {
            Some(redis) => limits.shared_by(redis, self.telemetry.clone()),
            None => limits,
        }
    }
}
