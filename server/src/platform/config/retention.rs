//! How long each class of data is kept.

use std::time::Duration;

use super::reader::Reader;
use super::variable::{Section, Variable};

/// The longest time that can be set, in days: a century.
pub(crate) const MAX_DAYS: u64 = 36_500;

const fn days(name: &'static str, default: &'static str, about: &'static str) -> Variable {
    Variable::new(name, default, about).unit("days")
}

pub(super) const RETENTION_CHAT_DAYS: Variable =
    days("RETENTION_CHAT_DAYS", "90", "Conversations.");
pub(super) const RETENTION_USAGE_DAYS: Variable = days(
    "RETENTION_USAGE_DAYS",
    "400",
    "Ledger entries, by whole closed months.",
);
pub(super) const RETENTION_FINISHED_JOBS_DAYS: Variable = days(
    "RETENTION_FINISHED_JOBS_DAYS",
    "30",
    "Jobs that have ended, with their events.",
);
pub(super) const RETENTION_SOFT_DELETED_DAYS: Variable = days(
    "RETENTION_SOFT_DELETED_DAYS",
    "30",
    "Deleted stores and documents, which can be restored until then.",
);
pub(super) const RETENTION_UPLOADS_TMP_HOURS: Variable = Variable::new(
    "RETENTION_UPLOADS_TMP_HOURS",
    "24",
    "Uploads that were never finished: the files left in TMP_DIR.",
)
.aliases(&["TMP_MAX_AGE_HOURS"])
.unit("hours");
pub(super) const RETENTION_EXPORTS_HOURS: Variable = Variable::new(
    "RETENTION_EXPORTS_HOURS",
    "24",
    "Files with everything of a user, from when they were asked for.",
)
.unit("hours");
pub(super) const RETENTION_AUDIT_DAYS: Variable =
    days("RETENTION_AUDIT_DAYS", "400", "The audit log.");
pub(super) const RETENTION_SESSIONS_DAYS: Variable =
    days("RETENTION_SESSIONS_DAYS", "30", "Sessions that have ended.");
pub(super) const RETENTION_RAW_AUDIO_DAYS: Variable =
    days("RETENTION_RAW_AUDIO_DAYS", "30", "Recordings.")
        .aliases(&["PLC_RETENTION_RAW_AUDIO_DAYS"]);
pub(super) const RETENTION_TRANSCRIPTS_DAYS: Variable =
    days("RETENTION_TRANSCRIPTS_DAYS", "14", "Transcripts.")
        .aliases(&["PLC_RETENTION_TRANSCRIPT_DAYS"]);
pub(super) const RETENTION_STREAM_REPLAY_HOURS: Variable = Variable::new(
    "RETENTION_STREAM_REPLAY_HOURS",
    "1",
    "Events of an ended stream, from which it can be read again.",
)
.unit("hours");

pub(super) const SECTION: Section = Section {
    title: "Retention",
    about: "0 keeps the data.",
    variables: &[
        RETENTION_CHAT_DAYS,
        RETENTION_USAGE_DAYS,
        RETENTION_FINISHED_JOBS_DAYS,
        RETENTION_SOFT_DELETED_DAYS,
        RETENTION_UPLOADS_TMP_HOURS,
        RETENTION_EXPORTS_HOURS,
        RETENTION_AUDIT_DAYS,
        RETENTION_SESSIONS_DAYS,
        RETENTION_RAW_AUDIO_DAYS,
        RETENTION_TRANSCRIPTS_DAYS,
        RETENTION_STREAM_REPLAY_HOURS,
    ],
};

/// How long each class of data is kept; `None` keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RetentionConfig {
    pub(crate) chat: Option<Duration>,
    pub(crate) usage: Option<Duration>,
    pub(crate) finished_jobs: Option<Duration>,
    pub(crate) soft_deleted: Option<Duration>,
    pub(crate) uploads_tmp: Option<Duration>,
    pub(crate) exports: Option<Duration>,
    pub(crate) audit: Option<Duration>,
    pub(crate) sessions: Option<Duration>,
    pub(crate) raw_audio: Option<Duration>,
    pub(crate) transcripts: Option<Duration>,
    pub(crate) stream_replay: Option<Duration>,
}

impl RetentionConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self::from(|variable| {
            // What keeps temporary files is 0 or less by its older name.
            let keeps_below_0 = variable.name == RETENTION_UPLOADS_TMP_HOURS.name;
            let most = MAX_DAYS.cast_signed();
            let least = if keeps_below_0 { -most } else { 0 };
            let count: i64 = reader.integer(variable, least..=most);
            u64::try_from(count).unwrap_or(0)
        })
    }

    /// The periods of a house that sets none.
    pub(crate) fn defaults() -> Self {
        Self::from(|variable| variable.default.parse().unwrap_or(0))
    }

    fn from(mut count: impl FnMut(&Variable) -> u64) -> Self {
        let mut period = |variable: &Variable, unit: u64| {
            let count = count(variable);
            (count > 0).then(|| Duration::from_secs(count * unit))
        };
        let (day, hour) = (86_400, 3_600);
        Self {
            chat: period(&RETENTION_CHAT_DAYS, day),
            usage: period(&RETENTION_USAGE_DAYS, day),
            finished_jobs: period(&RETENTION_FINISHED_JOBS_DAYS, day),
            soft_deleted: period(&RETENTION_SOFT_DELETED_DAYS, day),
            uploads_tmp: period(&RETENTION_UPLOADS_TMP_HOURS, hour),
            exports: period(&RETENTION_EXPORTS_HOURS, hour),
            audit: period(&RETENTION_AUDIT_DAYS, day),
            sessions: period(&RETENTION_SESSIONS_DAYS, day),
            raw_audio: period(&RETENTION_RAW_AUDIO_DAYS, day),
            transcripts: period(&RETENTION_TRANSCRIPTS_DAYS, day),
            stream_replay: period(&RETENTION_STREAM_REPLAY_HOURS, hour),
        }
    }
}
