//! The server, over HTTP: requests and their answers as values, and who sends them.

pub mod auth;
pub mod backoff;
pub mod credentials;
pub mod feed;
pub mod http;
pub mod request;

pub use request::{Failure, Method, Reply, Request};
