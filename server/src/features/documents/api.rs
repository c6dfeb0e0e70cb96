//! The routes of stores, documents and uploads: parse, authorise, one call, render.

use entities::{DocumentId, StoreId, UserId, jobs::job, library};
use futures_util::TryStreamExt;

use api::documents as wire;

use super::{Documents, DocumentsError, IndexDocument, names, names::StoreName, subject};
use crate::platform::{
    http::{
        Call, Cap, Download, Identity, Json, Member, NoBody, Operation, Problem, Registry, Status,
        Upload,
    },
    idempotency::HEADER,
    jobs::JobHandler,
    limits::LimitClass,
    storage::BlobKey,
};

/// What the header is for, in the API's description.
const REPEATED: &str = "A repetition with the same key and request within a day does nothing again, and answers the same.";

/// Mounts the routes.
pub(crate) fn register(registry: &mut Registry, documents: &Documents) {
    mount_stores(registry, documents);
    mount_documents(registry, documents);
    mount_uploads(registry, documents);
}

fn mount_stores(registry: &mut Registry, documents: &Documents) {
    let service = || documents.clone();
    let stores = |operation: Operation| operation.tag("stores");
    registry.mount_with(
        stores(Operation::get("/api/stores").summary("List your stores")),
        service(),
        list_stores,
    );
    registry.mount_with(
        stores(
            Operation::post("/api/stores")
                .summary("Create a store")
                .reads_header(HEADER, REPEATED)
                .refuses(&[400, 409, 429]),
        ),
        service(),
        create_store,
    );
    registry.mount_with(
        stores(
            Operation::delete("/api/stores/{id}")
                .summary("Delete a store")
                .refuses(&[404]),
        )
        .path_parameter("id", "integer"),
        service(),
        delete_store,
    );
}

fn mount_documents(registry: &mut Registry, documents: &Documents) {
    let service = || documents.clone();
    let docs = |operation: Operation| operation.tag("documents");
    registry.mount_with(
        docs(Operation::get("/api/documents/store/{store_id}").summary("List a store's documents"))
            .path_parameter("store_id", "integer")
            .refuses(&[404]),
        service(),
        list_documents,
    );
    registry.mount_with(
        docs(Operation::delete("/api/documents/{id}").summary("Delete a document"))
            .path_parameter("id", "integer")
            .refuses(&[404]),
        service(),
        delete_document,
    );
    registry.mount_with(
        docs(
            Operation::post("/api/documents/{id}/retry").summary("Index a document in ERROR again"),
        )
        .path_parameter("id", "integer")
        .reads_header(HEADER, REPEATED)
        .refuses(&[400, 402, 404, 409]),
        service(),
        retry_document,
    );
    registry.mount_with(
        docs(Operation::get("/api/documents/{id}/download").summary("Download the original"))
            .path_parameter("id", "integer")
            .refuses(&[404, 503]),
        service(),
        download,
    );
}

fn mount_uploads(registry: &mut Registry, documents: &Documents) {
    let service = || documents.clone();
    let docs = |operation: Operation| operation.tag("documents");
    registry.mount_with(
        docs(Operation::post("/api/upload").summary("Upload a document"))
            .description(
                "`multipart/form-data` with `storeId`, `file` and optionally `displayName`.",
            )
            .limit(LimitClass::Upload)
            .body_cap(Cap::Upload(documents.max_form_bytes()))
            .reads_header(HEADER, REPEATED)
            .refuses(&[400, 402, 404, 409, 503]),
        service(),
        upload,
    );
    registry.mount_with(
        docs(Operation::get("/api/upload/op-status/{op_id}").summary("How far the indexing is"))
            .refuses(&[400, 404]),
        service(),
        op_status,
    );
}

fn user(call: &Call<Member>) -> UserId {
    UserId(call.principal().user_id)
}

