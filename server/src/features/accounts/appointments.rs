//! What a user may do, and what admins note about them.

use chrono::{DateTime, Utc};
use entities::{
    Role, UserId, UserStatus,
    accounts::{notes_history, user},
};
use serde_json::json;

use super::{
    Accounts, AccountsError, error::MAX_NOTES_CHARS, queries, queries::steering as steering_queries,
};
use crate::platform::{
    audit::{Act, Audit, By, UndoRefusal},
    db::{DbErr, Txn, WriteKey},
};

/// What becomes of a user's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleChange {
    MakeAdmin,
    /// An admin becomes a user; others keep their role.
    RemoveAdmin,
    To(Role),
}

impl RoleChange {
    fn from(self, role: Role) -> Role {
        match self {
            Self::MakeAdmin => Role::Admin,
            Self::RemoveAdmin if role == Role::Admin => Role::User,
            Self::RemoveAdmin => role,
            Self::To(role) => role,
        }
    }
}

struct Appointment {
    by: By,
    target: UserId,
    change: Option<RoleChange>,
    notes: Option<String>,
    now: DateTime<Utc>,
    audit: Audit,
}

enum Outcome {
    Done(i64),
    NoSuchUser,
    OwnAdminRole,
    LastAdmin,
    Undo(UndoRefusal),
}

impl Accounts {
    /// The notes about a user as they were before an act, empty when there were none; `None` when
    /// they are not remembered any more.
    pub(crate) async fn notes_before(
        &self,
        audit_id: i64,
    ) -> Result<Option<String>, AccountsError> {
        let remembered = steering_queries::remembered_notes(self.parts.db.read(), audit_id).await?;
        Ok(remembered.map(|remembered| remembered.notes_before.unwrap_or_default()))
    }

    /// Changes a user's role, the notes about them, or both; empty notes remove them. Nobody takes
    /// the admin role from themselves, nor from the last who has it. Answers the act on record.
    pub(crate) async fn appoint(
        &self,
        by: &By,
        target: UserId,
        change: Option<RoleChange>,
        notes: Option<String>,
    ) -> Result<i64, AccountsError> {
        if notes
            .as_ref()
            .is_some_and(|notes| notes.contains('\0') || notes.chars().count() > MAX_NOTES_CHARS)
        {
            return Err(AccountsError::Notes);
        }
        let appointment = Appointment {
            by: by.clone(),
            target,
            change,
            notes,
            now: self.now(),
            audit: self.parts.audit.clone(),
        };
        let outcome = self
            .parts
            .db
            .write(WriteKey::User(target), appointment, |txn, appointment| {
                Box::pin(appoint(txn, appointment))
            })
            .await?;
        match outcome {
            Outcome::Done(audit_id) => Ok(audit_id),
            Outcome::NoSuchUser => Err(AccountsError::UserNotFound),
            Outcome::OwnAdminRole => Err(AccountsError::SelfDemotion),
            Outcome::LastAdmin => Err(AccountsError::LastAdmin),
            Outcome::Undo(refusal) => Err(refusal.into()),
        }
    }
}

async fn appoint(txn: &Txn, appointment: &Appointment) -> Result<Outcome, DbErr> {
    let Appointment {
        by,
        target,
        change,
        notes,
        now,
        audit,
    } = appointment;
    let user = queries::user_by_id(txn, *target).await?;
    let Some(user) = user.filter(|user| user.status != UserStatus::Deleted) else {
        return Ok(Outcome::NoSuchUser);
    };
    if let Some(refusal) = refuses_undo(txn, appointment, &user).await? {
        return Ok(Outcome::Undo(refusal));
    }
    let role = change.map_or(user.role, |change| change.from(user.role));
    if by.actor == *target && user.role == Role::Admin && role != Role::Admin {
        return Ok(Outcome::OwnAdminRole);
    }
    if role != Role::Admin && queries::is_last_admin(txn, *target).await? {
        return Ok(Outcome::LastAdmin);
    }
    let after = match notes.as_deref() {
        None => user.admin_notes.clone(),
        Some("") => None,
        Some(notes) => Some(notes.to_owned()),
    };
    let Some(changed) = queries::set_role(txn, *target, role, after.clone(), *now).await? else {
        return Ok(Outcome::NoSuchUser);
    };
    let audit_id = audit
        .record_act_in(txn, by, act(&user, &changed, change.is_some()))
        .await?;
    if user.admin_notes != after {
        let remembered = notes_history::Model {
            audit_id,
            user_id: *target,
            notes_before: user.admin_notes,
            notes_after: after,
            created_at: *now,
        };
        steering_queries::remember_notes(txn, remembered).await?;
    }
    Ok(Outcome::Done(audit_id))
}

/// Of notes the record knows the length alone: whether they are the same is seen by what was
/// remembered.
async fn refuses_undo(
    txn: &Txn,
    appointment: &Appointment,
    user: &user::Model,
) -> Result<Option<UndoRefusal>, DbErr> {
    let by = &appointment.by;
    let current = json!({"role": user.role.as_str(), "notes_chars": length(user)});
    let refused = appointment.audit.refuses_undo_in(txn, by, &current).await?;
    if refused.is_none()
        && let Some(undoing) = &by.undoes
    {
        let remembered = steering_queries::remembered_notes(txn, undoing.entry).await?;
        let other = remembered.is_some_and(|notes| notes.notes_after != user.admin_notes);
        return Ok(other.then_some(UndoRefusal::ChangedSince));
    }
    Ok(refused)
}

fn length(user: &user::Model) -> Option<usize> {
    let notes = user.admin_notes.as_deref();
    notes.map(|notes| notes.chars().count())
}

/// Of the notes the record says only how long they are.
fn act(before: &user::Model, after: &user::Model, of_role: bool) -> Act {
    let (mut was, mut is) = (json!({}), json!({}));
    if of_role {
        was["role"] = json!(before.role.as_str());
        is["role"] = json!(after.role.as_str());
    }
    if before.admin_notes != after.admin_notes {
        was["notes_chars"] = json!(length(before));
        is["notes_chars"] = json!(length(after));
    }
    let action = if of_role {
        "set_user_role"
    } else {
        "set_notes"
    };
    let act = Act::on_user(action, after.id).changing(was, is);
    if of_role {
        act.with("from", before.role.as_str())
            .with("to", after.role.as_str())
    } else {
        act
    }
}
