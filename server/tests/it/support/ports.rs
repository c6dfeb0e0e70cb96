//! Ports for programs that are told one before they listen.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
};

/// Below those that the system gives out by itself (`ip_local_port_range`): a port that was only
/// looked at and let go again would soon be somebody's end of a connection.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 that nobody has, and that no other test of this run is told.
pub fn free_port() -> u16 {
    // Another run beside this one begins elsewhere.
    let begin = std::process::id().wrapping_mul(509);
    loop {
        let next = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + next % COUNT).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
