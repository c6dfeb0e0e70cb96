//! Everything at a glance: what the feed begins with and the overview answers.

use std::time::Duration;

use api::{accounts::Role as WireRole, console as wire};
use entities::UserId;

use super::{Engine, error::EngineError, reading::whole};
use crate::{
    features::admin::people,
    platform::{
        auth::principal::{Principal, Role},
        budgets::Position,
    },
};

/// Answers that a snapshot holds.
const STREAMS: usize = 200;
const DEAREST: u64 = 10;
/// How old sums over the ledger may be.
const TOTAL: Duration = Duration::from_secs(5);

/// A user who has spent much, and how their month will end.
#[derive(Clone, Debug)]
pub(super) struct Dear {
    pub(super) user: UserId,
    pub(super) email: String,
    pub(super) money: Position,
}

impl Engine {
    /// Everything at a glance, for this reader.
    pub(super) async fn snapshot(&self, reader: &Principal) -> Result<wire::Snapshot, EngineError> {
        let parts = &self.0.parts;
        let mut streams = self.streams().await?;
        streams.truncate(STREAMS);
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
            money: self.money().await?,
            top_spend: self.dearest().await?,
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

    async fn money(&self) -> Result<wire::SpendTotal, EngineError> {
        let parts = &self.0.parts;
        let budgets = &parts.budgets;
        let total = budgets.total(budgets.this_month());
        let total = self.0.kept.total.get(TOTAL, total).await?;
        let defaults = budgets.defaults().await?;
        let rates = parts.rates.now();
        Ok(wire::SpendTotal {
            budget: people::position(&total, true),
            house_line_nanos: defaults.house_line.map(|line| line.0),
            default_limit_nanos: defaults.new_user.map(|limit| limit.0),
            holds: whole(rates.holds).unwrap_or(i64::MAX),
            drift_nanos: whole(rates.drift_nanos).unwrap_or(i64::MAX),
        })
    }

    async fn dearest(&self) -> Result<Vec<wire::SpendLine>, EngineError> {
        let dearest = self
            .0
            .kept
            .dearest
            .get(TOTAL, self.positions(DEAREST))
            .await?;
        let lines = dearest.into_iter().map(|account| wire::SpendLine {
            user_id: account.user.0,
            email: account.email,
            budget: people::position(&account.money, false),
        });
        Ok(lines.collect())
    }

    /// The users who have spent most this month, with their forecasts.
    pub(super) async fn positions(&self, most: u64) -> Result<Vec<Dear>, EngineError> {
        let parts = &self.0.parts;
        let mut accounts = Vec::new();
        for user in parts.budgets.dearest(most).await? {
            accounts.extend(parts.accounts.find(user).await?);
        }
        let since: Vec<_> = accounts
            .iter()
            .map(|account| (account.id, account.created_at))
            .collect();
        let month = parts.budgets.this_month();
        let mut money = parts.budgets.positions(&since, month).await?;
        let dear = accounts.into_iter().filter_map(|account| {
            Some(Dear {
                money: money.remove(&account.id)?,
                user: account.id,
                email: account.email,
            })
        });
        Ok(dear.collect())
    }
}
