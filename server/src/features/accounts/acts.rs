//! The acts that accounts puts on record.

use entities::UserId;
use serde_json::json;
use uuid::Uuid;

use crate::platform::audit::AuditEvent;

/// An act on a user; without an actor, the server's own.
pub(super) fn on_user(action: &'static str, actor: Option<UserId>, target: UserId) -> AuditEvent {
    AuditEvent {
        actor,
        action,
        target_type: Some("user"),
        target_id: Some(target.to_string()),
        metadata: json!({}),
    }
}

/// An act of a user on a sign-in of theirs.
pub(super) fn on_session(action: &'static str, user: UserId, session_id: Uuid) -> AuditEvent {
    AuditEvent {
        actor: Some(user),
        action,
        target_type: Some("session"),
        target_id: Some(session_id.to_string()),
        metadata: json!({}),
    }
}
