//! Settings: read once at start from the environment, checked whole, never changed after.
//!
//! Each section declares its variables in a table, from which they are read and documented.

mod ai;
mod auth;
mod budgets;
mod chat;
mod database;
mod env;
mod environment;
mod extraction;
mod gate;
mod http;
mod jobs;
mod limits;
mod models;
mod pricing;
mod problem;
mod reader;
mod redis;
mod reference;
mod retention;
mod storage;
mod streams;
mod telemetry;
mod traces;
mod uploads;
mod variable;
mod watchdog;

pub(crate) use ai::AiConfig;
pub(crate) use auth::{Argon2Cost, AuthConfig, JwtSecret, Registration};
pub(crate) use budgets::BudgetsConfig;
pub(crate) use chat::ChatConfig;
pub(crate) use database::{Backend, DatabaseConfig};
pub(crate) use env::EnvSource;
pub(crate) use environment::EnvironmentConfig;
pub(crate) use extraction::ExtractionConfig;
pub(crate) use http::HttpConfig;
pub(crate) use jobs::JobsConfig;
pub(crate) use limits::LimitsConfig;
pub(crate) use models::{ModelName, Provider};
pub(crate) use pricing::{PriceTable, Rates, Tokens};
pub(crate) use problem::{Problems, Warning};
pub(crate) use redis::RedisConfig;
pub(crate) use reference::{configuration_page, env_example};
pub(crate) use retention::{MAX_DAYS as MAX_RETENTION_DAYS, RetentionConfig};
pub(crate) use storage::StorageConfig;
pub(crate) use streams::StreamsConfig;
pub(crate) use telemetry::{LogFormat, TelemetryConfig};
pub(crate) use traces::{TraceShare, TracesConfig};
pub(crate) use uploads::{UploadProfile, UploadsConfig};
pub(crate) use variable::Setting;
pub(crate) use watchdog::WatchdogConfig;
#[cfg(test)]
pub(crate) use {environment::Environment, problem::Problem};

use gate::SecretFile;
use reader::Reader;
use variable::Section;

#[cfg(test)]
mod tests;

/// Every section, in the order in which they are documented.
const SECTIONS: [Section; 18] = [
    environment::SECTION,
    http::SECTION,
    database::SECTION,
    redis::SECTION,
    storage::SECTION,
    auth::SECTION,
    limits::SECTION,
    budgets::SECTION,
    ai::SECTION,
    uploads::SECTION,
    extraction::SECTION,
    chat::SECTION,
    streams::SECTION,
    jobs::SECTION,
    retention::SECTION,
    watchdog::SECTION,
    telemetry::SECTION,
    traces::SECTION,
];

/// The settings of this process.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) environment: EnvironmentConfig,
    pub(crate) http: HttpConfig,
    pub(crate) database: DatabaseConfig,
    pub(crate) redis: RedisConfig,
    pub(crate) storage: StorageConfig,
    pub(crate) auth: AuthConfig,
    pub(crate) limits: LimitsConfig,
    pub(crate) budgets: BudgetsConfig,
    pub(crate) ai: AiConfig,
    pub(crate) uploads: UploadsConfig,
    pub(crate) extraction: ExtractionConfig,
    pub(crate) chat: ChatConfig,
    pub(crate) streams: StreamsConfig,
    pub(crate) jobs: JobsConfig,
    pub(crate) retention: RetentionConfig,
    pub(crate) watchdog: WatchdogConfig,
    pub(crate) telemetry: TelemetryConfig,
    settings: Vec<Setting>,
    secret_files: Vec<SecretFile>,
}

impl Config {
    /// Reads and checks all settings; every problem is reported, not only the first.
    pub(crate) fn load(source: &EnvSource) -> Result<(Self, Vec<Warning>), Problems> {
        let mut reader = Reader::new(source);
        let mut config = Self::read(&mut reader);
        let reading = reader.finish();
        config.settings = reading.settings;
        config.secret_files = reading.secret_files;
        config.telemetry.secrets = reading.secrets;

        let verdict = gate::check(&config);
        let mut problems = reading.problems;
        // A value that could not be read was replaced by its default: what the gate thinks of the
        // default is beside the point.
        problems.extend(
            verdict
                .problems
                .into_iter()
                .filter(|problem| !reading.broken.contains(&problem.variable)),
        );
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let mut warnings = reading.warnings;
        warnings.extend(verdict.warnings);
        Ok((config, warnings))
    }

    /// What is set, from where, without secrets: for `doctor` and the console.
    pub(crate) fn masked(&self) -> &[Setting] {
        &self.settings
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let environment = EnvironmentConfig::read(reader);
        let storage = StorageConfig::read(reader);
        let http = HttpConfig::read(reader, environment.kind);
        let database = DatabaseConfig::read(reader, &storage.dir);
        let single_process = database.backend.is_sqlite() && database.allow_sqlite_in_production;
        Self {
            redis: RedisConfig::read(reader, environment.kind.is_guarded(), single_process),
            auth: AuthConfig::read(reader, environment.kind, &storage.dir),
            limits: LimitsConfig::read(reader),
            budgets: BudgetsConfig::read(reader),
            ai: AiConfig::read(reader),
            uploads: UploadsConfig::read(reader),
            extraction: ExtractionConfig::read(reader),
            chat: ChatConfig::read(reader),
            streams: StreamsConfig::read(reader),
            jobs: JobsConfig::read(reader, http.drain),
            retention: RetentionConfig::read(reader),
            watchdog: WatchdogConfig::read(reader),
            telemetry: TelemetryConfig::read(reader),
            environment,
            http,
            database,
            storage,
            settings: Vec::new(),
            secret_files: Vec::new(),
        }
    }
}
