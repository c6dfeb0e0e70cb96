//! The console without a terminal and without a network: messages go in, actions come out, frames
//! are compared.

mod contracts;
mod fuzz;
mod screens;
mod support;
