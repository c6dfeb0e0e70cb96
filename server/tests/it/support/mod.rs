//! A running house for each test: its own database, folder, port and users.

pub mod client;
pub mod database;
pub mod house;

pub use client::{Answer, User};
pub use database::{Database, on_each_database};
pub use house::House;
