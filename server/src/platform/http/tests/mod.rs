//! The edge as clients meet it: over the real accept loop on a free port, and in process.

mod answer;
mod conversation;
mod cors;
mod description;
mod errors;
mod identity;
mod limits;
mod sample;
mod seen;
mod sockets;
mod streams;
mod support;
mod uploads;
