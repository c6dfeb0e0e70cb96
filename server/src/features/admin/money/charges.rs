//! The ledger.

use std::collections::HashMap;

use api::console::{Count, CountQuery, LedgerEntry, LedgerPage, ListQuery};
use entities::{UserId, money::ledger_entry};

use super::TAG;
use crate::{
    features::admin::Administration,
    platform::{
        budgets::Budgets,
        http::{Auditor, Call, Json, Operation, Problem, Query, Registry},
        paging::Listing,
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    let get = |path, summary| Operation::get(path).summary(summary).tag(TAG);
    registry.mount_with(
        get("/api/admin/ledger", "Charges").refuses(&[400]),
        service(),
        charges,
    );
    registry.mount_with(
        get("/api/admin/ledger/count", "How many charges match"),
        service(),
        count,
    );
}

async fn charges(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<ListQuery>,
) -> Result<Json<LedgerPage>, Problem> {
    let parts = &administration.0;
    let look = async |listing: &Listing| parts.budgets.charges(listing).await;
    let page = administration.listed("ledger", Budgets::CHARGES, query, look);
    let page = page.await?;
    let owners = page.items.iter().map(|entry| entry.user_id);
    let known = parts.accounts.emails(owners).await?;
    let page = page.map(|entry| shown(entry, &known));
    Ok(Json(LedgerPage {
        items: page.items,
        next_cursor: page.next,
    }))
}

async fn count(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<CountQuery>,
) -> Result<Json<Count>, Problem> {
    let budgets = &administration.0.budgets;
    let look = async |listing: &Listing| budgets.count_charges(listing).await;
    administration.counted(Budgets::CHARGES, &query, look).await
}

/// Who is erased is nobody any more.
fn shown(entry: ledger_entry::Model, known: &HashMap<UserId, String>) -> LedgerEntry {
    LedgerEntry {
        id: entry.id.0,
        at: entry.created_at,
        user_id: known
            .contains_key(&entry.user_id)
            .then_some(entry.user_id.0),
        kind: entry.kind,
        provider: Some(entry.provider),
        model: Some(entry.model),
        amount_nanos: entry.amount_nanos.0,
        tokens_in: Some(entry.prompt_tokens.saturating_add(entry.index_tokens)),
        tokens_out: Some(entry.completion_tokens),
        units: None,
        unit: Some(entry.unit),
        job_id: entry.job_id.map(|id| id.to_string()),
        stream_id: entry.stream_id.map(|id| id.to_string()),
        hold_id: entry.hold_id.map(|id| id.to_string()),
        trace_id: entry.trace_id,
    }
}
