//! Taking an act back: the reverse change, where what the act left still stands.

use api::console::AuditRecord;
use entities::{Nanos, Role, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TAG;
use crate::{
    features::{
        accounts::RoleChange,
        admin::{
            AdminError, Administration, acting, branding::BRANDING, engine::EngineError, money,
            once::Done,
        },
    },
    platform::{
        audit::{AuditEntry, By, Undoing},
        http::{Admin, Call, Json, NoBody, Operation, Problem, Registry},
        retention::Class,
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    registry.mount_with(
        acting::act(Operation::post("/api/admin/audit/entries/{id}/undo"))
            .summary("Undo an act")
            .description(
                "Answers the act of undoing. 409 `changed_since` when what the act changed is not \
                 as it left it.",
            )
            .tag(TAG)
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 422]),
        administration.clone(),
        undo,
    );
}

/// The act of undoing.
#[derive(Serialize, Deserialize)]
struct Undone {
    audit_id: i64,
}

async fn undo(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<AuditRecord>, Problem> {
    let id: i64 = call.path_or_missing("id", "Entry not found")?;
    let entry = administration.0.audit.find(id).await?;
    let entry = entry.ok_or(AdminError::EntryNotFound)?;
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move {
        let audit_id = acting.take_back(by, &entry).await?;
        Ok(Done::new(Undone { audit_id }, Some(audit_id)))
    };
    let operation = format!("undo {id}");
    let done = administration.once(&call, &operation, &(), act).await?;
    Ok(Json(administration.record(done.answer.audit_id).await?))
}

/// Whether there is a reverse of an act, if nothing changed since.
pub(super) fn is_possible(action: &str, metadata: &Value) -> bool {
    let reversible = matches!(
        action,
        "set_user_role"
            | "set_notes"
            | "disable_user"
            | "enable_user"
            | "set_budget"
            | "clear_budget"
            | "update_settings"
            | "set_retention"
    );
    let known = |name: &str| metadata.get(name).is_some_and(Value::is_object);
    reversible && known("before") && known("after")
}

impl Administration {
    /// Answers the act of undoing on record.
    async fn take_back(&self, by: By, entry: &AuditEntry) -> Result<i64, Problem> {
        let metadata: Value = serde_json::from_str(&entry.metadata).unwrap_or(Value::Null);
        if !is_possible(&entry.action, &metadata) {
            return Err(AdminError::NotUndoable.into());
        }
        let (before, left) = (&metadata["before"], metadata["after"].clone());
        let by = By {
            undoes: Some(Undoing {
                entry: entry.id,
                left,
            }),
            ..by
        };
        if let Some(done) = self.take_back_setting(&by, entry, before).await? {
            return Ok(done);
        }
        let user = entry.target_id.as_deref().and_then(|id| id.parse().ok());
        let user = UserId(user.ok_or(AdminError::NotUndoable)?);
        let done = match entry.action.as_str() {
            "disable_user" => self.0.accounts.enable(&by, user).await?,
            "enable_user" => self.keep_out(&by, user, 0).await?.audit_id,
            "set_budget" | "clear_budget" => {
                if self.0.accounts.find(user).await?.is_none() {
                    return Err(AdminError::UserNotFound.into());
                }
                let limit = before["limit_nanos"].as_i64().map(Nanos);
                Some(self.0.limits.set(&by, user, limit).await?.1)
            }
            _ => {
                self.take_back_appointment(&by, entry.id, user, before)
                    .await?
            }
        };
        done.ok_or_else(|| AdminError::AlreadyUndone.into())
    }

    /// `None`: it is no act on a setting of the house.
    async fn take_back_setting(
        &self,
        by: &By,
        entry: &AuditEntry,
        before: &Value,
    ) -> Result<Option<i64>, Problem> {
        let target = entry.target_id.as_deref().unwrap_or_default();
        let done = match (entry.action.as_str(), target) {
            ("update_settings", BRANDING) => self.0.branding.take_back(by, before).await?,
            ("update_settings", _) => {
                let back = money::back_to(before).ok_or(AdminError::NotUndoable)?;
                Some(self.change_defaults(by, back).await?.1)
            }
            ("set_retention", class) => {
                let class = Class::named(class).ok_or(AdminError::NotUndoable)?;
                let days = before["days"].as_u64().map(u32::try_from).transpose();
                let days = days.map_err(|_| AdminError::NotUndoable)?;
                let set = self.0.governance.set_days(by, class, days).await;
                set.map_err(EngineError::from)?.1
            }
            _ => return Ok(None),
        };
        done.map(Some)
            .ok_or_else(|| AdminError::AlreadyUndone.into())
    }

    async fn take_back_appointment(
        &self,
        by: &By,
        entry: i64,
        user: UserId,
        before: &Value,
    ) -> Result<Option<i64>, Problem> {
        let accounts = &self.0.accounts;
        let role = match before.get("role").and_then(Value::as_str) {
            None => None,
            Some("user") => Some(Role::User),
            Some("admin") => Some(Role::Admin),
            Some("auditor") => Some(Role::Auditor),
            Some(_) => return Err(AdminError::NotUndoable.into()),
        };
        let notes = if before.get("notes_chars").is_some() {
            let remembered = accounts.notes_before(entry).await?;
            // Notes are remembered for as long as sign-ins are.
            Some(remembered.ok_or(AdminError::NotUndoable)?)
        } else {
            None
        };
        let change = role.map(RoleChange::To);
        Ok(Some(accounts.appoint(by, user, change, notes).await?))
    }
}
