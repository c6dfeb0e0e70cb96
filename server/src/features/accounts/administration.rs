//! What admins do with accounts. Routes and screens are the admin feature's.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{Role, UserId, UserStatus, accounts::user};
use serde_json::json;

use super::{Account, Accounts, AccountsError, Email, acts, error::MAX_NOTES_CHARS, queries};
use crate::platform::{
    audit::Audit,
    auth::principal::Principal,
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
    actor: UserId,
    target: UserId,
    change: RoleChange,
    notes: Option<String>,
    now: DateTime<Utc>,
    audit: Audit,
}

enum Outcome {
    Done(Box<user::Model>),
    NoSuchUser,
    OwnAdminRole,
    LastAdmin,
}

impl Accounts {
    /// The user with this address, however it is written.
    pub(crate) async fn find_by_email(
        &self,
        email: &str,
    ) -> Result<Option<Account>, AccountsError> {
        let Ok(email) = Email::parse(email) else {
            return Ok(None);
        };
        let user = queries::user_by_email(self.parts.db.read(), email.as_str()).await?;
        Ok(user.map(Account::from))
    }

    /// Whether a user may come in. Somebody unknown may not.
    pub(crate) async fn is_active(&self, user: UserId) -> Result<bool, AccountsError> {
        let row = queries::user_by_id(self.parts.db.read(), user).await?;
        Ok(row.is_some_and(|row| row.status == entities::UserStatus::Active))
    }

    /// How often a user's row has changed; `None` when there is no such user.
    pub(crate) async fn rev(&self, user: UserId) -> Result<Option<i64>, AccountsError> {
        let row = queries::user_by_id(self.parts.db.read(), user).await?;
        Ok(row.map(|row| row.rev))
    }

    /// The user, unless erased.
    pub(crate) async fn find(&self, id: UserId) -> Result<Option<Account>, AccountsError> {
        let user = queries::user_by_id(self.parts.db.read(), id).await?;
        Ok(user
            .filter(|user| user.status != UserStatus::Deleted)
            .map(Account::from))
    }

    /// Users that are not erased, the newest first: `limit` of those with a lower id than `before`.
    pub(crate) async fn list(
        &self,
        before: Option<UserId>,
        limit: u64,
    ) -> Result<Vec<Account>, AccountsError> {
        let users = queries::users(self.parts.db.read(), before, limit).await?;
        Ok(users.into_iter().map(Account::from).collect())
    }

    /// How many users there are that are not erased.
    pub(crate) async fn count(&self) -> Result<u64, AccountsError> {
        Ok(queries::count_users(self.parts.db.read()).await?)
    }

    /// The addresses of these users; who is erased is absent.
    pub(crate) async fn emails(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, String>, AccountsError> {
        Ok(queries::emails(self.parts.db.read(), users).await?)
    }

    /// Changes a user's role and, when there are any, the notes about them; empty notes remove
    /// them. Nobody takes the admin role from themselves, nor from the last who has it.
    pub(crate) async fn set_role(
        &self,
        actor: &Principal,
        target: UserId,
        change: RoleChange,
        notes: Option<String>,
    ) -> Result<Account, AccountsError> {
        if notes
            .as_ref()
            .is_some_and(|notes| notes.contains('\0') || notes.chars().count() > MAX_NOTES_CHARS)
        {
            return Err(AccountsError::Notes);
        }
        let appointment = Appointment {
            actor: UserId(actor.user_id),
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
            Outcome::Done(user) => Ok((*user).into()),
            Outcome::NoSuchUser => Err(AccountsError::UserNotFound),
            Outcome::OwnAdminRole => Err(AccountsError::SelfDemotion),
            Outcome::LastAdmin => Err(AccountsError::LastAdmin),
        }
    }
}

async fn appoint(txn: &Txn, appointment: &Appointment) -> Result<Outcome, DbErr> {
    let Appointment {
        actor,
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
    let role = change.from(user.role);
    if actor == target && user.role == Role::Admin && role != Role::Admin {
        return Ok(Outcome::OwnAdminRole);
    }
    if role != Role::Admin && queries::is_last_admin(txn, *target).await? {
        return Ok(Outcome::LastAdmin);
    }
    let notes = match notes.as_deref() {
        None => user.admin_notes,
        Some("") => None,
        Some(notes) => Some(notes.to_owned()),
    };
    let Some(changed) = queries::set_role(txn, *target, role, notes, *now).await? else {
        return Ok(Outcome::NoSuchUser);
    };
    let mut act = acts::on_user("set_user_role", Some(*actor), *target);
    act.metadata = json!({"from": user.role.as_str(), "to": role.as_str()});
    audit.record_in(txn, &act).await?;
    Ok(Outcome::Done(Box::new(changed)))
}
