//! Everything at a glance: what the feed begins with and the overview answers.

use api::{accounts::Role as WireRole, console as wire};
use entities::{Nanos, UserId};

use super::{Engine, error::EngineError};
use crate::platform::{
    auth::principal::{Principal, Role},
    budgets::{AccountMonth, HouseMonth},
};

/// Answers that a snapshot holds.
const STREAMS: usize = 200;
const DEAREST: u64 = 10;

impl Engine {
    /// Everything at a glance, for this reader.
    pub(super) async fn snapshot(&self, reader: &Principal) -> Result<wire::Snapshot, EngineError> {
        let parts = &self.0.parts;
        let mut streams = self.streams().await?;
        streams.truncate(STREAMS);
        let house = parts.budgets.house_month().await?;
        Ok(wire::Snapshot {
            scope: if parts.relay.reaches_others() {
                wire::Scope::House
            } else {
                wire::Scope::Process
            },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            processes: self.process_count().await?,
            now: parts.clock.now(),
            me: self.viewer(reader).await?,
            pulse: self.pulse().await?,
            series: self.series(),
            alarms: self.alarms().await?,
            streams,
            providers: self.providers(),
            money: self.money(house),
            top_spend: self.dearest(&house).await?,
            stores: self.stores().await?,
            events: self.happenings().await?,
        })
    }

    async fn viewer(&self, reader: &Principal) -> Result<wire::Viewer, EngineError> {
        let account = self.0.parts.accounts.find(UserId(reader.user_id)).await?;
        Ok(wire::Viewer {
            email: account.map(|account| account.email).unwrap_or_default(),
            role: match reader.role {
                Role::User => WireRole::User,
                Role::Admin => WireRole::Admin,
                Role::Auditor => WireRole::Auditor,
            },
        })
    }

    fn money(&self, house: HouseMonth) -> wire::SpendTotal {
        let rates = self.0.parts.rates.now();
        wire::SpendTotal {
            budget: position(
                house.month.to_string(),
                house.limit,
                house.spent,
                house.held,
            ),
            house_line_nanos: None,
            default_limit_nanos: house.default_limit.map(|limit| limit.0),
            holds: super::reading::whole(rates.holds).unwrap_or(i64::MAX),
            drift_nanos: super::reading::whole(rates.drift_nanos).unwrap_or(i64::MAX),
        }
    }

    async fn dearest(&self, house: &HouseMonth) -> Result<Vec<wire::SpendLine>, EngineError> {
        let accounts = self.0.parts.budgets.dearest(DEAREST).await?;
        let users = accounts.iter().map(|account| account.user_id);
        let emails = self.emails(users).await?;
        let line = |account: AccountMonth| wire::SpendLine {
            user_id: account.user_id.0,
            email: emails.get(&account.user_id).cloned().unwrap_or_default(),
            budget: position(
                house.month.to_string(),
                account.limit,
                account.spent,
                account.held,
            ),
        };
        Ok(accounts.into_iter().map(line).collect())
    }
}

fn position(
    period: String,
    limit: Option<Nanos>,
    spent: Nanos,
    held: Nanos,
) -> wire::BudgetPosition {
    let used = spent.plus(held);
    #[expect(clippy::cast_precision_loss, reason = "a share is shown to a percent")]
    let ratio = |limit: Nanos| (limit.0 > 0).then(|| used.0 as f64 / limit.0 as f64);
    wire::BudgetPosition {
        period,
        limit_nanos: limit.map(|limit| limit.0),
        spent_nanos: spent.0,
        held_nanos: held.0,
        left_nanos: limit.map(|limit| limit.minus(used).max(Nanos::ZERO).0),
        used_ratio: limit.and_then(ratio),
        forecast_nanos: None,
        forecast_band_nanos: None,
        exhausts_at: None,
        daily_nanos: Vec::new(),
    }
}
