//! Acts on one user.

use api::console::{Account as Shown, Because, ChangeAccount, Ended};
use entities::UserId;
use serde::Serialize;
use uuid::Uuid;

use super::{TAG, role_from};
use crate::{
    features::{
        accounts::RoleChange,
        admin::{AdminError, Administration, acting, api::target, once::Done},
    },
    platform::{
        audit::By,
        http::{Admin, Call, Json, NoBody, Operation, Problem, Registry},
        streams::EndReason,
    },
};

const USER_NOT_FOUND: &str = "User not found";
/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

fn act(operation: Operation, summary: &'static str) -> Operation {
    acting::act(operation)
        .summary(summary)
        .tag(TAG)
        .path_parameter("id", "integer")
        .refuses(&[400, 404, 409, 422])
}

fn post(path: &'static str, summary: &'static str) -> Operation {
    act(Operation::post(path), summary)
}

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        act(
            Operation::patch("/api/admin/accounts/{id}"),
            "Change a user's role or the notes about them",
        ),
        service(),
        change,
    );
    registry.mount_with(
        post("/api/admin/accounts/{id}/disable", "Keep a user out")
            .description("Sign-ins, streams and jobs end; nothing is deleted."),
        service(),
        disable,
    );
    registry.mount_with(
        post("/api/admin/accounts/{id}/enable", "Let a user in again")
            .description("What has ended stays ended."),
        service(),
        enable,
    );
    registry.mount_with(
        act(
            Operation::delete("/api/admin/accounts/{id}/sessions"),
            "End all sign-ins of a user",
        ),
        service(),
        end_sessions,
    );
    registry.mount_with(
        act(
            Operation::delete("/api/admin/accounts/{id}/sessions/{session_id}"),
            "End a sign-in of a user",
        ),
        service(),
        end_session,
    );
    registry.mount_with(
        post(
            "/api/admin/accounts/{id}/end_streams",
            "End a user's answers under way",
        )
        .description("In every process; what was written so far is kept."),
        service(),
        end_streams,
    );
}

async fn change(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<ChangeAccount>,
) -> Result<Json<Shown>, Problem> {
    if body.role.is_none() && body.notes.is_none() {
        return Err(AdminError::field("role", "Field required: role, notes or both").into());
    }
    let id = UserId(call.path_or_missing("id", USER_NOT_FOUND)?);
    let change = body.role.map(|role| RoleChange::To(role_from(role)));
    let operation = format!("change {id}");
    administration
        .appoint(&call, &operation, &body, (id, change, body.notes.clone()))
        .await?;
    administration.shown_by_id(id).await
}

async fn disable(
    administration: Administration,
    call: Call<Admin>,
    body: Option<Json<Because>>,
) -> Result<Json<Ended>, Problem> {
    let id = target(&administration, &call, "id").await?;
    let reason = body.and_then(|Json(body)| body.reason).unwrap_or_default();
    let chars = reason.chars().count();
    if chars > LONGEST_REASON {
        let message = format!("Must have at most {LONGEST_REASON} characters");
        return Err(AdminError::field("reason", message).into());
    }
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move { acting.keep_out(&by, id, chars).await };
    let done = administration
        .once(&call, &format!("disable {id}"), &reason, act)
        .await?;
    Ok(Json(done.answer))
}

impl Administration {
    /// Changes role and notes of a user, once.
    pub(in crate::features::admin) async fn appoint(
        &self,
        call: &Call<Admin>,
        operation: &str,
        body: &impl Serialize,
        (id, role, notes): (UserId, Option<RoleChange>, Option<String>),
    ) -> Result<(), Problem> {
        let (by, accounts) = (acting::by(call), self.0.accounts.clone());
        let act = async move {
            let audit_id = accounts.appoint(&by, id, role, notes).await?;
            Ok(Done::new((), Some(audit_id)))
        };
        self.once(call, operation, body, act).await?;
        Ok(())
    }

    async fn shown_by_id(&self, id: UserId) -> Result<Json<Shown>, Problem> {
        let account = self.0.accounts.find(id).await?;
        let account = account.ok_or(AdminError::UserNotFound)?;
        Ok(Json(self.shown_one(account).await?))
    }

    /// Keeps a user out, and ends what is under way: in other processes it ends by what they find
    /// in the database.
    pub(in crate::features::admin) async fn keep_out(
        &self,
        by: &By,
        id: UserId,
        reason_chars: usize,
    ) -> Result<Done<Ended>, Problem> {
        let parts = &self.0;
        let streams = self.answers_of(id).await?;
        let kept_out = parts
            .accounts
            .disable(by, id, reason_chars, &parts.jobs)
            .await?;
        parts.streams.stop_user(id, EndReason::Revoked);
        let ended = Ended {
            sessions: kept_out.sessions,
            streams,
            jobs: kept_out.jobs,
        };
        Ok(Done::new(ended, kept_out.audit_id))
    }
}

async fn enable(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<Shown>, Problem> {
    let id = UserId(call.path_or_missing("id", USER_NOT_FOUND)?);
    let (by, accounts) = (acting::by(&call), administration.0.accounts.clone());
    let act = async move {
        let audit_id = accounts.enable(&by, id).await?;
        Ok(Done::new((), audit_id))
    };
    administration
        .once(&call, &format!("enable {id}"), &(), act)
        .await?;
    administration.shown_by_id(id).await
}

async fn end_sessions(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<Ended>, Problem> {
    let id = UserId(call.path_or_missing("id", USER_NOT_FOUND)?);
    end(&administration, &call, id, None).await
}

async fn end_session(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<Ended>, Problem> {
    let id = UserId(call.path_or_missing("id", USER_NOT_FOUND)?);
    let session: Uuid = call.path_or_missing("session_id", "Session not found")?;
    end(&administration, &call, id, Some(session)).await
}

async fn end(
    administration: &Administration,
    call: &Call<Admin>,
    id: UserId,
    session: Option<Uuid>,
) -> Result<Json<Ended>, Problem> {
    let (by, accounts) = (acting::by(call), administration.0.accounts.clone());
    let act = async move {
        let (sessions, audit_id) = accounts.end_sign_ins(&by, id, session).await?;
        let ended = Ended {
            sessions,
            streams: 0,
            jobs: 0,
        };
        Ok(Done::new(ended, audit_id))
    };
    let operation = format!("end sign-ins of {id} {session:?}");
    let done = administration.once(call, &operation, &(), act).await?;
    Ok(Json(done.answer))
}

async fn end_streams(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<Ended>, Problem> {
    let id = target(&administration, &call, "id").await?;
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move {
        let streams = acting.end_answers_of(id).await?;
        let audit_id = match streams {
            0 => None,
            _ => Some(acting.0.record_ended_streams(by, id, streams).await?),
        };
        let ended = Ended {
            sessions: 0,
            streams,
            jobs: 0,
        };
        Ok(Done::new(ended, audit_id))
    };
    let done = administration
        .once(&call, &format!("end_streams {id}"), &(), act)
        .await?;
    Ok(Json(done.answer))
}
