//! The machinery.

use api::console as wire;

use super::look;
use crate::{
    features::admin::engine::Engine,
    platform::http::{Auditor, Call, Json, NoBody, Problem, Registry},
};

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/system", "The machinery")
            .description("Memory and processor are told of the process that answers."),
        engine.clone(),
        system,
    );
}

async fn system(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::System>, Problem> {
    Ok(Json(engine.system().await?))
}
