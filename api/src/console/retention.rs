//! What is deleted when.

use chrono::{DateTime, Utc};

use super::{page, wire, words};

words! {
    /// Where a class has its days from.
    pub enum DaysSource {
        /// Built in.
        Default = "default",
        /// A variable.
        Environment = "environment",
        /// Set by an admin.
        Console = "console",
        /// Cannot be changed.
        Fixed = "fixed",
    }

    /// How a run ended.
    pub enum RunOutcome {
        /// Under way.
        Running = "running",
        /// Everything due is gone.
        Ok = "ok",
        /// It stopped at an error and goes on the next time.
        Failed = "failed",
        /// It stopped for a shutdown and goes on the next time.
        Interrupted = "interrupted",
    }
}

wire! {
    /// A class of data.
    pub struct RetentionClass {
        /// Its name.
        pub class: String,
        /// Kept for this long; 0 keeps for ever, `null` when the class has no days.
        pub days: Option<f64>,
        /// Where the days are from.
        pub source: DaysSource,
        /// Rows that there are; `null` when there are too many to count.
        pub rows: Option<i64>,
        /// Stored files that there are.
        pub blobs: Option<i64>,
        /// Of the stored files.
        pub bytes: Option<i64>,
        /// The oldest of it.
        pub oldest_at: Option<DateTime<Utc>>,
        /// When it is swept next.
        pub next_run_at: Option<DateTime<Utc>>,
        /// The last sweep.
        pub last_run: Option<RetentionRun>,
    }

    /// All classes.
    pub struct RetentionClasses {
        /// In the order of their names.
        pub items: Vec<RetentionClass>,
    }

    /// What a sweep of one class would delete.
    pub struct RetentionForecast {
        /// The class.
        pub class: String,
        /// The days that it was reckoned with.
        pub days: f64,
        /// Rows.
        pub rows: i64,
        /// Stored files.
        pub blobs: i64,
        /// Of the stored files.
        pub bytes: i64,
        /// Whose data it is: how many users.
        pub users: i64,
        /// Rows kept because a job needs them.
        pub held_back: i64,
    }

    /// What a sweep would delete.
    pub struct RetentionPreview {
        /// By class.
        pub items: Vec<RetentionForecast>,
        /// When it was reckoned.
        pub at: DateTime<Utc>,
        /// For the run; `null` when the days were only supposed.
        pub preview_token: Option<String>,
    }

    /// A sweep of one class.
    pub struct RetentionRun {
        /// Its number.
        pub id: i64,
        /// The class.
        pub class: String,
        /// UTC.
        pub started_at: DateTime<Utc>,
        /// `null` while it runs.
        pub finished_at: Option<DateTime<Utc>>,
        /// How it ended.
        pub outcome: RunOutcome,
        /// Rows deleted.
        pub rows: i64,
        /// Stored files deleted.
        pub blobs: i64,
        /// Of the stored files.
        pub bytes: i64,
        /// Rows kept because a job needs them.
        pub held_back: i64,
    }

    /// Something about a class of data changed: a run of it began or ended, or its days were set.
    pub struct RetentionChange {
        /// Which class.
        pub class: String,
        /// The run, as it is now; `None` when the days were set.
        pub run: Option<RetentionRun>,
    }

    /// How long a class is kept.
    pub struct SetRetention {
        /// 0 keeps for ever.
        pub days: f64,
    }

    /// A sweep that was previewed.
    pub struct RunRetention {
        /// The classes; all when empty.
        pub classes: Vec<String>,
        /// As the preview gave it.
        pub preview_token: String,
    }
}

/// What to reckon.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct RetentionPreviewQuery {
    /// Classes, separated by commas; all when absent.
    pub classes: Option<String>,
    /// Supposed days, for one class.
    pub days: Option<f64>,
}

page! {
    /// A page of sweeps, the newest first.
    pub struct RetentionRunPage of RetentionRun;
}
