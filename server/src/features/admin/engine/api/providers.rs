//! The model side.

use api::console as wire;
use entities::UserId;

use super::{act, look, on_record};
use crate::{
    features::admin::engine::Engine,
    platform::http::{Admin, Auditor, Call, Json, NoBody, Problem, Registry},
};

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look(
            "/api/admin/providers",
            "The providers in their order of preference",
        )
        .description("The numbers are of the last ten minutes, of this process."),
        engine.clone(),
        list,
    );
    registry.mount_with(
        act(
            "/api/admin/providers/{name}/reset",
            "Let calls to a provider through again",
        )
        .refuses(&[404]),
        engine.clone(),
        reset,
    );
    registry.mount_with(
        act(
            "/api/admin/providers/{name}/rotate",
            "Take a provider's next key",
        )
        .refuses(&[404, 409]),
        engine.clone(),
        rotate,
    );
    registry.mount_with(
        act(
            "/api/admin/providers/{name}/probe",
            "Ask a provider the smallest question",
        )
        .description("It is paid for from the caller's budget. `X-Audit-Id` names the entry.")
        .refuses(&[402, 404, 409, 503]),
        engine.clone(),
        probe,
    );
}

async fn list(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::Providers>, Problem> {
    Ok(Json(wire::Providers {
        items: engine.providers(),
    }))
}

fn named(call: &Call<Admin>) -> Result<(UserId, String), Problem> {
    Ok((UserId(call.principal().user_id), call.path("name")?))
}

async fn reset(
    engine: Engine,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Provider>, Problem> {
    let (actor, name) = named(&call)?;
    let (provider, entry) = engine.reset_provider(actor, &name).await?;
    on_record(&call, entry);
    Ok(Json(provider))
}

async fn rotate(
    engine: Engine,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Provider>, Problem> {
    let (actor, name) = named(&call)?;
    let (provider, entry) = engine.rotate_key(actor, &name).await?;
    on_record(&call, entry);
    Ok(Json(provider))
}

async fn probe(engine: Engine, call: Call<Admin>, _: NoBody) -> Result<Json<wire::Probe>, Problem> {
    let (actor, name) = named(&call)?;
    let (probe, entry) = engine.probe_provider(actor, &name).await?;
    on_record(&call, entry);
    Ok(Json(probe))
}
