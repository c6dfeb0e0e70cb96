//! The console against a running house: every act of every screen by keys, and the program itself
//! in a terminal.

mod audit;
mod auditor;
mod budgets;
mod catalogue;
mod console;
mod deleted;
mod feed;
mod figures;
mod hands;
mod jobs;
mod journey;
mod many;
mod people;
mod providers;
mod retention;
mod settings;
mod shell;
mod streams;
mod system;
mod tmux;
mod tour;
