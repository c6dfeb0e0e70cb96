//! What a user may spend: looked at, set, lifted.

use api::admin as wire;
use entities::{Nanos, UserId};

use super::{Administration, TAG, change, look, target};
use crate::{
    features::admin::{acting, limits, once::Done},
    platform::{
        budgets::BudgetStatus,
        http::{Admin, Auditor, Call, Json, NoBody, Operation, Problem, Registry},
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
            .refuses(&[400, 404, 409, 422]),
        service(),
        set_budget,
    );
    registry.mount_with(
        acting::act(Operation::delete("/api/admin/accounts/{id}/budget"))
            .summary("Lift a user's monthly limit")
            .description(
                "The user may spend without limit. Jobs that wait for money go on at once.",
            )
            .tag(TAG)
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 422]),
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
    let (by, limits) = (acting::by(&call), administration.0.limits.clone());
    let act = async move {
        let (_, audit_id) = limits.set(&by, id, Some(limit)).await?;
        let set = wire::BudgetSet {
            monthly_limit_usd: limit.as_usd(),
        };
        Ok(Done::new(set, Some(audit_id)))
    };
    let operation = format!("set budget of {id}");
    let done = administration.once(&call, &operation, &body, act).await?;
    Ok(Json(done.answer))
}

async fn clear_budget(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::Budget>, Problem> {
    let id = target(&administration, &call, "id").await?;
    let (by, limits) = (acting::by(&call), administration.0.limits.clone());
    let act = async move {
        let (status, audit_id) = limits.set(&by, id, None).await?;
        Ok(Done::new(standing(id, &status), Some(audit_id)))
    };
    let operation = format!("clear budget of {id}");
    let done = administration.once(&call, &operation, &(), act).await?;
    Ok(Json(done.answer))
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
