//! Answers under way.

use api::console as wire;
use entities::UserId;

use super::{act, look, on_record, reason};
use crate::{
    features::admin::engine::Engine,
    platform::http::{Admin, Auditor, Call, Json, Problem, Query, Registry},
};

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
            .refuses(&[404]),
        engine.clone(),
        end,
    );
    registry.mount_with(
        act(
            "/api/admin/accounts/{id}/end_streams",
            "End every answer of a user",
        )
        .path_parameter("id", "integer")
        .refuses(&[404]),
        engine.clone(),
        end_all,
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
    let reason = reason(body.map(|Json(because)| because))?;
    let actor = UserId(call.principal().user_id);
    let (ended, entry) = engine.end_stream(actor, &id, reason.as_deref()).await?;
    on_record(&call, entry);
    Ok(Json(ended))
}

async fn end_all(
    engine: Engine,
    call: Call<Admin>,
    body: Option<Json<wire::Because>>,
) -> Result<Json<wire::StreamsEnded>, Problem> {
    let user = UserId(call.path_or_missing("id", "User not found")?);
    let reason = reason(body.map(|Json(because)| because))?;
    let actor = UserId(call.principal().user_id);
    let (ended, entry) = engine
        .end_streams_of(actor, user, reason.as_deref())
        .await?;
    on_record(&call, entry);
    Ok(Json(ended))
}
