//! What the house stands on: versions, clock and disk.

use chrono::{TimeDelta, Utc};

use super::{Checks, Verdict};
use crate::{app::App, platform::storage::Disk};

/// Tokens and leases allow for clocks that differ a little.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(5);
const MEBIBYTE: u64 = 1024 * 1024;

impl Checks {
    pub(super) async fn machine(&mut self, app: &App) {
        let before = app.clock.now();
        match app.db.server().await {
            Ok(server) => {
                let detail = format!("binnacle {}, {}", env!("CARGO_PKG_VERSION"), server.version);
                self.add("versions", Verdict::Ok, detail);
                let off = server.ahead(before, app.clock.now());
                self.clock(off, before < built());
            }
            Err(error) => self.add("versions", Verdict::Problem, error.to_string()),
        }
        self.disk(app).await;
    }

    fn clock(&mut self, off: TimeDelta, before_build: bool) {
        if before_build {
            let detail = "this machine's time is before this program was written: set it, by NTP";
            self.add("clock", Verdict::Problem, detail);
        } else if off.abs() > CLOCK_TOLERANCE {
            let detail = format!(
                "the database's is {} s away from this machine's: set both by NTP",
                off.num_seconds()
            );
            self.add("clock", Verdict::Problem, detail);
        } else {
            self.add("clock", Verdict::Ok, "agrees with the database's");
        }
    }

    async fn disk(&mut self, app: &App) {
        let storage = &app.config.storage;
        let Some(disk) = Disk::of(&storage.dir).await else {
            let detail = "the system does not say how much room there is";
            return self.add("disk", Verdict::Warning, detail);
        };
        let free = disk.free / MEBIBYTE;
        let least = storage.min_free_bytes / MEBIBYTE;
        let detail = format!("{free} MiB are free, MIN_FREE_DISK_MB is {least}");
        if disk.free < storage.min_free_bytes {
            let detail = format!("{detail}: make room, or the server is not ready");
            self.add("disk", Verdict::Problem, detail);
        } else if disk.free / 4 < storage.min_free_bytes {
            self.add(
                "disk",
                Verdict::Warning,
                format!("{detail}: make room soon"),
            );
        } else {
            self.add("disk", Verdict::Ok, detail);
        }
    }
}

/// A time that is certainly over: 2026 began.
fn built() -> chrono::DateTime<Utc> {
    chrono::DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(off: TimeDelta, before_build: bool) -> Verdict {
        let mut checks = Checks::default();
        checks.clock(off, before_build);
        checks.0[0].verdict
    }

    #[test]
    fn clocks_that_differ_much_are_a_problem() {
        assert_eq!(verdict(TimeDelta::seconds(-4), false), Verdict::Ok);
        assert_eq!(verdict(TimeDelta::seconds(6), false), Verdict::Problem);
        assert_eq!(verdict(TimeDelta::seconds(-60), false), Verdict::Problem);
        assert_eq!(verdict(TimeDelta::zero(), true), Verdict::Problem);
    }
}
