//! What admins see and set.

use chrono::{DateTime, Utc};
#[cfg(feature = "openapi")]
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::accounts::Role;

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
    pub role: Role,
}

/// How many of the newest to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Newest {
    /// The route says how many it lists when this is absent, and at the most.
    pub limit: Option<u64>,
}

/// A change of a user's role. One of `is_admin` and `role` is needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
#[serde(default)]
pub struct SetRole {
    /// `true` makes an admin; `false` makes an admin a user and leaves others as they are.
    pub is_admin: Option<bool>,
    /// The role itself; must not contradict `is_admin`.
    pub role: Option<Role>,
    /// Up to 2,000 characters; empty removes them, absent leaves them as they are.
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
    /// Reserved by work under way.
    pub held_usd: f64,
    /// What new work may use; `null` when there is no limit.
    pub remaining_usd: Option<f64>,
    /// When the next month begins.
    pub resets_at: DateTime<Utc>,
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
    /// Older than this many minutes, 0 to 525,600; 30 by default.
    #[serde(default = "thirty")]
    pub ttl_minutes: i64,
    /// Only this user's.
    #[serde(default)]
    pub user_id: Option<i64>,
}

fn thirty() -> i64 {
    30
}

impl Default for ResetStuck {
    fn default() -> Self {
        Self {
            ttl_minutes: thirty(),
            user_id: None,
        }
    }
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
