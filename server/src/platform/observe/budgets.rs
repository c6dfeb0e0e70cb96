//! What the budgets report.

use entities::Nanos;

use super::Observers;
use crate::platform::budgets::{BudgetObserver, Resolution};

impl BudgetObserver for Observers {
    fn reserved(&self) {
        self.0.holds.increment(["reserved"]);
    }

    fn denied(&self) {
        self.0.holds.increment(["denied"]);
    }

    fn resolved(&self, resolution: Resolution) {
        let result = match resolution {
            Resolution::Settled => "settled",
            Resolution::Voided => "voided",
            Resolution::ExpiredVoid => "expired_void",
            Resolution::ExpiredPosted => "expired_posted",
        };
        self.0.hold_resolutions.increment([result]);
    }

    fn charged(&self, provider: &str, model: &str, amount: Nanos, overrun: Nanos) {
        let nanos = u64::try_from(amount.0).unwrap_or(0);
        self.0.spend_nanodollars.add([provider, model], nanos);
        if overrun > Nanos::ZERO {
            self.0.overruns.increment([]);
        }
    }

    fn unsettled(&self) {
        self.0.holds_dropped.increment([]);
    }
}
