//! What a user may spend: looked at, set, lifted.

use api::admin as wire;
use entities::{Nanos, UserId};

use super::{Administration, TAG, change, look, target};
use crate::{
    features::admin::{acting, limits},
    platform::{
        budgets::BudgetStatus,
        http::{Admin, Auditor, Call, Json, NoBody, Operation, Problem, Registry},
        limits::LimitClass,
    },
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        look(
            "/api/admin/budgets/{user_id}",
            "Where a user's budget stands",
        )
        .path_parameter("user_id", "integer")
        .refuses(&[404]),
        service(),
        budget,
    );
    registry.mount_with(
        change("/api/admin/budgets/{user_id}", "Set a user's monthly limit")
            .description("Jobs of the user that wait for money go on at once.")
            .path_parameter("user_id", "integer")
            .refuses(&[404]),
        service(),
        set_budget,
    );
    registry.mount_with(
        Operation::delete("/api/admin/accounts/{id}/budget")
            .summary("Lift a user's monthly limit")
            .description(
                "The user may spend without limit. Jobs that wait for money go on at once.",
            )
            .tag(TAG)
            .limit(LimitClass::AdminAction)
            .path_parameter("id", "integer")
            .refuses(&[404]),
        service(),
        clear_budget,
    );
}

async fn budget(
    administration: Administration,
    call: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::Budget>, Problem> {
    let id = target(&administration, &call, "user_id").await?;
    let status = administration.0.budgets.status(id).await?;
    Ok(Json(standing(id, &status)))
}

async fn set_budget(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<wire::SetBudget>,
) -> Result<Json<wire::BudgetSet>, Problem> {
    let id = target(&administration, &call, "user_id").await?;
    let limit = limits::parse(body.monthly_limit_usd)?;
    let limits = &administration.0.limits;
    let (_, audit_id) = limits.set(&acting::by(&call), id, Some(limit)).await?;
    acting::recorded(&call, Some(audit_id));
    Ok(Json(wire::BudgetSet {
        monthly_limit_usd: limit.as_usd(),
    }))
}

async fn clear_budget(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Budget>, Problem> {
    let id = target(&administration, &call, "id").await?;
    let limits = &administration.0.limits;
    let (status, audit_id) = limits.set(&acting::by(&call), id, None).await?;
    acting::recorded(&call, Some(audit_id));
    Ok(Json(standing(id, &status)))
}

fn standing(id: UserId, status: &BudgetStatus) -> wire::Budget {
    wire::Budget {
        user_id: id.0,
        month: status.month.to_string(),
        monthly_limit_usd: status.limit.map(Nanos::as_usd),
        spent_usd: status.spent.as_usd(),
        held_usd: status.held.as_usd(),
        remaining_usd: status.available().map(Nanos::as_usd),
        resets_at: status.resets_at,
    }
}
