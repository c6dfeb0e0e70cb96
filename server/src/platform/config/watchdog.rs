//! When a document that does not move is called stuck.

use std::time::Duration;

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const WATCHDOG_TTL_MINUTES: Variable = Variable::new(
    "WATCHDOG_TTL_MINUTES",
    "60",
    "Time after which a document that is still being indexed without progress is called stuck.",
)
.unit("minutes");
pub(super) const WATCHDOG_CRON_MINUTES: Variable = Variable::new(
    "WATCHDOG_CRON_MINUTES",
    "15",
    "How often stuck documents are looked for.",
)
.unit("minutes");

pub(super) const SECTION: Section = Section {
    title: "Watchdog",
    about: "",
    variables: &[WATCHDOG_TTL_MINUTES, WATCHDOG_CRON_MINUTES],
};

/// When stuck work is found.
#[derive(Clone, Debug)]
pub(crate) struct WatchdogConfig {
    pub(crate) ttl: Duration,
    pub(crate) interval: Duration,
}

impl WatchdogConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut minutes =
            |variable| Duration::from_secs(60 * reader.integer::<u64>(variable, 1..=10_080));
        Self {
            ttl: minutes(&WATCHDOG_TTL_MINUTES),
            interval: minutes(&WATCHDOG_CRON_MINUTES),
        }
    }
}
