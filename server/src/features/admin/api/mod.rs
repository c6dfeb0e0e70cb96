//! The routes under `/api/admin`, and `/api/settings`.

mod budgets;

use std::collections::HashMap;

use api::{accounts::Role, admin as wire};
use entities::{Nanos, UserId, UserStatus};

use super::{AdminError, Administration, acting, once::Done, people};
use crate::{
    features::accounts::{Account, RoleChange},
    platform::{
        audit::AuditEntry,
        http::{
            Admin, Anyone, Auditor, Call, Guard, Json, NoBody, Operation, Problem, Query, Registry,
        },
    },
};

const TAG: &str = "administration";
const USER_NOT_FOUND: &str = "User not found";
/// A year.
const MOST_TTL_MINUTES: i64 = 525_600;

/// Mounts the routes of the contract.
pub(super) fn register(registry: &mut Registry, administration: &Administration) {
    mount_users(registry, administration);
    budgets::mount(registry, administration);
    mount_records(registry, administration);
    mount_branding(registry, administration);
}

fn mount_users(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        look("/api/admin/users", "List the users, the newest first")
            .description("`limit`: 1 to 500, 100 when absent."),
        service(),
        users,
    );
    registry.mount_with(
        change("/api/admin/users/{id}/role", "Change a user's role")
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 422]),
        service(),
        set_role,
    );
}

fn mount_records(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        look("/api/admin/audit", "The acts on record, the newest first")
            .description("`limit`: 1 to 200, 50 when absent."),
        service(),
        audit,
    );
    registry.mount_with(
        look(
            "/api/admin/audit/deletions",
            "Deleted stores, the newest first",
        )
        .description("`limit`: 1 to 500, 100 when absent."),
        service(),
        deletions,
    );
    registry.mount_with(
        look("/api/admin/system/summary", "How much there is"),
        service(),
        system_summary,
    );
    registry.mount_with(
        change(
            "/api/admin/watchdog/reset-stuck",
            "Start stuck documents again",
        ),
        service(),
        reset_stuck,
    );
}

fn mount_branding(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        look("/api/settings", "The branding of the house"),
        service(),
        settings,
    );
    registry.mount_with(
        change("/api/settings", "Change the branding of the house")
            .description("What is absent stays; nothing at all changes nothing."),
        service(),
        change_settings,
    );
}

fn look(path: &'static str, summary: &'static str) -> Operation {
    Operation::get(path).summary(summary).tag(TAG)
}

fn change(path: &'static str, summary: &'static str) -> Operation {
    acting::act(Operation::post(path))
        .summary(summary)
        .tag(TAG)
        .refuses(&[400, 409, 422])
}

/// How many to list.
fn up_to(newest: &wire::Newest, usual: u64, most: u64) -> Result<u64, Problem> {
    let limit = newest.limit.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        let message = format!("Must be between 1 and {most}");
        Err(Problem::invalid(&["query", "limit"], message))
    }
}

/// The user that the path names.
pub(super) async fn target<G: Guard>(
    administration: &Administration,
    call: &Call<G>,
    parameter: &str,
) -> Result<UserId, Problem> {
    let id = UserId(call.path_or_missing(parameter, USER_NOT_FOUND)?);
    let account = administration.0.accounts.find(id).await?;
    Ok(account.ok_or(AdminError::UserNotFound)?.id)
}

async fn users(
    administration: Administration,
    _: Call<Auditor>,
    Query(newest): Query<wire::Newest>,
) -> Result<Json<Vec<wire::AdminUser>>, Problem> {
    let limit = up_to(&newest, 100, 500)?;
    let accounts = administration.0.accounts.list(None, limit).await?;
    let ids: Vec<UserId> = accounts.iter().map(|account| account.id).collect();
    let limits = administration.0.budgets.limits(&ids).await?;
    Ok(Json(
        accounts
            .into_iter()
            .map(|account| user(account, &limits))
            .collect(),
    ))
}

async fn set_role(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<wire::SetRole>,
) -> Result<Json<wire::AdminUser>, Problem> {
    let id = UserId(call.path_or_missing("id", USER_NOT_FOUND)?);
    let change = role_change(&body)?;
    let wanted = (id, Some(change), body.admin_notes.clone());
    let operation = format!("set role of {id}");
    administration
        .appoint(&call, &operation, &body, wanted)
        .await?;
    let limits = administration.0.budgets.limits(&[id]).await?;
    let account = administration.0.accounts.find(id).await?;
    let account = account.ok_or(AdminError::UserNotFound)?;
    Ok(Json(user(account, &limits)))
}

fn role_change(body: &wire::SetRole) -> Result<RoleChange, AdminError> {
    match (body.is_admin, body.role) {
        (None, None) => Err(AdminError::field(
            "is_admin",
            "Field required: is_admin, or role (user, admin or auditor)",
        )),
        (Some(is_admin), Some(role)) if is_admin != (role == Role::Admin) => Err(
            AdminError::field("role", "Contradicts is_admin: send one of them"),
        ),
        (_, Some(Role::User)) => Ok(RoleChange::To(entities::Role::User)),
        (_, Some(Role::Admin)) | (Some(true), None) => Ok(RoleChange::MakeAdmin),
        (_, Some(Role::Auditor)) => Ok(RoleChange::To(entities::Role::Auditor)),
        (Some(false), None) => Ok(RoleChange::RemoveAdmin),
    }
}

