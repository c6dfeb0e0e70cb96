//! Keeping users out and letting them in again.

use chrono::{DateTime, Utc};
use entities::{Role, UserId, UserStatus, accounts::user};
use serde_json::json;
use uuid::Uuid;

use super::{
    Accounts, AccountsError, queries, queries::Which, queries::steering as steering_queries,
    sessions,
};
use crate::platform::{
    audit::{Act, Audit, By, UndoRefusal},
    db::{DbErr, Txn, WriteKey},
    jobs::Jobs,
};

/// What ended with a user's right to come in.
#[derive(Clone, Debug)]
pub(crate) struct KeptOut {
    pub(crate) sessions: i64,
    pub(crate) jobs: i64,
    /// None when the user was kept out already.
    pub(crate) audit_id: Option<i64>,
}

struct Disabling {
    by: By,
    end: sessions::End,
    reason_chars: usize,
    jobs: Jobs,
    audit: Audit,
}

enum Outcome {
    Done(Box<KeptOut>),
    NoSuchUser,
    Own,
    LastAdmin,
    Undo(UndoRefusal),
}

struct Enabling {
    by: By,
    target: UserId,
    now: DateTime<Utc>,
    audit: Audit,
}

impl Accounts {
    /// Keeps a user out: sign-ins, links and jobs end in the same transaction; streams follow in
    /// every process by the change that it announces. Nothing is deleted.
    pub(crate) async fn disable(
        &self,
        by: &By,
        target: UserId,
        reason_chars: usize,
        jobs: &Jobs,
    ) -> Result<KeptOut, AccountsError> {
        let disabling = Disabling {
            by: by.clone(),
            end: self.ending(target, Which::AllBut(None), "disabled"),
            reason_chars,
            jobs: jobs.clone(),
            audit: self.parts.audit.clone(),
        };
        // Cancelled jobs give money back, which belongs to the key of the books.
        let key = self.parts.budgets.key(target);
        let outcome = self
            .parts
            .db
            .write(key, disabling, |txn, disabling| {
                Box::pin(disabling.apply(txn))
            })
            .await?;
        match outcome {
            Outcome::Done(kept_out) => Ok(*kept_out),
            Outcome::NoSuchUser => Err(AccountsError::UserNotFound),
            Outcome::Own => Err(AccountsError::OwnAccount),
            Outcome::LastAdmin => Err(AccountsError::LastAdmin),
            Outcome::Undo(refusal) => Err(refusal.into()),
        }
    }

    /// Lets a user in again; what has ended stays ended. Answers the act on record; none when
    /// nothing was to be done.
    pub(crate) async fn enable(
        &self,
        by: &By,
        target: UserId,
    ) -> Result<Option<i64>, AccountsError> {
        let enabling = Enabling {
            by: by.clone(),
            target,
            now: self.now(),
            audit: self.parts.audit.clone(),
        };
        self.parts
            .db
            .write(WriteKey::User(target), enabling, |txn, enabling| {
                Box::pin(enabling.apply(txn))
            })
            .await?
    }

    /// Ends one sign-in of a user, or all of them; answers how many, and the act on record.
    pub(crate) async fn end_sign_ins(
        &self,
        by: &By,
        target: UserId,
        session: Option<Uuid>,
    ) -> Result<(i64, Option<i64>), AccountsError> {
        self.find(target)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        let which = session.map_or(Which::AllBut(None), Which::One);
        let end = self.ending(target, which, "ended_by_admin");
        let input = (end, by.clone(), self.parts.audit.clone());
        let (ended, audit_id) = self
            .parts
            .db
            .write(WriteKey::User(target), input, |txn, (end, by, audit)| {
                Box::pin(async move {
                    let ended = count(sessions::end(txn, end).await?);
                    if ended == 0 {
                        return Ok((0, None));
                    }
                    let act = Act::on_user("end_session", end.user_id).with("sessions", ended);
                    Ok((ended, Some(audit.record_act_in(txn, by, act).await?)))
                })
            })
            .await?;
        if session.is_some() && ended == 0 {
            return Err(AccountsError::SessionNotFound);
        }
        Ok((ended, audit_id))
    }
}

impl Disabling {
    async fn apply(&self, txn: &Txn) -> Result<Outcome, DbErr> {
        let (target, now) = (self.end.user_id, self.end.now);
        // A sign-in through another process is over, and its session is ended below, or waits.
        let user = queries::hold_user(txn, target).await?;
        let Some(user) = user.filter(|user| user.status != UserStatus::Deleted) else {
            return Ok(Outcome::NoSuchUser);
        };
        let current = json!({"status": user.status.as_str()});
        let refused = self.audit.refuses_undo_in(txn, &self.by, &current).await?;
        if let Some(refusal) = refused {
            return Ok(Outcome::Undo(refusal));
        }
        if user.status == UserStatus::Disabled {
            return Ok(Outcome::Done(Box::new(KeptOut {
                sessions: 0,
                jobs: 0,
                audit_id: None,
            })));
        }
        if self.by.actor == target {
            return Ok(Outcome::Own);
        }
        if user.role == Role::Admin && queries::is_last_admin(txn, target).await? {
            return Ok(Outcome::LastAdmin);
        }
        let jobs = self.jobs.cancel_all_of_in(txn, target).await?;
        let sessions = count(sessions::end(txn, &self.end).await?);
        steering_queries::withdraw_tokens(txn, target).await?;
        set_status(txn, target, UserStatus::Disabled, now).await?;
        let act = Act::on_user("disable_user", target)
            .changing(json!({"status": "active"}), json!({"status": "disabled"}))
            .with("sessions", sessions)
            .with("jobs", jobs)
            .with("reason_chars", self.reason_chars);
        let audit_id = self.audit.record_act_in(txn, &self.by, act).await?;
        Ok(Outcome::Done(Box::new(KeptOut {
            sessions,
            jobs,
            audit_id: Some(audit_id),
        })))
    }
}

impl Enabling {
    async fn apply(&self, txn: &Txn) -> Result<Result<Option<i64>, AccountsError>, DbErr> {
        let user = queries::user_by_id(txn, self.target).await?;
        let current = json!({"status": user.as_ref().map(|user| user.status.as_str())});
        let refused = self.audit.refuses_undo_in(txn, &self.by, &current).await?;
        if let Some(refusal) = refused {
            return Ok(Err(refusal.into()));
        }
        match user.map(|user| user.status) {
            None | Some(UserStatus::Deleted) => Ok(Err(AccountsError::UserNotFound)),
            Some(UserStatus::Active) => Ok(Ok(None)),
            Some(UserStatus::Disabled) => {
                set_status(txn, self.target, UserStatus::Active, self.now).await?;
                let act = Act::on_user("enable_user", self.target)
                    .changing(json!({"status": "disabled"}), json!({"status": "active"}));
                let audit_id = self.audit.record_act_in(txn, &self.by, act).await?;
                Ok(Ok(Some(audit_id)))
            }
        }
    }
}

async fn set_status(
    txn: &Txn,
    id: UserId,
    status: UserStatus,
    now: DateTime<Utc>,
) -> Result<user::Model, DbErr> {
    let changed = steering_queries::set_status(txn, id, status, now).await?;
    changed.ok_or(DbErr::RecordNotUpdated)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
