//! Money as operators see it: counters by the observer, levels read from the books.

use entities::Nanos;

use super::{BudgetObserver, Budgets, Drift, Resolution};
use crate::platform::{db::DbError, telemetry::Telemetry};

impl BudgetObserver for Telemetry {
    fn reserved(&self) {
        self.holds.increment(["reserved"]);
    }

    fn denied(&self) {
        self.holds.increment(["denied"]);
    }

    fn resolved(&self, resolution: Resolution) {
        let result = match resolution {
            Resolution::Settled => "settled",
            Resolution::Voided => "voided",
            Resolution::ExpiredVoid => "expired_void",
            Resolution::ExpiredPosted => "expired_posted",
        };
        self.hold_resolutions.increment([result]);
    }

    fn charged(&self, provider: &str, model: &str, amount: Nanos, overrun: Nanos) {
        let amount = u64::try_from(amount.0).unwrap_or(0);
        self.spend_nanodollars.add([provider, model], amount);
        if overrun > Nanos::ZERO {
            self.hold_resolutions.increment(["overrun"]);
        }
    }

    fn unsettled(&self) {
        self.holds_dropped.increment([]);
    }
}

impl Budgets {
    /// Reads what is reserved and whether the books are sound into the gauges; to be called every
    /// minute or so.
    pub(crate) async fn measure(&self, telemetry: &Telemetry) -> Result<(), DbError> {
        let exposure = self.exposure().await?;
        let drift = self.drift().await?;
        let distance: Nanos = drift.iter().map(Drift::distance).sum();
        telemetry
            .held_nanodollars
            .set([], level(exposure.reserved.0));
        telemetry.holds_open.set([], level(exposure.open_holds));
        // 0 when nothing is reserved.
        let oldest = exposure.oldest.map_or(0, |at| at.timestamp());
        telemetry.oldest_hold_timestamp.set([], level(oldest));
        telemetry
            .ledger_drift_nanodollars
            .set([], level(distance.0));
        if !drift.is_empty() {
            tracing::error!(periods = drift.len(), %distance, "the books do not agree");
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floating-point numbers"
)]
fn level(count: i64) -> f64 {
    count as f64
}
