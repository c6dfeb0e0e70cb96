//! Money: where it stands and where it went.

use chrono::{DateTime, Utc};

use super::{page, wire};

wire! {
    /// A user's money of one month.
    pub struct BudgetPosition {
        /// `YYYY-MM`, UTC.
        pub period: String,
        /// `null` when there is no limit; 0 blocks.
        pub limit_nanos: Option<i64>,
        /// Settled.
        pub spent_nanos: i64,
        /// Reserved by work under way.
        pub held_nanos: i64,
        /// What new work may use; `null` when there is no limit.
        pub left_nanos: Option<i64>,
        /// Spent and held, of the limit; `null` when there is no limit or it is 0.
        pub used_ratio: Option<f64>,
        /// At the end of the month; `null` in the first days.
        pub forecast_nanos: Option<i64>,
        /// One standard deviation of the forecast.
        pub forecast_band_nanos: Option<i64>,
        /// When the limit is reached if it goes on so.
        pub exhausts_at: Option<DateTime<Utc>>,
        /// Spent on each day of the month until now; empty in lists.
        pub daily_nanos: Vec<i64>,
    }

    /// A user's line in the list of spend.
    pub struct SpendLine {
        /// Whose.
        pub user_id: i64,
        /// In lower case.
        pub email: String,
        /// The money.
        pub budget: BudgetPosition,
    }

    /// Everybody's money of one month.
    pub struct SpendTotal {
        /// The money; its limit is the house's cap.
        pub budget: BudgetPosition,
        /// Where an alarm begins; `null` when there is none. It refuses nobody.
        pub house_line_nanos: Option<i64>,
        /// What new users get; `null` when they have no limit.
        pub default_limit_nanos: Option<i64>,
        /// Open holds.
        pub holds: i64,
        /// Difference between the months' sums and the ledger; anything but 0 is a fault.
        pub drift_nanos: i64,
    }

    /// Spend of one group.
    pub struct SpendGroup {
        /// A user's e-mail address, a model, a kind or a day.
        pub group: String,
        /// Settled.
        pub spent_nanos: i64,
        /// Ledger entries.
        pub entries: i64,
    }

    /// Spend by group, the dearest first; days in their order. At most 500.
    pub struct SpendGroups {
        /// The groups.
        pub items: Vec<SpendGroup>,
    }

    /// One charge.
    pub struct LedgerEntry {
        /// Its number.
        pub id: i64,
        /// UTC.
        pub at: DateTime<Utc>,
        /// Whose; `null` once erased.
        pub user_id: Option<i64>,
        /// What for.
        pub kind: String,
        /// Who was paid.
        pub provider: Option<String>,
        /// For which model.
        pub model: Option<String>,
        /// How much.
        pub amount_nanos: i64,
        /// Read by the model.
        pub tokens_in: Option<i64>,
        /// Written by the model.
        pub tokens_out: Option<i64>,
        /// Of what is not counted in tokens.
        pub units: Option<i64>,
        /// What the units are.
        pub unit: Option<String>,
        /// The job that it was for.
        pub job_id: Option<String>,
        /// The stream that it was for.
        pub stream_id: Option<String>,
        /// The hold that it settled.
        pub hold_id: Option<String>,
        /// The trace of the request.
        pub trace_id: Option<String>,
    }

    /// Rules for everybody's money.
    pub struct MoneyDefaults {
        /// What new users get; `null` when they have no limit.
        pub default_limit_nanos: Option<i64>,
        /// Where an alarm begins; `null` when there is none. It refuses nobody.
        pub house_line_nanos: Option<i64>,
    }

    /// A change of the rules; what is absent stays, a negative number removes.
    pub struct ChangeMoneyDefaults {
        /// What new users get.
        pub default_limit_nanos: Option<i64>,
        /// Where an alarm begins.
        pub house_line_nanos: Option<i64>,
    }
}

/// Which month's spend.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct SpendQuery {
    /// `YYYY-MM`, UTC; this month when absent.
    pub period: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    pub limit: Option<u64>,
    /// Terms joined by *and*.
    pub filter: Option<String>,
    /// A field, or `-` and a field for the reverse.
    pub sort: Option<String>,
}

/// How spend is grouped.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct SpendGroupQuery {
    /// `YYYY-MM`, UTC; this month when absent.
    pub period: Option<String>,
    /// `user`, `model`, `kind` or `day`.
    pub group: String,
}

page! {
    /// A page of users' spend.
    pub struct SpendPage of SpendLine;
    /// A page of charges.
    pub struct LedgerPage of LedgerEntry;
}
