//! How the queue is worked.

use std::time::Duration;

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const JOB_WORKERS_IN_SERVE: Variable = Variable::new(
    "JOB_WORKERS_IN_SERVE",
    "true",
    "Whether `serve` works the queue too; off where `worker` processes do.",
);
pub(super) const JOB_CONCURRENCY: Variable = Variable::new(
    "JOB_CONCURRENCY",
    "2",
    "Jobs that one process runs at the same time.",
);
pub(super) const JOB_LEASE_SECONDS: Variable = Variable::new(
    "JOB_LEASE_SECONDS",
    "60",
    "Time after which a job whose worker is silent is taken up by another.",
)
.unit("seconds");
pub(super) const JOB_HEARTBEAT_SECONDS: Variable = Variable::new(
    "JOB_HEARTBEAT_SECONDS",
    "15",
    "How often a worker renews its leases; at most half of JOB_LEASE_SECONDS.",
)
.unit("seconds");
pub(super) const JOB_POLL_MS: Variable = Variable::new(
    "JOB_POLL_MS",
    "1000",
    "How often an idle worker looks for jobs that nobody told it of.",
)
.unit("milliseconds");
pub(super) const JOB_DRAIN_SECONDS: Variable = Variable::new(
    "JOB_DRAIN_SECONDS",
    "8",
    "Time that running jobs have to end after SIGTERM before they are given back; below \
     DRAIN_SECONDS.",
)
.unit("seconds");

pub(super) const SECTION: Section = Section {
    title: "Jobs",
    about: "",
    variables: &[
        JOB_WORKERS_IN_SERVE,
        JOB_CONCURRENCY,
        JOB_LEASE_SECONDS,
        JOB_HEARTBEAT_SECONDS,
        JOB_POLL_MS,
        JOB_DRAIN_SECONDS,
    ],
};

/// The workers of this process.
#[derive(Clone, Debug)]
pub(crate) struct JobsConfig {
    pub(crate) workers_in_serve: bool,
    pub(crate) concurrency: usize,
    pub(crate) lease: Duration,
    pub(crate) heartbeat: Duration,
    pub(crate) poll: Duration,
    pub(crate) drain: Duration,
}

impl JobsConfig {
    pub(super) fn read(reader: &mut Reader<'_>, process_drain: Duration) -> Self {
        let config = Self {
            workers_in_serve: reader.flag(&JOB_WORKERS_IN_SERVE),
            concurrency: reader.integer(&JOB_CONCURRENCY, 1..=256),
            lease: reader.seconds(&JOB_LEASE_SECONDS, 2..=3600),
            heartbeat: reader.seconds(&JOB_HEARTBEAT_SECONDS, 1..=1800),
            poll: Duration::from_millis(reader.integer(&JOB_POLL_MS, 10..=60_000)),
            drain: reader
                .seconds(&JOB_DRAIN_SECONDS, 0..=600)
                .min(process_drain),
        };
        if config.heartbeat * 2 > config.lease {
            reader.problem(
                &JOB_HEARTBEAT_SECONDS,
                "is more than half of JOB_LEASE_SECONDS, so one lost heartbeat would lose the job",
                "Lower it, or raise JOB_LEASE_SECONDS",
            );
        }
        config
    }
}
