//! The admin console of Binnacle: a client of the admin API on a terminal, and the same as commands.
//!
//! [`app`] is the console as a value: messages go in, actions come out, a frame shows it. It knows no
//! terminal, no network and no clock; [`runtime`] does. [`screens`] hold what is shown, [`acts`] what
//! can be done.

pub mod action;
pub mod acts;
pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod glyphs;
pub mod keys;
pub mod message;
pub mod mirror;
pub mod object;
pub mod place;
pub mod runtime;
pub mod screens;
pub mod text;
pub mod theme;
pub mod widgets;
