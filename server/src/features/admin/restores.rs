//! Bringing back what users deleted.

use api::documents as wire;
use entities::{DocumentId, StoreId};

use super::{Administration, acting, once::Done};
use crate::platform::http::{Admin, Call, Json, NoBody, Operation, Problem, Registry};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    registry.mount_with(
        acting::act(Operation::post("/api/stores/{id}/restore"))
            .summary("Restore a deleted store")
            .tag("stores")
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 422]),
        administration.clone(),
        restore_store,
    );
    registry.mount_with(
        acting::act(Operation::post("/api/documents/{id}/restore"))
            .summary("Restore a deleted document")
            .tag("documents")
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 422]),
        administration.clone(),
        restore_document,
    );
}

async fn restore_store(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Store>, Problem> {
    let id = StoreId(call.path_or_missing("id", "Store not found")?);
    let (by, documents) = (acting::by(&call), administration.0.documents.clone());
    let act = async move {
        let audit_id = documents.restore_store(&by, id).await?;
        Ok(Done::new((), Some(audit_id)))
    };
    let operation = format!("restore store {id}");
    administration.once(&call, &operation, &(), act).await?;
    let store = administration.0.documents.any_store(id).await?;
    Ok(Json(wire::Store {
        id: store.id.0,
        display_name: store.display_name,
        fs_name: store.fs_name,
    }))
}

async fn restore_document(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::RestoredDocument>, Problem> {
    let id = DocumentId(call.path_or_missing("id", "Document not found")?);
    let (by, documents) = (acting::by(&call), administration.0.documents.clone());
    let act = async move {
        let (store, audit_id) = documents.restore_document(&by, id).await?;
        let restored = wire::RestoredDocument {
            document_id: id.0,
            store_id: store.0,
        };
        Ok(Done::new(restored, Some(audit_id)))
    };
    let operation = format!("restore document {id}");
    let done = administration.once(&call, &operation, &(), act).await?;
    Ok(Json(done.answer))
}
