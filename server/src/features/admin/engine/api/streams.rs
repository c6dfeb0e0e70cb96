//! Answers under way.

use api::console as wire;

use super::{act, look, on_record, once, reason};
use crate::{
    features::admin::{acting, engine::Engine},
    platform::http::{Admin, Auditor, Call, Json, Problem, Query, Registry},
};

const STREAM: &[u16] = &[400, 404, 409, 503];

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/streams", "Answers under way").description(
            "Where the database lets processes tell each other, those of other processes too, \
                 as far as they have been written down.",
        ),
        engine.clone(),
        list,
    );
    registry.mount_with(
        act("/api/admin/streams/{id}/end", "End an answer")
            .description(
                "What it has used is settled, and what has come of it is kept. `X-Audit-Id` names \
                 the entry on record.",
            )
            .refuses(STREAM),
        engine.clone(),
        end,
    );
}

async fn list(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::ListQuery>,
) -> Result<Json<wire::StreamPage>, Problem> {
    Ok(Json(engine.list_streams(query).await?))
}

async fn end(
    engine: Engine,
    call: Call<Admin>,
    body: Option<Json<wire::Because>>,
) -> Result<Json<wire::StreamEnded>, Problem> {
    let id: String = call.path("id")?;
    let because = body.map(|Json(because)| because);
    let reason = reason(because.as_ref())?;
    let (acting, by, stream) = (engine.clone(), acting::by(&call), id.clone());
    let act = async move {
        let ended = acting.end_stream(&by, &stream, reason.as_deref()).await;
        ended.map(on_record)
    };
    once(&engine, &call, &format!("end stream {id}"), &because, act).await
}
