//! What admins see and set.

use chrono::{DateTime, Utc};
#[cfg(feature = "openapi")]
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// A user, as the contract lists them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct AdminUser {
    pub id: i64,
    pub email: String,
    pub is_admin: bool,
    pub is_active: bool,
    pub admin_notes: Option<String>,
    /// `null` when there is no limit.
    pub monthly_limit_usd: Option<f64>,
    pub created_at: DateTime<Utc>,
    /// `user`, `admin` or `auditor`.
    pub role: String,
}

/// A change of a user's role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct SetRole {
    pub is_admin: bool,
    /// Kept as they are when absent.
    #[serde(default)]
    pub admin_notes: Option<String>,
}

/// A monthly limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct SetBudget {
    /// 0 to 99,999,999.99; 0 blocks.
    pub monthly_limit_usd: f64,
}

/// The limit as it now stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct BudgetSet {
    pub monthly_limit_usd: f64,
}

/// A user's budget and what became of it this month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Budget {
    pub user_id: i64,
    /// `YYYY-MM`.
    pub month: String,
    /// `null` when there is no limit.
    pub monthly_limit_usd: Option<f64>,
    pub spent_usd: f64,
    pub held_usd: f64,
    /// `null` when there is no limit.
    pub remaining_usd: Option<f64>,
}

/// An act on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct AuditEntry {
    pub id: i64,
    pub admin_user_id: Option<i64>,
    pub action: String,
    pub target_type: Option<String>,
    pub target_id: Option<String>,
    /// JSON as text; ids only.
    pub metadata_json: String,
    pub created_at: DateTime<Utc>,
}

/// A deleted store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Deletion {
    pub store_id: i64,
    pub deleted_at: DateTime<Utc>,
    /// The e-mail address of who deleted it.
    pub deleted_by: Option<String>,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct SystemSummary {
    pub users: i64,
    pub stores: i64,
    pub documents: i64,
}

/// Which stuck documents to start again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct ResetStuck {
    /// Older than this many minutes; 30 by default.
    #[serde(default = "thirty")]
    pub ttl_minutes: i64,
    /// Only this user's.
    #[serde(default)]
    pub user_id: Option<i64>,
}

fn thirty() -> i64 {
    30
}

/// How many documents were started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct ResetDone {
    pub reset_count: i64,
}

/// The branding of the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct AppSettings {
    pub app_name: String,
    /// `sparkles`, `file`, `bot`, `book`, `bolt` or `compass`.
    pub app_icon: String,
    /// `minimal`, `gradient` or `classic`.
    pub theme_preset: String,
    /// `#rrggbb`.
    pub primary_color: String,
    /// `#rrggbb`.
    pub accent_color: String,
    /// A data URL of up to 200,000 characters, or nothing.
    pub app_favicon: String,
    pub welcome_message: String,
    pub suggested_prompt_1: String,
    pub suggested_prompt_2: String,
    pub suggested_prompt_3: String,
}

/// A change of some branding settings; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
#[serde(default)]
pub struct ChangeAppSettings {
    pub app_name: Option<String>,
    pub app_icon: Option<String>,
    pub theme_preset: Option<String>,
    pub primary_color: Option<String>,
    pub accent_color: Option<String>,
    pub app_favicon: Option<String>,
    pub welcome_message: Option<String>,
    pub suggested_prompt_1: Option<String>,
    pub suggested_prompt_2: Option<String>,
    pub suggested_prompt_3: Option<String>,
}
