//! Acts on many users: previewed, then done to exactly these, unless they changed.

use std::collections::BTreeMap;

use api::console::{AccountsAction, AccountsBulk, BulkDone, BulkPreview, BulkRun, Skipped};
use chrono::TimeDelta;
use entities::{Nanos, UserId, UserStatus, governance::account_preview};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TAG;
use crate::{
    features::{
        accounts::{Account, Accounts, AccountsError},
        admin::{
            AdminError, Administration,
            acting::{self, CLIENT, CLIENT_PURPOSE},
            limits,
            once::Done,
            queries,
        },
    },
    platform::{
        audit::By,
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
    let act = |path, summary| {
        Operation::post(path)
            .summary(summary)
            .tag(TAG)
            .limit(LimitClass::AdminAction)
    };
    registry.mount_with(
        act(
            "/api/admin/accounts/bulk/preview",
            "What an act on many users would do",
        )
        .description("The token fixes the users for ten minutes, and is good for one act."),
        service(),
        preview,
    );
    registry.mount_with(
        act(
            "/api/admin/accounts/bulk",
            "Do a previewed act on many users",
        )
        .description("Users who changed since the preview are left out and told.")
        .reads_header("Idempotency-Key", "The same key does the act once.")
        .reads_header(CLIENT, CLIENT_PURPOSE)
        .refuses(&[400, 409, 422]),
        service(),
        run,
    );
}

/// A user as the preview saw them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seen {
    id: i64,
    rev: i64,
    limit_nanos: Option<i64>,
}

/// Rows that are left out, by reason.
#[derive(Default)]
struct LeftOut(BTreeMap<&'static str, i64>);

impl LeftOut {
    fn add(&mut self, reason: &'static str) {
        *self.0.entry(reason).or_default() += 1;
    }

    fn told(self) -> Vec<Skipped> {
        let skipped = self.0.into_iter().map(|(reason, count)| Skipped {
            reason: reason.to_owned(),
            count,
        });
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

async fn run(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<BulkRun>,
) -> Result<Json<BulkDone>, Problem> {
    let token: Uuid = body
        .preview_token
        .parse()
        .map_err(|_| AdminError::PreviewChanged)?;
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move { acting.run_preview(&by, token).await };
    let done = administration.once(&call, "bulk", &body, act).await?;
    Ok(Json(done.answer))
}

impl Administration {
    async fn run_preview(&self, by: &By, token: Uuid) -> Result<Done<BulkDone>, Problem> {
        let parts = &self.0;
        let input = (token, by.actor, parts.clock.now());
        let preview = parts
            .db
            .write(WriteKey::Free, input, |txn, (token, actor, now)| {
                Box::pin(queries::take_preview(txn, *token, *actor, *now))
            })
            .await?
            .ok_or(AdminError::PreviewChanged)?;
        let action =
            AccountsAction::from_word(&preview.action).ok_or(AdminError::PreviewChanged)?;
        let rows: Vec<Seen> =
            serde_json::from_value(preview.accounts).map_err(Problem::internal)?;
        let (mut done, mut left_out, mut last) = (0, LeftOut::default(), None);
        for row in rows {
            let limit = preview.limit_nanos.map(Nanos);
            match self.run_one(by, action, &row, limit).await? {
                Ok(audit_id) => {
                    done += 1;
                    last = audit_id.or(last);
                }
                Err(reason) => left_out.add(reason),
            }
        }
        let answer = BulkDone {
            done,
            skipped: left_out.told(),
            job_ids: Vec::new(),
        };
        Ok(Done::new(answer, last))
    }

    /// Answers the act on record, or why the user was left out.
    async fn run_one(
        &self,
        by: &By,
        action: AccountsAction,
        seen: &Seen,
        limit: Option<Nanos>,
    ) -> Result<Result<Option<i64>, &'static str>, Problem> {
        let parts = &self.0;
        let id = UserId(seen.id);
        let Some(account) = parts.accounts.find(id).await? else {
            return Ok(Err("no such user"));
        };
        if account.rev != seen.rev {
            return Ok(Err("changed since"));
        }
        match action {
            AccountsAction::SetBudget | AccountsAction::ClearBudget => {
                let expected = seen.limit_nanos.map(Nanos);
                match parts.limits.replace(by, id, expected, limit).await {
                    Ok((_, audit_id)) => Ok(Ok(Some(audit_id))),
                    Err(AdminError::ChangedSince) => Ok(Err("changed since")),
                    Err(error) => Err(error.into()),
                }
            }
            AccountsAction::Disable => match self.keep_out(by, id, 0).await {
                Ok(done) => Ok(Ok(done.audit_id)),
                Err(problem) if problem.code == "last_admin" => Ok(Err("the last active admin")),
                Err(problem) => Err(problem),
            },
            AccountsAction::EndSessions => match parts.accounts.end_sign_ins(by, id, None).await {
                Ok((_, audit_id)) => Ok(Ok(audit_id)),
                Err(AccountsError::UserNotFound) => Ok(Err("no such user")),
                Err(error) => Err(error.into()),
            },
        }
    }
}
