//! What the edge reports.

use super::{ALLOWED, Observers, REFUSED};
use crate::platform::{
    http::{EdgeObserver, Finished},
    limits::LimitClass,
};

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
}
