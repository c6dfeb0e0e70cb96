//! Acts on record, with what they changed.

use std::collections::HashMap;

use api::console::{AuditPage, AuditRecord, AuditVerification, Count, CountQuery, ListQuery, Undo};
use entities::UserId;
use serde_json::Value;

use super::{TAG, undo};
use crate::{
    features::{
        accounts::email_of,
        admin::{AdminError, Administration, acting, once::Done},
    },
    platform::{
        audit::{Act, Audit, AuditEntry, Broken, By},
        http::{Admin, Auditor, Call, Json, NoBody, Operation, Problem, Query, Registry},
        paging::Listing,
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    let get = |path, summary| Operation::get(path).summary(summary).tag(TAG);
    registry.mount_with(
        get("/api/admin/audit/entries", "Acts on record").refuses(&[400]),
        service(),
        entries,
    );
    registry.mount_with(
        get("/api/admin/audit/entries/count", "How many acts match"),
        service(),
        count,
    );
    registry.mount_with(
        get("/api/admin/audit/entries/{id}", "An act on record")
            .path_parameter("id", "integer")
            .refuses(&[404]),
        service(),
        entry,
    );
    registry.mount_with(
        acting::act(Operation::post("/api/admin/audit/verify"))
            .summary("Check that every act is as it was written")
            .tag(TAG)
            .refuses(&[400, 409, 422]),
        service(),
        verify,
    );
}

async fn entries(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let audit = &administration.0.audit;
    let look = async |listing: &Listing| audit.page(listing, email_of).await;
    let page = administration.listed("audit", Audit::FIELDS, query, look);
    let page = page.await?;
    Ok(Json(AuditPage {
        items: administration.records(page.items).await?,
        next_cursor: page.next,
    }))
}

async fn count(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<CountQuery>,
) -> Result<Json<Count>, Problem> {
    let audit = &administration.0.audit;
    let look = async |listing: &Listing| audit.count(listing, email_of).await;
    administration.counted(Audit::FIELDS, &query, look).await
}

async fn entry(
    administration: Administration,
    call: Call<Auditor>,
    _: NoBody,
) -> Result<Json<AuditRecord>, Problem> {
    let id: i64 = call.path_or_missing("id", "Entry not found")?;
    Ok(Json(administration.record(id).await?))
}

async fn verify(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<AuditVerification>, Problem> {
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move { acting.verify(by).await };
    let done = administration.once(&call, "verify", &(), act).await?;
    Ok(Json(done.answer))
}

impl Administration {
    async fn verify(&self, by: By) -> Result<Done<AuditVerification>, Problem> {
        let parts = &self.0;
        let found = parts.audit.verify().await?;
        let verification = AuditVerification {
            ok: found.broken.is_none(),
            entries: found.sound,
            good_to: (found.sound > 0).then_some(found.good_to),
            broken_at: found.broken.as_ref().map(|broken| match broken {
                Broken::Changed(id) | Broken::Unlinked(id) | Broken::Cut(id) => *id,
                Broken::Missing { expected, .. } => *expected,
                Broken::Truncated { .. } | Broken::Head => found.good_to + 1,
            }),
            at: parts.clock.now(),
        };
        let act = Act::on("verify_audit", "audit_log", found.good_to.to_string())
            .with("ok", verification.ok);
        let audit_id = parts.audit.record_act(&by, act).await?;
        Ok(Done::new(verification, Some(audit_id)))
    }

    /// An entry as the console shows it.
    pub(super) async fn record(&self, id: i64) -> Result<AuditRecord, Problem> {
        let entry = self.0.audit.find(id).await?;
        let entry = entry.ok_or(AdminError::EntryNotFound)?;
        let shown = self.records(vec![entry]).await?;
        let one = shown.into_iter().next();
        one.ok_or_else(|| AdminError::EntryNotFound.into())
    }

    /// Entries as the console shows them, in the same order.
    pub(in crate::features::admin) async fn records(
        &self,
        entries: Vec<AuditEntry>,
    ) -> Result<Vec<AuditRecord>, Problem> {
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        let undone = self.0.audit.undone(&ids).await?;
        let actors = entries.iter().filter_map(|entry| entry.actor);
        let people = actors.chain(entries.iter().filter_map(target_user));
        let emails = self.0.accounts.emails(people).await?;
        let records = entries
            .into_iter()
            .map(|entry| record(entry, &emails, &undone));
        Ok(records.collect())
    }
}

/// The user that an act was done to.
fn target_user(entry: &AuditEntry) -> Option<UserId> {
    let id = entry.target_id.as_deref()?;
    let of_user = entry.target_type.as_deref() == Some("user");
    of_user.then(|| id.parse().ok().map(UserId))?
}

fn record(
    entry: AuditEntry,
    emails: &HashMap<UserId, String>,
    undone: &HashMap<i64, i64>,
) -> AuditRecord {
    let metadata: Value = serde_json::from_str(&entry.metadata).unwrap_or(Value::Null);
    let text = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let undone_by = undone.get(&entry.id).copied();
    AuditRecord {
        id: entry.id,
        at: entry.created_at,
        actor_id: entry.actor.map(|actor| actor.0),
        actor_email: entry.actor.and_then(|actor| emails.get(&actor).cloned()),
        target_label: target_user(&entry).and_then(|user| emails.get(&user).cloned()),
        before: metadata.get("before").cloned(),
        after: metadata.get("after").cloned(),
        via: text("via").or_else(|| entry.actor.is_none().then(|| "system".to_owned())),
        request_id: text("request_id"),
        undo: Undo {
            possible: undone_by.is_none() && undo::is_possible(&entry.action, &metadata),
            until: None,
            undone_by,
        },
        action: entry.action,
        target_type: entry.target_type,
        target_id: entry.target_id,
        hash: entry.hash,
    }
}
