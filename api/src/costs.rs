//! What was spent.

#[cfg(feature = "openapi")]
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// The caller's spending in the current UTC month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct CostSummary {
    /// `YYYY-MM`.
    pub month: String,
    pub query_cost_usd: f64,
    pub indexing_cost_usd: f64,
    pub total_usd: f64,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub index_tokens: i64,
    /// `null` when there is no limit.
    pub monthly_budget_usd: Option<f64>,
    /// `null` when there is no limit.
    pub remaining_budget_usd: Option<f64>,
    /// Reserved by work under way.
    pub held_usd: f64,
}
