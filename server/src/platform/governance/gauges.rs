//! Levels that are read from the record, so that every process shows them and a restart forgets
//! nothing.

use super::{Governance, GovernanceError};
use crate::platform::{
    backup,
    retention::{Term, runs},
    telemetry::unix_seconds,
};

impl Governance {
    /// Reads them once.
    pub(crate) async fn collect_gauges(&self) -> Result<(), GovernanceError> {
        let parts = &self.0.parts;
        for period in parts.periods.all().await? {
            let class = period.class;
            let kept_for = match period.term {
                Term::After(time) => time.as_secs_f64(),
                Term::Kept => 0.0,
                Term::Until(_) => continue,
            };
            let gauge = &parts.telemetry.retention_period_seconds;
            gauge.set([class.name()], kept_for);
            let last = runs::last_good(parts.db.read(), class.name()).await?;
            let at = last
                .and_then(|run| run.finished_at)
                .map_or(0.0, unix_seconds);
            parts
                .telemetry
                .retention_last_success
                .set([class.name()], at);
        }
        let recorded = backup::latest(&parts.db).await?;
        let at = |row: &Option<entities::governance::backup_run::Model>| {
            row.as_ref()
                .map_or(0.0, |row| unix_seconds(row.finished_at))
        };
        parts
            .telemetry
            .backup_last_success
            .set([], at(&recorded.backup));
        parts
            .telemetry
            .backup_verified
            .set([], at(&recorded.verification));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float; beyond 2^53 its last digits do not matter"
        )]
        let bytes = recorded.backup.map_or(0.0, |row| row.size_bytes as f64);
        parts.telemetry.backup_size_bytes.set([], bytes);
        Ok(())
    }
}
