//! What the database reports.

use std::time::Duration;

use super::Observers;
use crate::platform::db::DbObserver;

impl DbObserver for Observers {
    fn transaction(&self, system: &'static str, callers: usize, succeeded: bool, took: Duration) {
        let batch = if callers > 1 { "group" } else { "single" };
        let result = if succeeded { "ok" } else { "error" };
        self.0
            .db_write_seconds
            .record([batch, result], took.as_secs_f64());
        let error_type = if succeeded { "" } else { "error" };
        self.0
            .db_client_operation_seconds
            .record([system, "transaction", error_type], took.as_secs_f64());
        self.0
            .db_writes
            .add([batch, result], u64::try_from(callers).unwrap_or(u64::MAX));
    }

    fn read(&self, system: &'static str, succeeded: bool, took: Duration) {
        let error_type = if succeeded { "" } else { "error" };
        self.0
            .db_client_operation_seconds
            .record([system, "SELECT", error_type], took.as_secs_f64());
    }

    fn waited(&self, pool: &'static str, waited: Duration) {
        self.0
            .db_client_wait_seconds
            .record([pool], waited.as_secs_f64());
    }

    fn gave_up(&self, pool: &'static str) {
        self.0.db_client_timeouts.increment([pool]);
    }

    fn busy(&self) {
        self.0.sqlite_busy.increment([]);
    }
}
