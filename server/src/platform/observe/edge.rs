//! What the edge reports.

use super::{ALLOWED, Observers, REFUSED, as_float};
use crate::platform::{
    http::{EdgeObserver, Finished},
    limits::LimitClass,
};

/// The type of a file that was refused before it was known.
const UNREAD: &str = "unknown";

impl EdgeObserver for Observers {
    fn in_flight(&self, method: &'static str, change: i64) {
        let step = if change < 0 { -1.0 } else { 1.0 };
        self.0.http_server_active_requests.add([method], step);
    }

    fn request_finished(&self, finished: &Finished) {
        let Finished {
            method,
            route,
            status,
            duration,
        } = *finished;
        let seconds = duration.as_secs_f64();
        let status = status.to_string();
        // OpenTelemetry: the status is the error's type, and only the server's own errors are.
        let error_type = if finished.status >= 500 { &*status } else { "" };
        self.0.http_requests.increment([method, route, &status]);
        self.0.http_request_seconds.record([method, route], seconds);
        self.0
            .http_server_request_seconds
            .record([method, route, &status, error_type], seconds);
    }

    fn panic(&self) {
        self.0.panics.increment([]);
    }

    fn limited(&self, class: LimitClass, allowed: bool) {
        let decision = if allowed { ALLOWED } else { REFUSED };
        self.0
            .ratelimit_decisions
            .increment([class.name(), decision]);
    }

    fn csrf_rejected(&self, _route: &'static str) {
        self.0.csrf_rejected.increment([]);
    }

    fn denied(&self, _route: &'static str, status: u16) {
        let reason = if status == 401 {
            "unauthenticated"
        } else {
            "forbidden"
        };
        self.0.authz_denied.increment([reason]);
    }

    fn file_came(&self, route: &'static str, bytes: u64, refused: Option<u16>) {
        if bytes > 0 {
            self.0
                .http_server_request_body_bytes
                .record([route], as_float(bytes));
        }
        let result = match refused {
            Some(413) => "too_large",
            Some(415) => "type",
            Some(400 | 422) => "malformed",
            // Taken in, or refused for what is not in the file: whose it is says which.
            _ => return,
        };
        self.0.uploads.increment([UNREAD, result]);
    }
}
