//! Redis: an accelerator that may be absent. Nothing in it is the only copy of anything.

mod connection;
mod ping;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use connection::{Redis, RedisUnavailable};
pub(crate) use ping::ping;
