//! The classes of data, and how long each is kept.

use std::time::Duration;

use crate::platform::config::RetentionConfig;

/// A class of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// Conversations.
    Chat,
    /// What was charged: ledger entries with their holds and periods.
    Usage,
    /// Uploads that were never finished.
    UploadsTmp,
    /// Files with everything of a user, made for the user to fetch.
    Exports,
    /// Jobs that have ended, with their events.
    FinishedJobs,
    /// Stores and documents that their owner has deleted.
    SoftDeleted,
    /// Sign-ins that have ended.
    Sessions,
    /// What lets an answer be given again.
    StreamReplay,
    /// The audit log.
    Audit,
    /// What its owner has made public.
    Published,
    /// Recordings.
    RawAudio,
    /// Transcripts of recordings.
    Transcripts,
    /// Stores, documents and what is found in them.
    Library,
    /// Who may come in, and how much they may spend.
    Accounts,
    /// Settings and rows of operation, without a user's data.
    House,
}

/// When data of a class goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// So long after it was made, or ended.
    After(Duration),
    /// The operator has set the class to 0: it is kept.
    Kept,
    /// Not by time: what it lasts for.
    Until(&'static str),
}

impl Class {
    /// Every class, in the order of the documentation.
    pub(crate) const ALL: [Self; 15] = [
        Self::Chat,
        Self::Usage,
        Self::UploadsTmp,
        Self::Exports,
        Self::FinishedJobs,
        Self::SoftDeleted,
        Self::Sessions,
        Self::StreamReplay,
        Self::Audit,
        Self::Published,
        Self::RawAudio,
        Self::Transcripts,
        Self::Library,
        Self::Accounts,
        Self::House,
    ];

    /// The name that operators see.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Usage => "usage",
            Self::UploadsTmp => "uploads_tmp",
            Self::Exports => "exports",
            Self::FinishedJobs => "finished_jobs",
            Self::SoftDeleted => "soft_deleted",
            Self::Sessions => "sessions",
            Self::StreamReplay => "stream_replay",
            Self::Audit => "audit",
            Self::Published => "published",
            Self::RawAudio => "raw_audio",
            Self::Transcripts => "transcripts",
            Self::Library => "library",
            Self::Accounts => "accounts",
            Self::House => "house",
        }
    }

    /// The class of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether nobody can set a period for it.
    pub(crate) fn is_fixed(self) -> bool {
        matches!(
            self,
            Self::Published | Self::Library | Self::Accounts | Self::House
        )
    }

    /// How long the environment has data of this class kept.
    pub(crate) fn term(self, config: &RetentionConfig) -> Term {
        let period = match self {
            Self::Chat => config.chat,
            Self::Usage => config.usage,
            Self::UploadsTmp => config.uploads_tmp,
            Self::Exports => config.exports,
            Self::FinishedJobs => config.finished_jobs,
            Self::SoftDeleted => config.soft_deleted,
            Self::Sessions => config.sessions,
            Self::StreamReplay => config.stream_replay,
            Self::Audit => config.audit,
            Self::RawAudio => config.raw_audio,
            Self::Transcripts => config.transcripts,
            Self::Published => return Term::Until("its owner withdraws it"),
            Self::Library => return Term::Until("its owner deletes it"),
            Self::Accounts => return Term::Until("the account is erased"),
            Self::House => return Term::Until("the house replaces it"),
        };
        period.map_or(Term::Kept, Term::After)
    }
}
