//! Behaviour through the public surface: HTTP, the command line, the terminal. One binary; the
//! tree mirrors what is tested.

<<<<<<< HEAD
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what supports a test fails it by panicking, and may read the real world"
)]
#![expect(unreachable_pub, reason = "parts of a test binary are for each other")]

mod architecture;
mod faults;
=======
mod contracts;
>>>>>>> routes-tests
mod flows;
mod guards;
mod routes;
mod rules;
#[expect(unreachable_pub, reason = "a binary of tests exports nothing")]
mod support;
