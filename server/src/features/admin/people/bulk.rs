//! Acts on many users: previewed, then done to exactly these, unless they changed
//! ([`super::bulk_act`]).

use std::collections::BTreeMap;

use api::console::{AccountsAction, AccountsBulk, BulkPreview, Skipped};
use chrono::TimeDelta;
use entities::{Nanos, UserId, UserStatus, governance::account_preview};
use serde::{Deserialize, Serialize};

use super::{TAG, bulk_act::run};
use crate::{
    features::{
        accounts::{Account, Accounts},
        admin::{AdminError, Administration, acting, limits, queries},
    },
    platform::{
        db::WriteKey,
        http::{Admin, Call, Json, Operation, Problem, Registry},
        limits::LimitClass,
        paging::{COUNTED, Listing},
    },
};

/// How long a preview can be acted on.
const KEPT: TimeDelta = TimeDelta::minutes(10);
/// Users that are looked up in one statement.
const CHUNK: usize = 500;

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        Operation::post("/api/admin/accounts/bulk/preview")
            .summary("What an act on many users would do")
            .description("The token fixes the users for ten minutes, and is good for one act.")
            .tag(TAG)
            .limit(LimitClass::AdminAction),
        service(),
        preview,
    );
    registry.mount_with(
        acting::act(Operation::post("/api/admin/accounts/bulk"))
            .summary("Do a previewed act on many users")
            .description(
                "Users who changed since the preview are left out and told. Beyond 100 users a \
                 job does it, which `job` names.",
            )
            .tag(TAG)
            .refuses(&[400, 409, 422]),
        service(),
        run,
    );
}

/// A user as the preview saw them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) id: i64,
    pub(super) rev: i64,
    pub(super) limit_nanos: Option<i64>,
}

/// Rows that are left out, by reason.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct LeftOut(BTreeMap<String, i64>);

impl LeftOut {
    pub(super) fn add(&mut self, reason: &str) {
        *self.0.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn on_record(&self) -> serde_json::Value {
        serde_json::json!(self.0)
    }

    pub(super) fn told(self) -> Vec<Skipped> {
        let skipped = self
            .0
            .into_iter()
            .map(|(reason, count)| Skipped { reason, count });
        skipped.collect()
    }
}

async fn preview(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<AccountsBulk>,
) -> Result<Json<BulkPreview>, Problem> {
    let parts = &administration.0;
    let limit = match (body.action, body.limit_nanos) {
        (AccountsAction::SetBudget, None) => {
            return Err(AdminError::field("limit_nanos", "Field required for set_budget").into());
        }
        (AccountsAction::SetBudget, Some(nanos)) => Some(limits::of_nanos(nanos)?),
        _ => None,
    };
    let wanted = wanted(&administration, &body).await?;
    let (now, actor) = (parts.clock.now(), UserId(call.principal().user_id));
    let mut left_out = LeftOut::default();
    let mut seen = Vec::new();
    let mut found = 0;
    for ids in wanted.chunks(CHUNK) {
        let accounts = parts.accounts.find_all(ids).await?;
        let budgets = parts.budgets.limits(ids).await?;
        found += accounts.len();
        for account in accounts {
            let current = budgets.get(&account.id).copied();
            match unfit(body.action, &account, actor, current, limit) {
                Some(reason) => left_out.add(reason),
                None => seen.push(Seen {
                    id: account.id.0,
                    rev: account.rev,
                    limit_nanos: current.map(|limit| limit.0),
                }),
            }
        }
    }
    for _ in found..wanted.len() {
        left_out.add("no such user");
    }
    let count = i64::try_from(seen.len()).unwrap_or(i64::MAX);
    let row = account_preview::Model {
        id: parts.entropy.uuid(),
        actor_user_id: actor,
        action: body.action.word().to_owned(),
        limit_nanos: limit.map(|limit| limit.0),
        accounts: serde_json::to_value(&seen).map_err(Problem::internal)?,
        created_at: now,
        expires_at: now + KEPT,
    };
    let (token, expires_at) = (row.id, row.expires_at);
    parts
        .db
        .write(WriteKey::Free, row, |txn, row| {
            Box::pin(queries::put_preview(txn, row))
        })
        .await?;
    Ok(Json(BulkPreview {
        preview_token: token.to_string(),
        expires_at,
        count,
        by_kind: Vec::new(),
        skipped: left_out.told(),
        cost_nanos: 0,
        owners: count,
    }))
}

/// The users that are asked for.
async fn wanted(
    administration: &Administration,
    body: &AccountsBulk,
) -> Result<Vec<UserId>, Problem> {
    let parts = &administration.0;
    match (&body.ids, &body.filter) {
        (Some(ids), None) if ids.len() as u64 <= COUNTED => {
            let mut ids: Vec<UserId> = ids.iter().copied().map(UserId).collect();
            ids.sort_unstable();
            ids.dedup();
            Ok(ids)
        }
        (Some(_), None) => {
            let message = format!("At most {COUNTED} users at once");
            Err(AdminError::field("ids", message).into())
        }
        (None, Some(filter)) => {
            let listing = Listing::matching(Accounts::PEOPLE, Some(filter), parts.clock.now())?;
            let month = parts.budgets.this_month();
            Ok(parts.accounts.matching(&listing, month, COUNTED).await?)
        }
        _ => Err(AdminError::field("ids", "One of ids and filter is needed").into()),
    }
}

/// Why an act would do nothing to a user, or may not.
fn unfit(
    action: AccountsAction,
    account: &Account,
    actor: UserId,
    current: Option<Nanos>,
    wanted: Option<Nanos>,
) -> Option<&'static str> {
    match action {
        AccountsAction::SetBudget | AccountsAction::ClearBudget => {
            (current == wanted).then_some("has this limit already")
        }
        AccountsAction::Disable if account.id == actor => Some("your own account"),
        AccountsAction::Disable => {
            (account.status == UserStatus::Disabled).then_some("disabled already")
        }
        AccountsAction::EndSessions => None,
    }
}
