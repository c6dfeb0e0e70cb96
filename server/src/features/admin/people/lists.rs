//! Users, their sign-ins and their documents.

use api::console::{
    Account as Shown, AccountDocument, AccountDocumentPage, AccountPage, AccountSession,
    AccountSessionPage, Count, CountQuery, ListQuery,
};

use super::TAG;
use crate::{
    features::{
        accounts::Accounts,
        admin::{AdminError, Administration, api::target},
        documents::Documents,
    },
    platform::{
        http::{Auditor, Call, Json, NoBody, Operation, Problem, Query, Registry},
        paging::Listing,
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    let get = |path, summary| Operation::get(path).summary(summary).tag(TAG);
    registry.mount_with(
        get("/api/admin/accounts", "Users").refuses(&[400]),
        service(),
        accounts,
    );
    registry.mount_with(
        get("/api/admin/accounts/count", "How many users match"),
        service(),
        count,
    );
    registry.mount_with(
        get("/api/admin/accounts/{id}", "A user")
            .path_parameter("id", "integer")
            .refuses(&[404]),
        service(),
        account,
    );
    registry.mount_with(
        get(
            "/api/admin/accounts/{id}/sessions",
            "A user's sign-ins that have not ended",
        )
        .path_parameter("id", "integer")
        .refuses(&[400, 404]),
        service(),
        sessions,
    );
    registry.mount_with(
        get(
            "/api/admin/accounts/{id}/documents",
            "A user's documents, without their names",
        )
        .path_parameter("id", "integer")
        .refuses(&[400, 404]),
        service(),
        documents,
    );
}

async fn accounts(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AccountPage>, Problem> {
    let parts = &administration.0;
    let month = parts.budgets.this_month();
    let look = async |listing: &Listing| parts.accounts.page(listing, month).await;
    let page = administration.listed("accounts", Accounts::PEOPLE, query, look);
    let page = page.await?;
    Ok(Json(AccountPage {
        items: administration.shown(page.items, month, false).await?,
        next_cursor: page.next,
    }))
}

async fn count(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<CountQuery>,
) -> Result<Json<Count>, Problem> {
    let parts = &administration.0;
    let month = parts.budgets.this_month();
    let look = async |listing: &Listing| parts.accounts.count_matching(listing, month).await;
    administration.counted(Accounts::PEOPLE, &query, look).await
}

async fn account(
    administration: Administration,
    call: Call<Auditor>,
    _: NoBody,
) -> Result<Json<Shown>, Problem> {
    let id = target(&administration, &call, "id").await?;
    let account = administration.0.accounts.find(id).await?;
    let account = account.ok_or(AdminError::UserNotFound)?;
    Ok(Json(administration.shown_one(account).await?))
}

async fn sessions(
    administration: Administration,
    call: Call<Auditor>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AccountSessionPage>, Problem> {
    let parts = &administration.0;
    let id = target(&administration, &call, "id").await?;
    let list = format!("sessions of {id}");
    let look = async |listing: &Listing| parts.accounts.sign_ins(listing, id).await;
    let page = administration.listed(list, Accounts::SIGN_INS, query, look);
    let page = page.await?;
    let page = page.map(|session| AccountSession {
        id: session.id,
        created_at: session.created_at,
        last_seen_at: session.last_used_at,
        address: session.client_address,
        client: session.user_agent,
    });
    Ok(Json(AccountSessionPage {
        items: page.items,
        next_cursor: page.next,
    }))
}

async fn documents(
    administration: Administration,
    call: Call<Auditor>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AccountDocumentPage>, Problem> {
    let parts = &administration.0;
    let id = target(&administration, &call, "id").await?;
    let list = format!("documents of {id}");
    let look = async |listing: &Listing| parts.documents.page_of_user(listing, id).await;
    let page = administration.listed(list, Documents::DOCUMENTS, query, look);
    let page = page.await?;
    let page = page.map(|document| AccountDocument {
        id: document.id.0,
        store_id: document.store_id.0,
        status: document.status.as_str().to_owned(),
        size_bytes: document.size_bytes,
        created_at: document.created_at,
        deleted_at: document.deleted_at,
    });
    Ok(Json(AccountDocumentPage {
        items: page.items,
        next_cursor: page.next,
    }))
}
