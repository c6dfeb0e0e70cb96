//! The routes of the engine room: parse, one call, render.

mod jobs;
mod machinery;
mod overview;
mod providers;
mod streams;

use poem::http::{HeaderName, HeaderValue};

use super::Engine;
use crate::platform::{
    http::{Call, Guard, Operation, Registry},
    limits::LimitClass,
};

const TAG: &str = "console";
/// Names the entry on record of what was done.
const AUDIT_ID: HeaderName = HeaderName::from_static("x-audit-id");
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
    providers::mount(registry, engine);
    machinery::mount(registry, engine);
}

fn look(path: &'static str, summary: &'static str) -> Operation {
    Operation::get(path).summary(summary).tag(TAG)
}

fn act(path: &'static str, summary: &'static str) -> Operation {
    Operation::post(path)
        .summary(summary)
        .description("`X-Audit-Id` names the entry on record.")
        .tag(TAG)
        .limit(LimitClass::AdminAction)
}

/// Names the entry of what was done.
fn on_record<G: Guard>(call: &Call<G>, entry: i64) {
    call.set_header(AUDIT_ID, HeaderValue::from(entry));
}

/// Why something is done, if that is told and short enough.
fn reason(
    because: Option<api::console::Because>,
) -> Result<Option<String>, super::error::EngineError> {
    let reason = because.and_then(|because| because.reason);
    let long = |reason: &String| reason.chars().count() > REASON;
    if reason.as_ref().is_some_and(long) {
        let message = format!("Must have at most {REASON} characters");
        return Err(super::error::EngineError::Invalid("reason", message));
    }
    Ok(reason)
}
