//! What the edge tells telemetry, kept for tests.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;

use super::super::{EdgeObserver, Finished};
use crate::platform::limits::LimitClass;

/// Everything that the edge told telemetry, and a signal when it did.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) finished: Mutex<Vec<(String, String, u16)>>,
    pub(super) in_flight: Mutex<HashMap<&'static str, i64>>,
    pub(super) events: Mutex<Vec<String>>,
    /// Route, bytes and refusal of each form with a file.
    pub(super) files: Mutex<Vec<(&'static str, u64, Option<u16>)>>,
    changed: tokio::sync::Notify,
}

impl Seen {
    /// Waits until `enough` holds.
    pub(super) async fn until(&self, enough: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if enough(self) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting)
            .await
            .expect("was never seen");
    }
}

impl EdgeObserver for Seen {
    fn in_flight(&self, method: &'static str, change: i64) {
        *self.in_flight.lock().entry(method).or_default() += change;
    }

    fn request_finished(&self, finished: &Finished) {
        let Finished {
            method,
            route,
            status,
            ..
        } = *finished;
        self.finished
            .lock()
            .push((method.to_owned(), route.to_owned(), status));
        self.changed.notify_waiters();
    }

    fn panic(&self) {
        self.events.lock().push("panic".to_owned());
    }

    fn limited(&self, class: LimitClass, allowed: bool) {
        if !allowed {
            self.events.lock().push(format!("limited {}", class.name()));
        }
    }

    fn csrf_rejected(&self, route: &'static str) {
        self.events.lock().push(format!("csrf {route}"));
    }

    fn denied(&self, route: &'static str, status: u16) {
        self.events.lock().push(format!("denied {route} {status}"));
    }

    fn file_came(&self, route: &'static str, bytes: u64, refused: Option<u16>) {
        self.files.lock().push((route, bytes, refused));
    }
}
