//! The chain: each entry's hash covers its fields and the hash before it, under a key that is not in
//! the database. Who can write to the database but does not have the key cannot change, drop or
//! insert an entry unseen.

use chrono::{DateTime, Utc};
use entities::governance::{audit_entry::Model, audit_head};

use crate::platform::secrets;

/// The fields of an entry, before it has a hash.
pub(super) struct Link<'a> {
    pub(super) id: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) actor: Option<i64>,
    pub(super) action: &'a str,
    pub(super) target_type: Option<&'a str>,
    pub(super) target_id: Option<&'a str>,
    pub(super) metadata: &'a str,
    pub(super) previous_hash: &'a str,
}

impl<'a> From<&'a Model> for Link<'a> {
    fn from(row: &'a Model) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            actor: row.actor_user_id.map(|actor| actor.0),
            action: &row.action,
            target_type: row.target_type.as_deref(),
            target_id: row.target_id.as_deref(),
            metadata: &row.metadata,
            previous_hash: &row.previous_hash,
        }
    }
}

impl Link<'_> {
    /// Hexadecimal HMAC-SHA-256 of the canonical form.
    pub(super) fn hash(&self, key: &[u8; 32]) -> String {
        hex::encode(secrets::mac(key, &[&self.canonical()]))
    }

    /// Every field with its length before it, so that no two entries have the same form; an absent
    /// field differs from an empty one.
    fn canonical(&self) -> Vec<u8> {
        let mut form = Vec::with_capacity(256 + self.metadata.len());
        let id = self.id.to_be_bytes();
        let created_at = self.created_at.timestamp_micros().to_be_bytes();
        let actor = self.actor.map(i64::to_be_bytes);
        let fields: [Option<&[u8]>; 8] = [
            Some(&id),
            Some(&created_at),
            actor.as_ref().map(<[u8; 8]>::as_slice),
            Some(self.action.as_bytes()),
            self.target_type.map(str::as_bytes),
            self.target_id.map(str::as_bytes),
            Some(self.metadata.as_bytes()),
            Some(self.previous_hash.as_bytes()),
        ];
        for field in fields {
            match field {
                None => form.push(0),
                Some(bytes) => {
                    form.push(1);
                    form.extend((bytes.len() as u64).to_be_bytes());
                    form.extend(bytes);
                }
            }
        }
        form
    }
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// An entry is not what it was when it was written.
    #[error("audit entry {0} was changed")]
    Changed(i64),
    /// An entry is gone or was put in: the next in line is not the one that follows.
    #[error("audit entry {expected} is missing; entry {found} follows instead")]
    Missing {
        /// The id that should be next.
        expected: i64,
        /// The id that is.
        found: i64,
    },
    /// An entry does not follow the one before it.
    #[error("audit entry {0} does not follow the one before it")]
    Unlinked(i64),
    /// The newest entries are gone.
    #[error("the audit log ends at entry {found}, but {expected} were written")]
    Truncated {
        /// The id of the newest entry that was written.
        expected: i64,
        /// The id of the newest that is there.
        found: i64,
    },
    /// The oldest entries were taken off by somebody who has not the key.
    #[error("the audit log was cut before entry {0}, and not by this server")]
    Cut(i64),
    /// The head names another entry than the newest.
    #[error("the head of the audit log does not name its newest entry")]
    Head,
}

/// Stands for the entries up to `id`, which were cut off: hexadecimal HMAC-SHA-256.
pub(super) fn sign_cut(key: &[u8; 32], id: i64, hash: &str) -> String {
    let parts: [&[u8]; 3] = [b"cut", &id.to_be_bytes(), hash.as_bytes()];
    hex::encode(secrets::mac(key, &parts))
}

/// Walks a chain from its first entry, or from where it was cut.
pub(super) struct Walk<'a> {
    keys: &'a [[u8; 32]],
    last_id: i64,
    last_hash: String,
}

impl<'a> Walk<'a> {
    /// Entries may have been written, and the cut made, under any of the keys.
    pub(super) fn under(keys: &'a [[u8; 32]], head: &audit_head::Model) -> Result<Self, Broken> {
        let is_genuine = head.cut_id == 0
            || keys.iter().any(|key| {
                let signature = sign_cut(key, head.cut_id, &head.cut_hash);
                secrets::equal(signature.as_bytes(), head.cut_signature.as_bytes())
            });
        if !is_genuine {
            return Err(Broken::Cut(head.cut_id.saturating_add(1)));
        }
        Ok(Self {
            keys,
            last_id: head.cut_id,
            last_hash: head.cut_hash.clone(),
        })
    }

    pub(super) fn last_id(&self) -> i64 {
        self.last_id
    }

    pub(super) fn step(&mut self, row: &Model) -> Result<(), Broken> {
        let expected = self.last_id + 1;
        if row.id != expected {
            let found = row.id;
            return Err(Broken::Missing { expected, found });
        }
        if row.previous_hash != self.last_hash {
            return Err(Broken::Unlinked(row.id));
        }
        let link = Link::from(row);
        let is_genuine = self
            .keys
            .iter()
            .any(|key| secrets::equal(link.hash(key).as_bytes(), row.hash.as_bytes()));
        if !is_genuine {
            return Err(Broken::Changed(row.id));
        }
        self.last_id = row.id;
        self.last_hash.clone_from(&row.hash);
        Ok(())
    }

    /// Checks that the chain ends where the head says.
    pub(super) fn end(&self, head_id: i64, head_hash: &str) -> Result<(), Broken> {
        if self.last_id < head_id {
            return Err(Broken::Truncated {
                expected: head_id,
                found: self.last_id,
            });
        }
        if self.last_hash == head_hash {
            Ok(())
        } else {
            Err(Broken::Head)
        }
    }
}
