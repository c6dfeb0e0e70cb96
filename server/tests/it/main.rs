//! Behaviour through the public surface: HTTP, the command line, the terminal. One binary; the
//! tree mirrors what is tested.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what supports a test fails it by panicking"
)]

mod architecture;
mod flows;
mod support;
