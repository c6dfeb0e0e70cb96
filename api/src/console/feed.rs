//! The live feed, `GET /api/admin/events`: server-sent events, numbered `<process epoch>.<sequence>`.
//!
//! `event:` names one of [`Topic`]'s events; `data:` is the type that stands beside it here. The
//! first event is `snapshot` ([`super::Snapshot`]) unless an unbroken run could be resumed by
//! `Last-Event-ID`.

use super::{Alarm, AuditRecord, Provider, Stream, wire, words};

words! {
    /// What one may follow.
    pub enum Topic {
        /// `pulse`: [`super::Pulse`], each second.
        Pulse = "pulse",
        /// `alarm`: [`AlarmChange`], at once.
        Alarms = "alarms",
        /// `job`: [`super::Job`], at once.
        Jobs = "jobs",
        /// `streams`: [`StreamsChange`], each second.
        Streams = "streams",
        /// `account`: [`RowChange`], at once.
        Accounts = "accounts",
        /// `retention`: [`super::RetentionChange`], at once.
        Retention = "retention",
        /// `provider`: [`Provider`], each second when changed.
        Providers = "providers",
        /// `audit`: [`AuditRecord`], at once.
        Audit = "audit",
    }

    /// Why the server ends a feed.
    pub enum ByeReason {
        /// The access token ended: refresh, then resume.
        TokenExpired = "token_expired",
        /// The reader may not read any more.
        Forbidden = "forbidden",
        /// The process stops.
        Shutdown = "shutdown",
        /// The reader was too slow.
        Slow = "slow",
    }
}

wire! {
    /// A row changed; whoever shows it reads it again. A lower `rev` than the known is ignored.
    pub struct RowChange {
        /// The row.
        pub id: i64,
        /// Rises with each change.
        pub rev: i64,
    }

    /// An alarm began or ended: one of the two is there.
    pub struct AlarmChange {
        /// It began, or its value changed.
        pub set: Option<Alarm>,
        /// The id of one that ended.
        pub clear: Option<String>,
    }

    /// Streams that changed in the last second.
    pub struct StreamsChange {
        /// New, or changed.
        pub upsert: Vec<Stream>,
        /// Ended.
        pub remove: Vec<String>,
    }

    /// Events were left out: read that list again.
    pub struct Lost {
        /// The topic.
        pub topic: Topic,
        /// How many.
        pub count: i64,
    }

    /// The server ends the feed.
    pub struct Bye {
        /// Why.
        pub reason: ByeReason,
        /// Come back after this.
        pub retry_ms: i64,
    }
}

/// What is to be followed.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct FeedQuery {
    /// Words of [`Topic`], separated by commas; all when absent.
    pub topics: Option<String>,
}

/// What the feed says, by the name of its event.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedEvent {
    /// `snapshot`: replaces all.
    Snapshot(Box<super::Snapshot>),
    /// `pulse`: the last wins.
    Pulse(Box<super::Pulse>),
    /// `streams`: the last wins for each id.
    Streams(StreamsChange),
    /// `job`: the highest `rev` wins for each id.
    Job(Box<super::Job>),
    /// `account`: the highest `rev` wins for each id.
    Account(RowChange),
    /// `provider`: the last wins for each name.
    Provider(Box<Provider>),
    /// `retention`: the last wins for each id.
    Retention(super::RetentionChange),
    /// `alarm`: each counts.
    Alarm(AlarmChange),
    /// `audit`: each counts.
    Audit(Box<AuditRecord>),
    /// `lost`.
    Lost(Lost),
    /// `bye`: the last.
    Bye(Bye),
}

impl FeedEvent {
    /// The name after `event:`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::Pulse(_) => "pulse",
            Self::Streams(_) => "streams",
            Self::Job(_) => "job",
            Self::Account(_) => "account",
            Self::Provider(_) => "provider",
            Self::Retention(_) => "retention",
            Self::Alarm(_) => "alarm",
            Self::Audit(_) => "audit",
            Self::Lost(_) => "lost",
            Self::Bye(_) => "bye",
        }
    }

    /// The JSON after `data:`.
    ///
    /// # Errors
    ///
    /// Never in practice: none of the types can fail to be written.
    pub fn data(&self) -> serde_json::Result<String> {
        match self {
            Self::Snapshot(data) => serde_json::to_string(data),
            Self::Pulse(data) => serde_json::to_string(data),
            Self::Streams(data) => serde_json::to_string(data),
            Self::Job(data) => serde_json::to_string(data),
            Self::Account(data) => serde_json::to_string(data),
            Self::Provider(data) => serde_json::to_string(data),
            Self::Retention(data) => serde_json::to_string(data),
            Self::Alarm(data) => serde_json::to_string(data),
            Self::Audit(data) => serde_json::to_string(data),
            Self::Lost(data) => serde_json::to_string(data),
            Self::Bye(data) => serde_json::to_string(data),
        }
    }

    /// Reads an event; `None` for a name that this version does not know, which is to be skipped.
    ///
    /// # Errors
    ///
    /// When `data` is not what stands beside the name.
    pub fn read(name: &str, data: &str) -> serde_json::Result<Option<Self>> {
        Ok(Some(match name {
            "snapshot" => Self::Snapshot(serde_json::from_str(data)?),
            "pulse" => Self::Pulse(serde_json::from_str(data)?),
            "streams" => Self::Streams(serde_json::from_str(data)?),
            "job" => Self::Job(serde_json::from_str(data)?),
            "account" => Self::Account(serde_json::from_str(data)?),
            "provider" => Self::Provider(serde_json::from_str(data)?),
            "retention" => Self::Retention(serde_json::from_str(data)?),
            "alarm" => Self::Alarm(serde_json::from_str(data)?),
            "audit" => Self::Audit(serde_json::from_str(data)?),
            "lost" => Self::Lost(serde_json::from_str(data)?),
            "bye" => Self::Bye(serde_json::from_str(data)?),
            _ => return Ok(None),
        }))
    }
}
