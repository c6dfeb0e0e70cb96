//! The console against a running house: every act of every screen by keys, and the program itself
//! in a terminal.

mod audit;
mod budgets;
mod catalogue;
mod console;
mod deleted;
mod feed;
mod hands;
mod jobs;
mod journey;
mod people;
mod providers;
mod retention;
mod settings;
mod shell;
mod streams;
mod system;
mod tmux;
mod tour;
