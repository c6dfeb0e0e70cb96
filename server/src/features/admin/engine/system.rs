//! The machinery: what was checked, which processes run, where things are kept, what is set.

use std::{collections::HashSet, time::Duration};

use api::console as wire;

use super::{Engine, error::EngineError};
use crate::platform::{
    audit::{Act, By},
    config::Setting,
    db::Migrations,
    jobs::{Leader, Process},
    storage::Disk,
    telemetry::{LogLevel, set_level},
};

const STORES: Duration = Duration::from_secs(30);
/// Every blob is looked at for it.
const BLOBS: Duration = Duration::from_mins(10);
const BLOBS_LIMIT: Duration = Duration::from_secs(5);

impl Engine {
    /// The machinery.
    pub(super) async fn system(&self) -> Result<wire::System, EngineError> {
        let parts = &self.0.parts;
        let migrations = parts.db.migrations().await?;
        Ok(wire::System {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: parts.environment.kind.as_str().to_owned(),
            now: parts.clock.now(),
            checks: self.checks(&migrations).await?,
            processes: self.processes().await?,
            stores: self.stores().await?,
            migrations: wire::Migrations {
                applied: migrations.applied,
                newest: migrations.newest,
                pending: i64::try_from(migrations.pending).unwrap_or(i64::MAX),
            },
            settings: parts.settings.iter().map(setting).collect(),
        })
    }

    /// What `/health`, `/health/ready` and `doctor` look at.
    async fn checks(&self, migrations: &Migrations) -> Result<Vec<wire::Check>, EngineError> {
        let parts = &self.0.parts;
        let mut checks: Vec<wire::Check> = parts
            .ops
            .checks()
            .await
            .into_iter()
            .map(|(name, well)| match well {
                Some(true) => check(name, wire::CheckState::Ok, "answers"),
                Some(false) => check(name, wire::CheckState::Bad, "does not answer"),
                None => check(name, wire::CheckState::Absent, "not in use"),
            })
            .collect();
        checks.push(if migrations.pending == 0 {
            check("schema", wire::CheckState::Ok, "current")
        } else {
            let text = "behind this program: run `binnacle migrate`";
            check("schema", wire::CheckState::Warn, text)
        });
        let drift = parts.rates.now().drift_nanos;
        checks.push(if drift.abs() < 1.0 {
            check("ledger", wire::CheckState::Ok, "the books agree")
        } else {
            let text = "the books are off: run `binnacle doctor --repair`";
            check("ledger", wire::CheckState::Bad, text)
        });
        checks.push(if self.chain_holds().await? {
            check("audit", wire::CheckState::Ok, "as it was written")
        } else {
            check("audit", wire::CheckState::Bad, "not as it was written")
        });
        Ok(checks)
    }

    /// Changes how much this process logs, until it ends.
    pub(super) async fn set_log_level(
        &self,
        by: &By,
        level: wire::LogLevel,
    ) -> Result<i64, EngineError> {
        let applied = set_level(match level {
            wire::LogLevel::Error => LogLevel::Error,
            wire::LogLevel::Warn => LogLevel::Warn,
            wire::LogLevel::Info => LogLevel::Info,
            wire::LogLevel::Debug => LogLevel::Debug,
            wire::LogLevel::Trace => LogLevel::Trace,
        });
        if !applied {
            let reason = "This process has no log of its own.".to_owned();
            return Err(EngineError::NotPossible(reason));
        }
        let act = Act::on("set_log_level", "process", self.process()).with("level", level.word());
        Ok(self.0.parts.audit.record_act(by, act).await?)
    }

    async fn processes(&self) -> Result<Vec<wire::Process>, EngineError> {
        let parts = &self.0.parts;
        let running = Process::running(&parts.db).await?;
        let leaders = Leader::holders(&parts.db, parts.clock.now()).await?;
        let leaders: HashSet<uuid::Uuid> = leaders.into_iter().collect();
        let usage = self
            .0
            .kept
            .usage
            .read(&parts.telemetry.values_with_process());
        let own = self.0.process.get();
        let shown = running.into_iter().map(|process| {
            let usage = if own == Some(&process.id) {
                usage
            } else {
                super::reading::Usage::default()
            };
            wire::Process {
                leader: leaders.contains(&process.id),
                id: process.id.to_string(),
                role: process.kind.as_str().to_owned(),
                version: process.version,
                started_at: process.started_at,
                seen_at: process.heartbeat_at,
                rss_bytes: usage.rss_bytes,
                cpu_ratio: usage.cpu_ratio,
            }
        });
        Ok(shown.collect())
    }

    /// How many processes run.
    pub(super) async fn process_count(&self) -> Result<i64, EngineError> {
        let running = Process::running(&self.0.parts.db).await?;
        Ok(i64::try_from(running.len()).unwrap_or(i64::MAX))
    }

    /// Where things are kept, as it was a moment ago.
    pub(super) async fn stores(&self) -> Result<wire::Stores, EngineError> {
        let ask = self.measure_stores();
        self.0.kept.stores.get(STORES, ask).await
    }

    async fn measure_stores(&self) -> Result<wire::Stores, EngineError> {
        let parts = &self.0.parts;
        let disk = Disk::of(&parts.storage).await;
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let measured = async {
            // What cannot be counted in time is unknown, not an error.
            let bytes = tokio::time::timeout(BLOBS_LIMIT, parts.blobs.bytes()).await;
            Ok::<_, EngineError>(bytes.ok().and_then(Result::ok).map(signed))
        };
        Ok(wire::Stores {
            database: parts.db.name().to_owned(),
            database_bytes: parts.db.bytes().await?,
            blob_bytes: self.0.kept.blobs.get(BLOBS, measured).await?,
            disk_free_bytes: disk.map(|disk| signed(disk.free)),
            disk_bytes: disk.map(|disk| signed(disk.bytes)),
            redis: parts.ops.uses_redis(),
        })
    }
}

fn check(name: &str, state: wire::CheckState, text: &str) -> wire::Check {
    wire::Check {
        name: name.to_owned(),
        state,
        text: text.to_owned(),
    }
}

fn setting(setting: &Setting) -> wire::SettingInForce {
    wire::SettingInForce {
        name: setting.name.to_owned(),
        source: setting.origin.source().to_owned(),
        value: setting.value.clone(),
        differs: setting.differs,
        secret: setting.secret,
    }
}
