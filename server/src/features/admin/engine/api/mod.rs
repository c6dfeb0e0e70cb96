//! The routes of the engine room: parse, one call, render.

mod jobs;
mod machinery;
mod overview;
mod providers;
mod retention;
mod streams;

use entities::UserId;
use serde::{Serialize, de::DeserializeOwned};

use super::{Engine, error::EngineError};
use crate::{
    features::admin::{acting, once::Done},
    platform::http::{Admin, Call, Json, Operation, Problem, Registry},
};

const TAG: &str = "console";
/// Longest reason for an act.
const REASON: usize = 200;

/// Routes whose answers last as long as somebody reads: their time says nothing.
pub(crate) const STREAMING: &[&str] = &[
    "/api/chat",
    "/api/chat/streams/{id}",
    "/api/jobs/{id}/events",
    "/api/admin/events",
];

/// Where errors are told as problems; beside them stand the contract's routes.
pub(crate) const PREFIXES: [&str; 8] = [
    "/api/admin/overview",
    "/api/admin/events",
    "/api/admin/alarms",
    "/api/admin/streams",
    "/api/admin/providers",
    "/api/admin/system",
    "/api/admin/jobs",
    "/api/admin/retention",
];

/// Mounts the routes.
pub(crate) fn register(registry: &mut Registry, engine: &Engine) {
    overview::mount(registry, engine);
    streams::mount(registry, engine);
    jobs::mount(registry, engine);
    retention::mount(registry, engine);
    providers::mount(registry, engine);
    machinery::mount(registry, engine);
}

fn look(path: &'static str, summary: &'static str) -> Operation {
    Operation::get(path).summary(summary).tag(TAG)
}

/// Changes something, on record.
fn steer(operation: Operation, summary: &'static str) -> Operation {
    acting::act(operation)
        .summary(summary)
        .description("`X-Audit-Id` names the entry on record.")
        .tag(TAG)
        .refuses(&[400, 409, 422, 503])
}

fn act(path: &'static str, summary: &'static str) -> Operation {
    steer(Operation::post(path), summary)
}

/// Does an act once, also when it is asked for twice under one `Idempotency-Key`; the answer names
/// its entry on record. `operation` names the act and its object.
async fn once<T, F>(
    engine: &Engine,
    call: &Call<Admin>,
    operation: &str,
    body: &impl Serialize,
    act: F,
) -> Result<Json<T>, Problem>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<(T, Option<i64>), EngineError>> + Send + 'static,
{
    // Acts are large; what waits for them need not be.
    let act = Box::pin(act);
    let act = async move {
        let done = act.await.map_err(Problem::from);
        done.map(|(answer, entry)| Done::new(answer, entry))
    };
    let administration = &engine.0.parts.administration;
    let done = administration.once(call, operation, body, act).await?;
    Ok(Json(done.answer))
}

/// What was done, with the entry that there always is.
fn on_record<T>((answer, entry): (T, i64)) -> (T, Option<i64>) {
    (answer, Some(entry))
}

fn actor(call: &Call<Admin>) -> UserId {
    UserId(call.principal().user_id)
}

/// Why something is done, if that is told and short enough.
fn reason(because: Option<&api::console::Because>) -> Result<Option<String>, EngineError> {
    let reason = because.and_then(|because| because.reason.clone());
    let long = |reason: &String| reason.chars().count() > REASON;
    if reason.as_ref().is_some_and(long) {
        let message = format!("Must have at most {REASON} characters");
        return Err(EngineError::Invalid("reason", message));
    }
    Ok(reason)
}
