//! How often: one bucket per principal and class, by the generic cell rate algorithm.
//!
//! A class allows its number of calls at once and refills one cell every `60 s / number`. Where
//! there is Redis, all processes take from the same buckets; else, and while Redis does not answer,
//! buckets live in memory, for at most 5,000 principals: a bucket that has refilled is the same as
//! none, so forgetting it changes nothing; beyond that the longest idle go first.

mod class;
mod key;
mod limiter;
mod memory;
mod redis_buckets;

pub(crate) use class::{LimitClass, LimitQuotas};
pub(crate) use key::LimitKey;
pub(crate) use limiter::{Decision, Limits};
pub(crate) use memory::LimitClock;
