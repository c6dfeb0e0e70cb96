//! A running house for each test: its own database, folder, port and users.

pub mod client;
pub mod database;
pub mod house;
pub mod link;
pub mod memory;
mod ports;
pub mod redis;
pub mod sql;
pub mod wire;

pub use client::{Answer, PASSWORD, Stream, User, eventually, eventually_or};
pub use database::{Database, on_each_database};
pub use house::House;
pub(crate) use link::Link;
pub use ports::free_port;
pub use sql::Sql;
pub use wire::Wire;
