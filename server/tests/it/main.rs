//! Behaviour through the public surface: HTTP, the command line, the terminal. One binary; the
//! tree mirrors what is tested.

mod contracts;
mod flows;
mod guards;
mod routes;
mod rules;
#[expect(unreachable_pub, reason = "a binary of tests exports nothing")]
mod support;
