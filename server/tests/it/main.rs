//! Behaviour through the public surface: HTTP, the command line, the terminal. One binary; the
//! tree mirrors what is tested.

mod architecture;
mod flows;
mod support;