async fn audit(
    administration: Administration,
    _: Call<Auditor>,
    Query(newest): Query<wire::Newest>,
) -> Result<Json<Vec<wire::AuditEntry>>, Problem> {
    let limit = up_to(&newest, 50, 200)?;
    let entries = administration.0.audit.list(limit, None, &[]).await?;
    Ok(Json(entries.into_iter().map(entry).collect()))
}

async fn deletions(
    administration: Administration,
    _: Call<Auditor>,
    Query(newest): Query<wire::Newest>,
) -> Result<Json<Vec<wire::Deletion>>, Problem> {
    let limit = up_to(&newest, 100, 500)?;
    let stores = administration.0.documents.deletions(limit).await?;
    let actors = stores.iter().filter_map(|store| store.deleted_by);
    let emails = administration.0.accounts.emails(actors).await?;
    let deletions = stores.into_iter().filter_map(|store| {
        Some(wire::Deletion {
            store_id: store.id.0,
            deleted_at: store.deleted_at?,
            deleted_by: store.deleted_by.and_then(|by| emails.get(&by).cloned()),
        })
    });
    Ok(Json(deletions.collect()))
}

async fn system_summary(
    administration: Administration,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::SystemSummary>, Problem> {
    let users = administration.0.accounts.count().await?;
    let (stores, documents) = administration.0.documents.totals().await?;
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(Json(wire::SystemSummary {
        users: signed(users),
        stores: signed(stores),
        documents: signed(documents),
    }))
}

async fn reset_stuck(
    administration: Administration,
    call: Call<Admin>,
    body: Option<Json<wire::ResetStuck>>,
) -> Result<Json<wire::ResetDone>, Problem> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let (ttl_minutes, user_id) = (body.ttl_minutes, body.user_id);
    if !(0..=MOST_TTL_MINUTES).contains(&ttl_minutes) {
        let message = format!("Must be between 0 and {MOST_TTL_MINUTES} minutes");
        return Err(AdminError::field("ttl_minutes", message).into());
    }
    let age = chrono::Duration::minutes(ttl_minutes);
    let (by, documents) = (acting::by(&call), administration.0.documents.clone());
    let act = async move {
        let (reset, audit_id) = documents
            .reset_stuck(Some(&by), age, user_id.map(UserId))
            .await?;
        let reset_count = i64::try_from(reset).unwrap_or(i64::MAX);
        Ok(Done::new(wire::ResetDone { reset_count }, audit_id))
    };
    let done = administration
        .once(&call, "reset stuck documents", &body, act)
        .await?;
    Ok(Json(done.answer))
}

async fn settings(
    administration: Administration,
    _: Call<Anyone>,
    _: NoBody,
) -> Result<Json<wire::AppSettings>, Problem> {
    Ok(Json(administration.0.branding.read().await?))
}

async fn change_settings(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<wire::ChangeAppSettings>,
) -> Result<Json<wire::AppSettings>, Problem> {
    let (by, branding) = (acting::by(&call), administration.0.branding.clone());
    let given = body.clone();
    let act = async move {
        let audit_id = branding.change(&by, given).await?;
        Ok(Done::new((), audit_id))
    };
    administration
        .once(&call, "change branding", &body, act)
        .await?;
    Ok(Json(administration.0.branding.read().await?))
}

fn user(account: Account, limits: &HashMap<UserId, Nanos>) -> wire::AdminUser {
    wire::AdminUser {
        id: account.id.0,
        is_admin: account.role == entities::Role::Admin,
        is_active: account.status == UserStatus::Active,
        admin_notes: account.admin_notes,
        monthly_limit_usd: limits.get(&account.id).copied().map(Nanos::as_usd),
        created_at: account.created_at,
        role: people::role_of(account.role),
        email: account.email,
    }
}

fn entry(entry: AuditEntry) -> wire::AuditEntry {
    wire::AuditEntry {
        id: entry.id,
        admin_user_id: entry.actor.map(|actor| actor.0),
        action: entry.action,
        target_type: entry.target_type,
        target_id: entry.target_id,
        metadata_json: entry.metadata,
        created_at: entry.created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_said_once_or_twice_the_same() {
        let body = |is_admin, role| wire::SetRole {
            is_admin,
            role,
            admin_notes: None,
        };
        let change = |is_admin, role| role_change(&body(is_admin, role)).unwrap();
        assert_eq!(change(Some(true), None), RoleChange::MakeAdmin);
        assert_eq!(change(Some(false), None), RoleChange::RemoveAdmin);
        assert_eq!(change(Some(true), Some(Role::Admin)), RoleChange::MakeAdmin);
        assert_eq!(
            change(Some(false), Some(Role::Auditor)),
            RoleChange::To(entities::Role::Auditor)
        );
        assert_eq!(
            change(None, Some(Role::User)),
            RoleChange::To(entities::Role::User)
        );
        for (is_admin, role) in [
            (None, None),
            (Some(true), Some(Role::Auditor)),
            (Some(false), Some(Role::Admin)),
        ] {
            assert!(role_change(&body(is_admin, role)).is_err());
        }
    }

    #[test]
    fn how_many_to_list_has_bounds() {
        let limit = |limit| up_to(&wire::Newest { limit }, 50, 200).ok();
        assert_eq!(limit(None), Some(50));
        assert_eq!(limit(Some(1)), Some(1));
        assert_eq!(limit(Some(200)), Some(200));
        assert_eq!(limit(Some(0)), None);
        assert_eq!(limit(Some(201)), None);
    }
}
