//! Rules for everybody's money.

use api::console::{ChangeMoneyDefaults, MoneyDefaults};
use entities::Nanos;
use serde_json::{Value, json};

use super::TAG;
use crate::{
    features::admin::{AdminError, Administration, acting, limits, once::Done},
    platform::{
        audit::{Act, Audit, By, UndoRefusal},
        budgets::{Budgets, Defaults, DefaultsChange, RuleChange},
        db::{DbErr, Txn, WriteKey},
        http::{Admin, Auditor, Call, Json, NoBody, Operation, Problem, Registry},
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    registry.mount_with(
        Operation::get("/api/admin/settings")
            .summary("Rules for everybody's money")
            .tag(TAG),
        administration.clone(),
        look,
    );
    registry.mount_with(
        acting::act(Operation::patch("/api/admin/settings"))
            .summary("Amend the rules for everybody's money")
            .description(
                "The limit is for users made from now on. The house line raises an alarm; it \
                 refuses nobody. A negative number removes a rule.",
            )
            .tag(TAG)
            .refuses(&[400, 409, 422]),
        administration.clone(),
        change,
    );
}

async fn look(
    administration: Administration,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<MoneyDefaults>, Problem> {
    let defaults = administration.0.budgets.defaults().await?;
    Ok(Json(shown(&defaults)))
}

async fn change(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<ChangeMoneyDefaults>,
) -> Result<Json<MoneyDefaults>, Problem> {
    let rule = |field, nanos: Option<i64>| match nanos {
        None => Ok(RuleChange::Keep),
        Some(nanos) if nanos < 0 => Ok(RuleChange::Remove),
        Some(nanos) => limits::of_nanos_in(field, nanos).map(RuleChange::To),
    };
    let change = DefaultsChange {
        new_user: rule("default_limit_nanos", body.default_limit_nanos)?,
        house_line: rule("house_line_nanos", body.house_line_nanos)?,
    };
    if change == DefaultsChange::default() {
        let defaults = administration.0.budgets.defaults().await?;
        return Ok(Json(shown(&defaults)));
    }
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move {
        let (defaults, audit_id) = acting.change_defaults(&by, change).await?;
        Ok(Done::new(shown(&defaults), Some(audit_id)))
    };
    let done = administration.once(&call, "amend", &body, act).await?;
    Ok(Json(done.answer))
}

fn shown(defaults: &Defaults) -> MoneyDefaults {
    MoneyDefaults {
        default_limit_nanos: defaults.new_user.map(|limit| limit.0),
        house_line_nanos: defaults.house_line.map(|line| line.0),
    }
}

struct Amendment {
    by: By,
    change: DefaultsChange,
    budgets: Budgets,
    audit: Audit,
}

impl Administration {
    /// Changes the rules; answers them, and the act on record.
    pub(in crate::features::admin) async fn change_defaults(
        &self,
        by: &By,
        change: DefaultsChange,
    ) -> Result<(Defaults, i64), AdminError> {
        let parts = &self.0;
        if parts.default_needed && change.new_user == RuleChange::Remove {
            return Err(AdminError::DefaultNeeded);
        }
        let change = Amendment {
            by: by.clone(),
            change,
            budgets: parts.budgets.clone(),
            audit: parts.audit.clone(),
        };
        let changed = parts
            .db
            .write(WriteKey::House, change, |txn, change| {
                Box::pin(change.apply(txn))
            })
            .await?;
        changed.map_err(AdminError::from)
    }
}

impl Amendment {
    async fn apply(&self, txn: &Txn) -> Result<Result<(Defaults, i64), UndoRefusal>, DbErr> {
        let current = self
            .budgets
            .change_defaults_in(txn, DefaultsChange::default());
        let (current, _) = current.await?;
        let refused = self
            .audit
            .refuses_undo_in(txn, &self.by, &told(&current))
            .await?;
        if let Some(refusal) = refused {
            return Ok(Err(refusal));
        }
        let (before, after) = self.budgets.change_defaults_in(txn, self.change).await?;
        let act = Act {
            action: "update_settings",
            target_type: "settings",
            target_id: "money".to_owned(),
            before: told(&before),
            after: told(&after),
            details: serde_json::Map::new(),
        };
        let audit_id = self.audit.record_act_in(txn, &self.by, act).await?;
        Ok(Ok((after, audit_id)))
    }
}

/// As the record has it.
fn told(defaults: &Defaults) -> Value {
    json!({
        "default_limit_nanos": defaults.new_user.map(|limit| limit.0),
        "house_line_nanos": defaults.house_line.map(|line| line.0),
    })
}

/// The change that brings back what the record says.
pub(in crate::features::admin) fn back_to(before: &Value) -> Option<DefaultsChange> {
    let rule = |name: &str| match before.get(name)? {
        Value::Null => Some(RuleChange::Remove),
        value => value.as_i64().map(|nanos| RuleChange::To(Nanos(nanos))),
    };
    Some(DefaultsChange {
        new_user: rule("default_limit_nanos")?,
        house_line: rule("house_line_nanos")?,
    })
}
