//! Behaviour through the public surface: HTTP, the command line, the terminal. One binary; the
//! tree mirrors what is tested.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what supports a test fails it by panicking, and may read the real world"
)]
#![expect(unreachable_pub, reason = "parts of a test binary are for each other")]

mod architecture;
mod console;
mod contracts;
mod faults;
mod flows;
mod guards;
mod observability;
mod proxied;
mod routes;
mod rules;
mod shipped;
mod support;
mod terminal;
