//! The console without a terminal and without a network: messages go in, actions come out, frames
//! are compared.

mod client;
mod contracts;
mod fuzz;
mod pages;
mod screens;
mod support;
