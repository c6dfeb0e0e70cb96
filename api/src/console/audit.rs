//! Acts on record.

use chrono::{DateTime, Utc};

use super::{page, wire};

wire! {
    /// Whether and how an act can be undone.
    pub struct Undo {
        /// Whether it can be, unless the object has changed since.
        pub possible: bool,
        /// Until when; `null` when there is no end.
        pub until: Option<DateTime<Utc>>,
        /// The entry of the act that undid it.
        pub undone_by: Option<i64>,
    }

    /// An act on record.
    pub struct AuditRecord {
        /// Its number.
        pub id: i64,
        /// UTC.
        pub at: DateTime<Utc>,
        /// Who; `null` is the system.
        pub actor_id: Option<i64>,
        /// In lower case; `null` when erased.
        pub actor_email: Option<String>,
        /// What.
        pub action: String,
        /// To what kind of thing.
        pub target_type: Option<String>,
        /// To which.
        pub target_id: Option<String>,
        /// What it is called: for a user the e-mail address.
        pub target_label: Option<String>,
        /// What changed, before; ids and numbers only.
        pub before: Option<serde_json::Value>,
        /// What changed, after; ids and numbers only.
        pub after: Option<serde_json::Value>,
        /// `console`, `cli`, `api` or `system`.
        pub via: Option<String>,
        /// The request.
        pub request_id: Option<String>,
        /// Of this entry and all before it, in hex.
        pub hash: String,
        /// Whether it can be undone.
        pub undo: Undo,
    }

    /// Whether the chain of hashes holds.
    pub struct AuditVerification {
        /// Whether every entry is as it was written.
        pub ok: bool,
        /// Entries that were read.
        pub entries: i64,
        /// The last entry that holds.
        pub good_to: Option<i64>,
        /// The first entry that does not.
        pub broken_at: Option<i64>,
        /// When it was checked.
        pub at: DateTime<Utc>,
    }
}

page! {
    /// A page of acts, the newest first.
    pub struct AuditPage of AuditRecord;
}
