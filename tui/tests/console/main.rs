//! The console without a terminal and without a network: messages go in, actions come out, frames
//! are compared.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what supports a test fails it by panicking"
)]

mod client;
mod contracts;
mod exchange;
mod files;
mod fuzz;
mod pages;
mod screens;
mod support;
