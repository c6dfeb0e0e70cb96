//! The routes: ask for an export, see one's exports, fetch one.

use api::exports as wire;
use entities::{ExportId, ExportState, UserId, governance::export};

use crate::platform::{
    audit::{By, Via},
    governance::{Governance, GovernanceError},
    http::{Call, Download, Json, Member, NoBody, Operation, Problem, Registry, Status},
    idempotency::HEADER,
    limits::LimitClass,
};

const TAG: &str = "account";
const NOT_FOUND: &str = "Export not found";

/// Mounts the routes.
pub(crate) fn register(registry: &mut Registry, governance: &Governance) {
    registry.mount_with(
        Operation::post("/api/account/export")
            .summary("Ask for everything of yours in one file")
            .description(
                "A job writes a zip: account, stores, documents as they were uploaded, \
                 conversations, charges, sign-ins, jobs and what is on record about you, with a \
                 list of contents and checksums. One that is being written already is answered \
                 instead of another.",
            )
            .tag(TAG)
            .reads_header(
                HEADER,
                "A repetition with the same key within a day answers the same export.",
            )
            .refuses(&[400, 409, 429]),
        governance.clone(),
        ask,
    );
    registry.mount_with(
        Operation::get("/api/account/export")
            .summary("Your exports, the newest first")
            .tag(TAG),
        governance.clone(),
        list,
    );
    registry.mount_with(
        Operation::get("/api/account/export/{id}")
            .summary("Fetch an export")
            .tag(TAG)
            .path_parameter("id", "integer")
            .refuses(&[404, 409]),
        governance.clone(),
        fetch,
    );
}

async fn ask(
    governance: Governance,
    call: Call<Member>,
    _: NoBody,
) -> Result<Status<202, Json<wire::Export>>, Problem> {
    call.limit(LimitClass::Upload).await?;
    let user = UserId(call.principal().user_id);
    let key = call.idempotency_key("export", &())?;
    let by = By {
        actor: user,
        via: Via::Api,
        request_id: call.header("x-request-id").map(str::to_owned),
        undoes: None,
    };
    let asked = governance.export_user(&by, user, key).await;
    let asked = asked.map_err(refusal)?;
    Ok(Status(Json(on_the_wire(&governance, asked.export).await?)))
}

async fn list(
    governance: Governance,
    call: Call<Member>,
    _: NoBody,
) -> Result<Json<wire::Exports>, Problem> {
    let user = UserId(call.principal().user_id);
    let mut items = Vec::new();
    for export in governance.exports(user).await.map_err(refusal)? {
        items.push(on_the_wire(&governance, export).await?);
    }
    Ok(Json(wire::Exports { items }))
}

async fn fetch(governance: Governance, call: Call<Member>, _: NoBody) -> Result<Download, Problem> {
    let user = UserId(call.principal().user_id);
    let id = ExportId(call.path_or_missing("id", NOT_FOUND)?);
    let file = governance.export_file(user, id).await.map_err(refusal)?;
    Ok(Download::new(
        file.name,
        "application/zip",
        file.bytes,
        file.pieces,
    ))
}

async fn on_the_wire(
    governance: &Governance,
    export: export::Model,
) -> Result<wire::Export, Problem> {
    let expires_at = governance
        .export_expires_at(&export)
        .await
        .map_err(refusal)?;
    Ok(wire::Export {
        id: export.id.0,
        state: match export.state {
            ExportState::Pending => wire::ExportState::Pending,
            ExportState::Ready => wire::ExportState::Ready,
            ExportState::Failed => wire::ExportState::Failed,
        },
        job_id: export.job_id.0,
        size_bytes: export.size_bytes,
        sha256: export.sha256,
        created_at: export.created_at,
        finished_at: export.finished_at,
        expires_at,
    })
}

fn refusal(error: GovernanceError) -> Problem {
    match error {
        GovernanceError::ExportNotFound => Problem::not_found(NOT_FOUND),
        GovernanceError::ExportNotReady => Problem::conflict("The export is not ready yet"),
        GovernanceError::Database(error) => error.into(),
        GovernanceError::Key(refusal) => refusal.into(),
        other => Problem::internal(other),
    }
}
