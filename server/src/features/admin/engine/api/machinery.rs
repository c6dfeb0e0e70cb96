//! The machinery.

use api::console as wire;
use entities::UserId;

use super::{look, on_record};
use crate::{
    features::admin::engine::Engine,
    platform::{
        http::{Admin, Auditor, Call, Json, NoBody, Operation, Problem, Registry},
        limits::LimitClass,
    },
};

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/system", "The machinery")
            .description("Memory and processor are told of the process that answers."),
        engine.clone(),
        system,
    );
    registry.mount_with(
        Operation::put("/api/admin/system/log_level")
            .summary("Change how much is logged")
            .description("By the process that answers, until it ends.")
            .tag(super::TAG)
            .limit(LimitClass::AdminAction)
            .refuses(&[409]),
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
    let actor = UserId(call.principal().user_id);
    let entry = engine.set_log_level(actor, wanted.level).await?;
    on_record(&call, entry);
    Ok(Json(wanted))
}
