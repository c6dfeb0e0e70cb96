//! What the queue reports.

use std::time::Duration;

use super::Observers;
use crate::platform::{
    jobs::{JobObserver, RunResult},
    telemetry::Telemetry,
};

pub(super) fn expect(telemetry: &Telemetry, kinds: &[&str]) {
    for kind in kinds {
        telemetry.jobs_enqueued.add([kind], 0);
        telemetry.job_rescues.add([kind], 0);
        telemetry.job_leases_lost.add([kind], 0);
        for result in RunResult::ALL {
            telemetry.jobs_finished.add([kind, result.as_str()], 0);
        }
    }
}

impl JobObserver for Observers {
    fn enqueued(&self, kind: &'static str) {
        self.0.jobs_enqueued.increment([kind]);
    }

    fn started(&self, kind: &'static str, waited: Duration) {
        self.0.job_wait_seconds.record([kind], waited.as_secs_f64());
    }

    fn finished(&self, kind: &'static str, result: RunResult, took: Duration) {
        self.0.jobs_finished.increment([kind, result.as_str()]);
        self.0.job_seconds.record([kind], took.as_secs_f64());
    }

    fn rescued(&self, kind: &'static str, dead: bool) {
        self.0.job_rescues.increment([kind]);
        if dead {
            let result = RunResult::Dead.as_str();
            self.0.jobs_finished.increment([kind, result]);
        }
    }

    fn lease_lost(&self, kind: &'static str) {
        self.0.job_leases_lost.increment([kind]);
    }
}
