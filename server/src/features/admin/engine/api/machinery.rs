//! The machinery.

use api::console as wire;

use super::{look, on_record, once, steer};
use crate::{
    features::admin::{acting, engine::Engine},
    platform::http::{Admin, Auditor, Call, Json, NoBody, Operation, Problem, Registry},
};

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/system", "The machinery")
            .description("Memory and processor are told of the process that answers."),
        engine.clone(),
        system,
    );
    registry.mount_with(
        steer(
            Operation::put("/api/admin/system/log_level"),
            "Change how much is logged",
        )
        .description("By the process that answers, until it ends."),
        engine.clone(),
        set_log_level,
    );
}

async fn system(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::System>, Problem> {
    Ok(Json(engine.system().await?))
}

async fn set_log_level(
    engine: Engine,
    call: Call<Admin>,
    Json(wanted): Json<wire::SetLogLevel>,
) -> Result<Json<wire::SetLogLevel>, Problem> {
    let (acting, by, level) = (engine.clone(), acting::by(&call), wanted.level);
    let act = async move {
        let set = acting.set_log_level(&by, level).await;
        set.map(|entry| on_record((wire::SetLogLevel { level }, entry)))
    };
    once(&engine, &call, "set log level", &wanted, act).await
}
