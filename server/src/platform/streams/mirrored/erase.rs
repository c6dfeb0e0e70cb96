//! The streams of one user in Redis: which there are, and how they go.

use entities::UserId;
use redis::streams::StreamRangeReply;

use super::{ENDED, READ};
use crate::platform::redis::{Redis, RedisUnavailable};

/// Keys that Redis looks at in one exchange.
const LOOKED_AT: usize = 1_000;

/// The keys under which frames of this user lie.
pub(in crate::platform::streams) async fn frames_of(
    redis: &Redis,
    user: UserId,
) -> Result<Vec<String>, RedisUnavailable> {
    let pattern = redis.key(&format!("stream:{}:*", user.0));
    let (mut found, mut cursor) = (Vec::new(), 0_u64);
    loop {
        let pattern = pattern.clone();
        let (next, keys): (u64, Vec<String>) = redis
            .ask_patiently(|mut connection| async move {
                redis::cmd("SCAN")
                    .arg(cursor)
                    .arg(("MATCH", pattern, "COUNT", LOOKED_AT))
                    .query_async(&mut connection)
                    .await
            })
            .await?;
        found.extend(keys.into_iter().filter(|key| !key.ends_with(READ)));
        cursor = next;
        if cursor == 0 {
            // What is moved while Redis looks may be seen twice.
            found.sort_unstable();
            found.dedup();
            return Ok(found);
        }
    }
}

/// Deletes the frames of this user's streams that have ended; answers of how many.
pub(in crate::platform::streams) async fn erase_ended(
    redis: &Redis,
    user: UserId,
) -> Result<u64, RedisUnavailable> {
    let mut erased = 0;
    for key in frames_of(redis, user).await? {
        let gone: bool = redis
            .ask_patiently(|mut connection| async move {
                let last: StreamRangeReply = redis::cmd("XREVRANGE")
                    .arg((&key, "+", "-", "COUNT", 1))
                    .query_async(&mut connection)
                    .await?;
                if !last.ids.iter().any(|entry| entry.contains_key(ENDED)) {
                    return Ok(false);
                }
                redis::cmd("UNLINK")
                    .arg((&key, format!("{key}{READ}")))
                    .query_async(&mut connection)
                    .await
            })
            .await?;
        erased += u64::from(gone);
    }
    Ok(erased)
}
