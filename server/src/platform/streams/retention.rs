//! How a user's answers go from Redis, where their frames lie for other processes to read.

use async_trait::async_trait;
use entities::UserId;

use super::mirrored;
use crate::platform::{
    redis::Redis,
    retention::{Class, Eraser, Holding, Part, Place, RetentionError},
};

const FRAMES: Place = Place::Redis("stream:*");

/// What streams register; without Redis there is nothing to erase.
pub(crate) fn retention(redis: Option<&Redis>) -> Part {
    Part::default()
        .holding(Holding {
            place: FRAMES,
            class: Class::StreamReplay,
            not_expired: Some("Redis lets them go by itself, ten minutes after their end at most"),
            not_erased: None,
        })
        .erased_by(Frames(redis.cloned()))
}

struct Frames(Option<Redis>);

/// Nobody can sign then that nothing is left: what the user was answered last lies there for up to ten
/// minutes.
const UNREACHABLE: RetentionError = RetentionError::Unreachable(
    "Redis does not answer, where the user's last answers may lie; the erasure goes on when it does",
);

#[async_trait]
impl Eraser for Frames {
    fn places(&self) -> &'static [Place] {
        &[FRAMES]
    }

    /// Those of streams that have ended. An open one ends within seconds, since its user may no longer
    /// come in; deleted before, it would be written again.
    async fn erase_batch(&self, user: UserId, _limit: u64) -> Result<u64, RetentionError> {
        let Some(redis) = &self.0 else { return Ok(0) };
        let erased = mirrored::erase_ended(redis, user).await;
        erased.map_err(|_| UNREACHABLE)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        let Some(redis) = &self.0 else { return Ok(0) };
        let found = mirrored::frames_of(redis, user).await;
        let found = found.map_err(|_| UNREACHABLE)?;
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }
}
