//! What crosses HTTP between the server, the console and the tests.
//!
//! Times are RFC 3339 in UTC. `*_usd` is dollars as a number: nano-dollars / 1e9, unrounded, so
//! that parts sum to totals. Field names are snake_case except where a contract says otherwise.

pub mod accounts;
pub mod admin;
pub mod chat;
pub mod console;
pub mod costs;
pub mod documents;
pub mod exports;
pub mod filter;
pub mod jobs;
pub mod ops;