async fn list_stores(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Json<Vec<wire::Store>>, Problem> {
    let stores = documents.stores(user(&call)).await?;
    Ok(Json(stores.into_iter().map(store).collect()))
}

async fn create_store(
    documents: Documents,
    call: Call<Member>,
    Json(body): Json<wire::CreateStore>,
) -> Result<Json<wire::Store>, Problem> {
    let name = StoreName::parse(&body.display_name)?;
    let key = call.idempotency_key("store", &name.as_str())?;
    Ok(Json(store(
        documents.create_store(user(&call), name, key).await?,
    )))
}

async fn delete_store(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Status<202, Json<wire::DeletionScheduled>>, Problem> {
    let id = StoreId(call.path_or_missing("id", "Store not found")?);
    documents.delete_store(user(&call), id).await?;
    Ok(Status(Json(wire::DeletionScheduled::new())))
}

async fn list_documents(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Json<Vec<wire::Document>>, Problem> {
    let id = StoreId(call.path_or_missing("store_id", "Store not found")?);
    let rows = documents.list(user(&call), id).await?;
    Ok(Json(rows.into_iter().map(document).collect()))
}

async fn delete_document(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Status<202, Json<wire::DeletionScheduled>>, Problem> {
    let id = DocumentId(call.path_or_missing("id", "Document not found")?);
    documents.delete_document(user(&call), id).await?;
    Ok(Status(Json(wire::DeletionScheduled::new())))
}

async fn retry_document(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Json<wire::RetryAccepted>, Problem> {
    let id = DocumentId(call.path_or_missing("id", "Document not found")?);
    let key = call.idempotency_key("retry", &id)?;
    documents.retry(user(&call), id, key).await?;
    Ok(Json(wire::RetryAccepted {
        op_id: format!("doc-{id}"),
        document_id: id.0,
    }))
}

async fn download(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Download, Problem> {
    let id = DocumentId(call.path_or_missing("id", "Document not found")?);
    let row = documents.document(user(&call), id).await?;
    let blob = BlobKey::stored(&row.blob_key);
    let bytes = documents
        .0
        .blobs
        .get(&blob)
        .await
        .map_err(DocumentsError::Storage)?;
    let size = u64::try_from(row.size_bytes).ok();
    Ok(Download::new(
        row.filename,
        row.media_type,
        size,
        bytes.map_err(std::io::Error::other),
    ))
}

const STORE_ID_MAX_BYTES: usize = 32;
const DISPLAY_NAME_MAX_BYTES: usize = 2_048;

async fn upload(
    documents: Documents,
    call: Call<Member>,
    mut form: Upload,
) -> Result<Json<wire::UploadAccepted>, Problem> {
    let user = user(&call);
    // A key without a shape is refused before the file is read.
    call.idempotency_key("upload", &())?;
    let (mut store, mut display_name, mut received) = (None, None, None);
    while let Some(mut field) = form.next_field().await? {
        match field.name() {
            "storeId" | "store_id" => {
                let id = parse_store_id(&field.text(STORE_ID_MAX_BYTES).await?)?;
                documents.store(user, id).await?;
                store = Some(id);
            }
            "displayName" | "display_name" => {
                let given = field.text(DISPLAY_NAME_MAX_BYTES).await?;
                display_name = names::display_name(&given)?;
            }
            "file" if received.is_none() => received = Some(documents.receive(&mut field).await?),
            _ => {}
        }
    }
    let store = store.ok_or_else(|| missing("storeId", "the store to put the file in"))?;
    let received = received.ok_or_else(|| missing("file", "the file to upload"))?;
    let judged = documents.judge(received).await?;
    // The body may have been long in coming: who has lost the right meanwhile has lost it.
    match call.credentials().identity().await {
        Identity::Known(_) => {}
        Identity::Refused(problem) => return Err(problem),
        Identity::Anonymous => return Err(Problem::unauthenticated("Not authenticated")),
    }
    call.limit(LimitClass::Upload).await?;
    let key = call.idempotency_key("upload", &judged.identity(store, display_name.as_deref()))?;
    let accepted = documents
        .accept_whatever_the_client_does(user, store, display_name, judged, key)
        .await?;
    let document = accepted.document;
    Ok(Json(wire::UploadAccepted {
        op_id: format!("doc-{}", document.id),
        document_id: document.id.0,
        file_display_name: document.display_name.unwrap_or(document.filename),
        estimated_tokens: document.estimated_tokens,
        estimated_cost_usd: accepted.estimated_cost.as_usd(),
    }))
}

fn missing(field: &str, what: &str) -> Problem {
    Problem::invalid(&["body", field], format!("Field required: {what}"))
}

fn parse_store_id(text: &str) -> Result<StoreId, Problem> {
    text.trim()
        .parse()
        .map(StoreId)
        .map_err(|_| Problem::invalid(&["body", "storeId"], "Must be an integer"))
}

async fn op_status(
    documents: Documents,
    call: Call<Member>,
    _: NoBody,
) -> Result<Json<wire::OperationStatus>, Problem> {
    let op_id: String = call.path("op_id")?;
    let id = op_id
        .strip_prefix("doc-")
        .and_then(|id| id.parse().ok())
        .map(DocumentId)
        .ok_or_else(|| Problem::bad_request("The operation id must look like doc-42"))?;
    let row = documents.document(user(&call), id).await?;
    let job = documents
        .0
        .jobs
        .latest_for_subject(subject(id), IndexDocument::KIND)
        .await?;
    Ok(Json(operation_status(row, job)))
}

fn operation_status(
    row: library::document::Model,
    job: Option<job::Model>,
) -> wire::OperationStatus {
    use entities::{DocumentStatus, JobState};
    let (stage, progress) = match (row.status, job) {
        (DocumentStatus::Done, _) => (None, 1.0),
        (DocumentStatus::Error, _) | (_, None) => (None, 0.0),
        (_, Some(job)) if job.state == JobState::AwaitingBudget => (
            Some(JobState::AwaitingBudget.as_str().to_owned()),
            job.progress,
        ),
        (_, Some(job)) => (job.stage, job.progress),
    };
    let error = row
        .last_error
        .filter(|_| row.status == DocumentStatus::Error);
    wire::OperationStatus {
        status: row.status.as_str().to_owned(),
        error: error.map(|reason| format!("Indexing failed: {reason}")),
        stage,
        progress,
    }
}

fn store(row: library::store::Model) -> wire::Store {
    wire::Store {
        id: row.id.0,
        display_name: row.display_name,
        fs_name: row.fs_name,
    }
}

fn document(row: library::document::Model) -> wire::Document {
    wire::Document {
        id: row.id.0,
        store_id: row.store_id.0,
        filename: row.filename,
        display_name: row.display_name,
        status: row.status.as_str().to_owned(),
        size_bytes: row.size_bytes,
        created_at: row.created_at,
        gcs_uri: row.gcs_uri,
        media_type: row.media_type,
        page_count: row.page_count,
        error: row.last_error,
    }
}
