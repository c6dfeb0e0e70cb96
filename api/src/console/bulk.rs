//! Acts on many rows: previewed, then done exactly so.

use chrono::{DateTime, Utc};

use super::{wire, words};

words! {
    /// An act on many jobs.
    pub enum JobsAction {
        /// Stop them.
        Cancel = "cancel",
        /// Let them try at once.
        Retry = "retry",
        /// Do them again as new jobs.
        Replay = "replay",
    }

    /// An act on many users.
    pub enum AccountsAction {
        /// Set the monthly limit.
        SetBudget = "set_budget",
        /// Remove the monthly limit.
        ClearBudget = "clear_budget",
        /// Disable them.
        Disable = "disable",
        /// End their sign-ins.
        EndSessions = "end_sessions",
    }
}

wire! {
    /// An act on many jobs that one wants to see first. One of `ids` and `filter` is needed.
    pub struct JobsBulk {
        /// What is to be done.
        pub action: JobsAction,
        /// At most 10,000.
        pub ids: Option<Vec<i64>>,
        /// Terms joined by *and*.
        pub filter: Option<String>,
    }

    /// An act on many users that one wants to see first. One of `ids` and `filter` is needed.
    pub struct AccountsBulk {
        /// What is to be done.
        pub action: AccountsAction,
        /// At most 10,000.
        pub ids: Option<Vec<i64>>,
        /// Terms joined by *and*.
        pub filter: Option<String>,
        /// For `set_budget`.
        pub limit_nanos: Option<i64>,
    }

    /// Rows that an act leaves out.
    pub struct Skipped {
        /// Why.
        pub reason: String,
        /// How many.
        pub count: i64,
    }

    /// Monthly limits of several users, before and after an act.
    pub struct LimitSums {
        /// Their limits now; users without one are not in it.
        pub before_nanos: i64,
        /// Users who have no limit now.
        pub without: i64,
        /// Their limits afterwards; `null` when there will be none.
        pub after_nanos: Option<i64>,
    }

    /// What an act would do. The token fixes the rows: none made later is touched, and one that
    /// has changed by then is left out and told.
    pub struct BulkPreview {
        /// For the act.
        pub preview_token: String,
        /// Until when the token is good.
        pub expires_at: DateTime<Utc>,
        /// Rows that the act touches.
        pub count: i64,
        /// Whether more match than one act takes: it touches these alone.
        pub more: bool,
        /// For budgets: what the limits of these users come to.
        pub limits: Option<LimitSums>,
        /// For jobs: how many of each kind.
        pub by_kind: Vec<super::Tally>,
        /// Rows that it leaves out.
        pub skipped: Vec<Skipped>,
        /// What it may cost.
        pub cost_nanos: i64,
        /// How many users are concerned.
        pub owners: i64,
    }

    /// An act that was previewed.
    pub struct BulkRun {
        /// As the preview gave it.
        pub preview_token: String,
    }

    /// What an act did, or the job that does it.
    pub struct BulkDone {
        /// Beyond 100 rows: the job that does it, batch by batch. Nothing is done yet, then.
        pub job: Option<i64>,
        /// Rows touched.
        pub done: i64,
        /// Rows left out.
        pub skipped: Vec<Skipped>,
        /// For a replay: the new jobs, at most 1,000 of them.
        pub job_ids: Vec<i64>,
    }
}
