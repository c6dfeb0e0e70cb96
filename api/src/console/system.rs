//! The machinery.

use chrono::{DateTime, Utc};

use super::{page, wire, words};

words! {
    /// How well something is.
    pub enum CheckState {
        /// Well.
        Ok = "ok",
        /// Worth a look.
        Warn = "warn",
        /// Ill.
        Bad = "bad",
        /// Not in use.
        Absent = "absent",
    }

    /// How much a process logs.
    pub enum LogLevel {
        /// Faults alone.
        Error = "error",
        /// And what is worth a look.
        Warn = "warn",
        /// And each request and act.
        Info = "info",
        /// And how things are done.
        Debug = "debug",
        /// Every step.
        Trace = "trace",
    }

    /// How bad an alarm is.
    pub enum Severity {
        /// Worth a look.
        Warn = "warn",
        /// Something is wrong now.
        Bad = "bad",
    }
}

wire! {
    /// Something that was checked.
    pub struct Check {
        /// What.
        pub name: String,
        /// How well it is.
        pub state: CheckState,
        /// For people.
        pub text: String,
    }

    /// A process of the house.
    pub struct Process {
        /// Its id.
        pub id: String,
        /// `serve` or `worker`.
        pub role: String,
        /// Of the program.
        pub version: String,
        /// UTC.
        pub started_at: DateTime<Utc>,
        /// Its last sign of life.
        pub seen_at: DateTime<Utc>,
        /// Whether it runs the duties that only one may.
        pub leader: bool,
        /// Memory; `null` when another process has not told.
        pub rss_bytes: Option<i64>,
        /// Of one core.
        pub cpu_ratio: Option<f64>,
    }

    /// A setting in force.
    pub struct SettingInForce {
        /// The variable.
        pub name: String,
        /// `default`, `environment`, `file` or `console`.
        pub source: String,
        /// `null` when it is secret or not set.
        pub value: Option<String>,
        /// Whether it is not the default.
        pub differs: bool,
        /// Whether it is secret.
        pub secret: bool,
    }

    /// Where things are kept.
    pub struct Stores {
        /// `sqlite` or `postgres`.
        pub database: String,
        /// Size of the database.
        pub database_bytes: Option<i64>,
        /// Size of the stored files.
        pub blob_bytes: Option<i64>,
        /// Free on the disk of the stored files.
        pub disk_free_bytes: Option<i64>,
        /// Size of that disk.
        pub disk_bytes: Option<i64>,
        /// Whether Redis is in use.
        pub redis: bool,
    }

    /// How far the schema is.
    pub struct Migrations {
        /// The newest that is applied.
        pub applied: Option<String>,
        /// The newest that this program knows.
        pub newest: String,
        /// Not applied yet.
        pub pending: i64,
    }

    /// The machinery.
    pub struct System {
        /// Of the program that answers.
        pub version: String,
        /// `development`, `staging` or `production`.
        pub environment: String,
        /// The server's time.
        pub now: DateTime<Utc>,
        /// What was checked.
        pub checks: Vec<Check>,
        /// The processes.
        pub processes: Vec<Process>,
        /// Where things are kept.
        pub stores: Stores,
        /// How far the schema is.
        pub migrations: Migrations,
        /// The settings in force.
        pub settings: Vec<SettingInForce>,
    }

    /// How much the process that answers is to log, until it ends.
    pub struct SetLogLevel {
        /// The level.
        pub level: LogLevel,
    }

    /// The thing that something is about.
    pub struct ObjectRef {
        /// `user`, `job`, `stream`, `provider`, `class`, `process`, `store` or `check`.
        pub kind: String,
        /// Its id or name.
        pub id: String,
    }

    /// Something that an admin should look at.
    pub struct Alarm {
        /// The same for as long as it lasts.
        pub id: String,
        /// How bad it is.
        pub severity: Severity,
        /// Of a bounded set.
        pub code: String,
        /// What it is about.
        pub object: Option<ObjectRef>,
        /// The value that raised it.
        pub value: Option<String>,
        /// Since when.
        pub since_at: DateTime<Utc>,
        /// For people.
        pub text: String,
    }

    /// The alarms, the worst first.
    pub struct Alarms {
        /// The alarms.
        pub items: Vec<Alarm>,
    }

    /// A store that was deleted and can come back.
    pub struct DeletedStore {
        /// The store.
        pub id: i64,
        /// Whose.
        pub owner_id: i64,
        /// In lower case.
        pub owner_email: Option<String>,
        /// Its documents.
        pub documents: i64,
        /// Of their originals.
        pub size_bytes: i64,
        /// UTC.
        pub deleted_at: DateTime<Utc>,
        /// When it is gone for good; `null` when it is kept.
        pub purged_at: Option<DateTime<Utc>>,
    }
}

page! {
    /// A page of deleted stores, the newest first.
    pub struct DeletedStorePage of DeletedStore;
}
