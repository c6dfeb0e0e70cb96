//! Deleted stores, which `POST /api/stores/{id}/restore` brings back.

use api::console::{Count, CountQuery, DeletedStore, DeletedStorePage, ListQuery};

use super::Administration;
use crate::{
    features::documents::Documents,
    platform::{
        http::{Auditor, Call, Json, Operation, Problem, Query, Registry},
        paging::Listing,
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let get = |path, summary| {
        Operation::get(path)
            .summary(summary)
            .tag("Admin: deleted things")
    };
    registry.mount_with(
        get(
            "/api/admin/deleted",
            "Deleted stores, without their names; `POST /api/stores/{id}/restore` brings one back",
        )
        .refuses(&[400]),
        administration.clone(),
        list,
    );
    registry.mount_with(
        get("/api/admin/deleted/count", "How many deleted stores match"),
        administration.clone(),
        count,
    );
}

async fn list(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<ListQuery>,
) -> Result<Json<DeletedStorePage>, Problem> {
    let parts = &administration.0;
    let look = async |listing: &Listing| parts.documents.deleted_page(listing).await;
    let page = administration.listed("deleted", Documents::DELETED, query, look);
    let page = page.await?;
    let owners = page.items.iter().map(|store| store.owner);
    let emails = parts.accounts.emails(owners).await?;
    let page = page.map(|store| DeletedStore {
        id: store.id.0,
        owner_id: store.owner.0,
        owner_email: emails.get(&store.owner).cloned(),
        documents: store.documents,
        size_bytes: store.size_bytes,
        deleted_at: store.deleted_at,
        purged_at: store.purged_at,
    });
    Ok(Json(DeletedStorePage {
        items: page.items,
        next_cursor: page.next,
    }))
}

async fn count(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<CountQuery>,
) -> Result<Json<Count>, Problem> {
    let documents = &administration.0.documents;
    let look = async |listing: &Listing| documents.count_deleted(listing).await;
    administration
        .counted(Documents::DELETED, &query, look)
        .await
}
