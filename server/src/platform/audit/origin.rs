//! Who acts, by what, in which request: kept with an act so that it can be looked into and undone.

use entities::UserId;
use serde_json::{Map, Value, json};

use super::{Audit, AuditEvent, ENTRY, UNDO};
use crate::platform::db::{DbErr, DbError, Txn};

/// By what an act came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Console,
    Cli,
    Api,
}

impl Via {
    /// The word of a client that names itself; anything else is the bare API.
    pub(crate) fn of(client: Option<&str>) -> Self {
        match client {
            Some("console") => Self::Console,
            Some("cli") => Self::Cli,
            _ => Self::Api,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Cli => "cli",
            Self::Api => "api",
        }
    }
}

/// Who acts, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) actor: UserId,
    pub(crate) via: Via,
    pub(crate) request_id: Option<String>,
    /// The act on record that this one takes back.
    pub(crate) undoes: Option<Undoing>,
}

/// An act that is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undoing {
    pub(crate) entry: i64,
    /// What the act left behind: what stands now must still be this.
    pub(crate) left: Value,
}

/// Why an act is not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UndoRefusal {
    ChangedSince,
    AlreadyUndone,
}

impl By {
    /// Somebody, by the bare API.
    #[cfg(test)]
    pub(crate) fn user(actor: UserId) -> Self {
        Self {
            actor,
            via: Via::Api,
            request_id: None,
            undoes: None,
        }
    }
}

/// A change of one thing. Values hold ids, numbers and settings; no names, no content.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// A verb and its object, such as `set_budget`.
    pub(crate) action: &'static str,
    pub(crate) target_type: &'static str,
    pub(crate) target_id: String,
    /// What the act changed, as it was; `Null` when it changed nothing that can be undone.
    pub(crate) before: Value,
    /// The same, as it is now.
    pub(crate) after: Value,
    /// What else is to be known.
    pub(crate) details: Map<String, Value>,
}

impl Act {
    /// An act on a thing, of which nothing else is to be known yet.
    pub(crate) fn on(
        action: &'static str,
        target_type: &'static str,
        target_id: impl Into<String>,
    ) -> Self {
        Self {
            action,
            target_type,
            target_id: target_id.into(),
            before: Value::Null,
            after: Value::Null,
            details: Map::new(),
        }
    }

    /// An act on a user.
    pub(crate) fn on_user(action: &'static str, user: UserId) -> Self {
        Self::on(action, "user", user.to_string())
    }

    #[must_use]
    pub(crate) fn changing(mut self, before: Value, after: Value) -> Self {
        self.before = before;
        self.after = after;
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl Audit {
    /// Why an act that takes back another may not: `current` is what stands, in the words of the
    /// record. To be asked before anything is changed.
    pub(crate) async fn refuses_undo_in(
        &self,
        txn: &Txn,
        by: &By,
        current: &Value,
    ) -> Result<Option<UndoRefusal>, DbErr> {
        let Some(undoing) = &by.undoes else {
            return Ok(None);
        };
        if self.is_undone_in(txn, undoing.entry).await? {
            return Ok(Some(UndoRefusal::AlreadyUndone));
        }
        let stands = undoing.left.as_object().is_some_and(|left| {
            left.iter()
                .all(|(name, value)| current.get(name).unwrap_or(&Value::Null) == value)
        });
        Ok((!stands).then_some(UndoRefusal::ChangedSince))
    }

    /// As [`Audit::record_in`], with who acted and what changed.
    pub(crate) async fn record_act_in(&self, txn: &Txn, by: &By, act: Act) -> Result<i64, DbErr> {
        self.record_in(txn, &act.by(by)).await
    }

    /// As [`Audit::record_act_in`], of an act that is no part of a larger write.
    pub(crate) async fn record_act(&self, by: &By, act: Act) -> Result<i64, DbError> {
        self.record(act.by(by)).await
    }
}

impl Act {
    /// The event of this act when it is done by somebody.
    pub(crate) fn by(self, by: &By) -> AuditEvent {
        let act = self;
        let mut metadata = act.details;
        metadata.insert("via".to_owned(), json!(by.via.as_str()));
        let members = [
            ("before", act.before),
            ("after", act.after),
            ("request_id", json!(by.request_id)),
        ];
        for (name, value) in members {
            if !value.is_null() {
                metadata.insert(name.to_owned(), value);
            }
        }
        let mut event = AuditEvent {
            actor: Some(by.actor),
            action: act.action,
            target_type: Some(act.target_type),
            // An act on many names none.
            target_id: Some(act.target_id).filter(|id| !id.is_empty()),
            metadata: Value::Null,
        };
        if let Some(undoing) = &by.undoes {
            metadata.insert("did".to_owned(), json!(event.action));
            metadata.insert("to_type".to_owned(), json!(event.target_type));
            metadata.insert("to".to_owned(), json!(event.target_id));
            event.action = UNDO;
            event.target_type = Some(ENTRY);
            event.target_id = Some(undoing.entry.to_string());
        }
        event.metadata = Value::Object(metadata);
        event
    }
}
