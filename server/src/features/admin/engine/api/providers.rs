//! The model side.

use api::console as wire;

use super::{act, look, on_record, once};
use crate::{
    features::admin::{acting, engine::Engine},
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
        .refuses(&[400, 404, 409, 503]),
        engine.clone(),
        reset,
    );
    registry.mount_with(
        act(
            "/api/admin/providers/{name}/rotate",
            "Take a provider's next key",
        )
        .refuses(&[400, 404, 409, 503]),
        engine.clone(),
        rotate,
    );
    registry.mount_with(
        act(
            "/api/admin/providers/{name}/probe",
            "Ask a provider the smallest question",
        )
        .description("It is paid for from the caller's budget. `X-Audit-Id` names the entry.")
        .refuses(&[400, 402, 404, 409, 503]),
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

fn named(call: &Call<Admin>) -> Result<String, Problem> {
    call.path("name")
}

async fn reset(
    engine: Engine,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Provider>, Problem> {
    let (acting, by, provider) = (engine.clone(), acting::by(&call), named(&call)?);
    let operation = format!("reset {provider}");
    let act = async move {
        let done = acting.reset_provider(&by, &provider).await;
        done.map(on_record)
    };
    once(&engine, &call, &operation, &(), act).await
}

async fn rotate(
    engine: Engine,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Provider>, Problem> {
    let (acting, by, provider) = (engine.clone(), acting::by(&call), named(&call)?);
    let operation = format!("rotate key of {provider}");
    let act = async move {
        let done = acting.rotate_key(&by, &provider).await;
        done.map(on_record)
    };
    once(&engine, &call, &operation, &(), act).await
}

async fn probe(engine: Engine, call: Call<Admin>, _: NoBody) -> Result<Json<wire::Probe>, Problem> {
    let (acting, by, provider) = (engine.clone(), acting::by(&call), named(&call)?);
    let operation = format!("probe {provider}");
    let act = async move {
        let done = acting.probe_provider(&by, &provider).await;
        done.map(on_record)
    };
    once(&engine, &call, &operation, &(), act).await
}
