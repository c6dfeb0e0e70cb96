//! What the edge tells telemetry.

use std::time::Duration;

use crate::platform::limits::LimitClass;

/// One request that is over: answered to the last byte, or left by its client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finished {
    pub(crate) method: &'static str,
    /// The route's template, or `unmatched`.
    pub(crate) route: &'static str,
    /// 499 when the client left before there was an answer.
    pub(crate) status: u16,
    pub(crate) duration: Duration,
}

/// Receives what the edge measures. Labels are bounded: methods by HTTP, routes by the registry.
pub(crate) trait EdgeObserver: Send + Sync {
    /// A request began (+1) or ended (-1).
    fn in_flight(&self, method: &'static str, change: i64);
    fn request_finished(&self, finished: &Finished);
    /// A handler panicked and the request was answered with 500.
    fn panic(&self);
    /// A limit was asked.
    fn limited(&self, class: LimitClass, allowed: bool);
    /// A mutation came without the header that only our own pages can send.
    fn csrf_rejected(&self, route: &'static str);
    /// A guard refused a caller.
    fn denied(&self, route: &'static str, status: u16);
    /// A form with a file was taken in, or refused with this status after so many bytes of it.
    fn file_came(&self, route: &'static str, bytes: u64, refused: Option<u16>);
}
