//! `/api/costs/summary`: what one's month has cost so far.

use api::costs as wire;
use entities::{Nanos, UserId};

use crate::platform::{
    budgets::{Budgets, CostSummary},
    http::{Call, Json, Member, NoBody, Operation, Problem, Registry},
};

/// Mounts the route.
pub(crate) fn register(registry: &mut Registry, budgets: &Budgets) {
    registry.mount_with(
        Operation::get("/api/costs/summary")
            .summary("What your month has cost so far")
            .description("The month is the UTC calendar month. Amounts are dollars, unrounded.")
            .tag("costs"),
        budgets.clone(),
        summary,
    );
}

async fn summary(
    budgets: Budgets,
    call: Call<Member>,
    _: NoBody,
) -> Result<Json<wire::CostSummary>, Problem> {
    let summary = budgets.summary(UserId(call.principal().user_id)).await?;
    Ok(Json(on_the_wire(&summary)))
}

fn on_the_wire(summary: &CostSummary) -> wire::CostSummary {
    wire::CostSummary {
        month: summary.month.to_string(),
        query_cost_usd: summary.query_cost.as_usd(),
        indexing_cost_usd: summary.indexing_cost.as_usd(),
        total_usd: summary.total().as_usd(),
        prompt_tokens: summary.prompt_tokens,
        completion_tokens: summary.completion_tokens,
        index_tokens: summary.index_tokens,
        monthly_budget_usd: summary.monthly_budget.map(Nanos::as_usd),
        remaining_budget_usd: summary.remaining().map(Nanos::as_usd),
        held_usd: summary.held.as_usd(),
    }
}
