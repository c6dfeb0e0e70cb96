//! What crosses HTTP between the server, the console and the tests: serde types and nothing else.

pub mod accounts;
