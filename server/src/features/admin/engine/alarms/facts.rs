//! What the lints look at.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::{JobState, Nanos};

use super::super::{Engine, error::EngineError};
use crate::platform::{
    ai::{BreakerState, ProviderName},
    governance::DUTY,
    jobs::{JobVitals, Process},
    rates::ProviderRates,
    storage::Disk,
};

/// Users named in alarms.
const NAMED: u64 = 20;
/// The chain is long.
const CHAIN_EVERY: Duration = Duration::from_mins(10);
/// A forecast moves slowly, and is reckoned from the ledger.
const FORECAST_EVERY: Duration = Duration::from_mins(1);
const HOUSE_EVERY: Duration = Duration::from_secs(3);

/// A user who has used four fifths of their limit.
#[derive(Clone, Debug)]
pub(super) struct NearLimit {
    pub(super) user: i64,
    pub(super) email: String,
    pub(super) limit: Nanos,
    pub(super) used: Nanos,
}

/// A user whose month is forecast to end over the limit.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    pub(super) user: i64,
    pub(super) email: String,
    pub(super) limit: Nanos,
    pub(super) total: Nanos,
}

/// A running job whose worker is silent.
#[derive(Clone, Debug)]
pub(super) struct Silent {
    pub(super) job: i64,
    pub(super) kind: String,
}

/// A provider, as far as lints go.
#[derive(Clone, Debug)]
pub(super) struct ProviderFacts {
    pub(super) name: ProviderName,
    pub(super) breaker: BreakerState,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) rates: ProviderRates,
}

/// The state of the house, as far as lints go.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now: DateTime<Utc>,
    pub(super) near_limit: Vec<NearLimit>,
    pub(super) house_limit: Option<Nanos>,
    pub(super) house_used: Nanos,
    /// Where an alarm begins.
    pub(super) house_line: Option<Nanos>,
    pub(super) forecasts: Vec<Forecast>,
    pub(super) jobs: JobVitals,
    /// Since when the oldest one waits.
    pub(super) awaiting_budget_since: Option<DateTime<Utc>>,
    pub(super) silent: Vec<Silent>,
    pub(super) providers: Vec<ProviderFacts>,
    pub(super) requests_per_s: f64,
    pub(super) error_ratio: Option<f64>,
    pub(super) drift: f64,
    pub(super) streams_open: usize,
    pub(super) streams_capacity: usize,
    pub(super) refused_1m: f64,
    /// When the daily sweep is due; in the past when it was missed.
    pub(super) sweep_due: Option<DateTime<Utc>>,
    pub(super) chain_holds: bool,
    /// Of running processes, with their versions.
    pub(super) versions: Vec<(String, String)>,
    pub(super) pending_migrations: usize,
    pub(super) disk: Option<Disk>,
}

impl Engine {
    pub(super) async fn facts(&self) -> Result<Facts, EngineError> {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        let house = parts.budgets.house_month();
        let house = self.0.kept.house.get(HOUSE_EVERY, house).await?;
        let jobs = self.vitals().await?;
        let waiting = if jobs.awaiting_budget > 0 {
            parts.jobs.oldest_in(JobState::AwaitingBudget).await?
        } else {
            None
        };
        let rates = parts.rates.now();
        let (streams_open, streams_capacity) = parts.streams.load();
        let processes = Process::running(&parts.db).await?;
        Ok(Facts {
            now,
            near_limit: self.near_limit().await?,
            house_limit: house.limit,
            house_used: house.spent.plus(house.held),
            house_line: parts.budgets.defaults().await?.house_line,
            forecasts: self.forecasts().await?,
            awaiting_budget_since: waiting.map(|job| job.updated_at),
            jobs,
            silent: self.silent().await?,
            providers: self.provider_facts(now),
            requests_per_s: rates.requests_per_s,
            error_ratio: rates.error_ratio,
            drift: rates.drift_nanos,
            streams_open,
            streams_capacity,
            refused_1m: rates.refused_1m,
            sweep_due: parts.jobs.duty_due_at(DUTY).await?,
            chain_holds: self.chain_holds().await?,
            versions: processes
                .into_iter()
                .map(|process| (process.id.to_string(), process.version))
                .collect(),
            pending_migrations: parts.db.migrations().await?.pending,
            disk: Disk::of(&parts.storage).await,
        })
    }

    /// Whether the audit log is as it was written, as it was found a moment ago.
    pub(in super::super) async fn chain_holds(&self) -> Result<bool, EngineError> {
        let walk = async {
            let found = self.0.parts.audit.verify().await?;
            Ok::<_, EngineError>(found.broken.is_none())
        };
        self.0.kept.chain.get(CHAIN_EVERY, walk).await
    }

    async fn near_limit(&self) -> Result<Vec<NearLimit>, EngineError> {
        let near = self.0.parts.budgets.near_limit(NAMED).await?;
        let accounts = &self.0.parts.accounts;
        let emails = accounts
            .emails(near.iter().map(|account| account.user_id))
            .await?;
        let named = near.into_iter().filter_map(|account| {
            Some(NearLimit {
                user: account.user_id.0,
                email: emails.get(&account.user_id)?.clone(),
                limit: account.limit?,
                used: account.spent.plus(account.held),
            })
        });
        Ok(named.collect())
    }

    async fn forecasts(&self) -> Result<Vec<Forecast>, EngineError> {
        let dear = self.positions(NAMED);
        let dear = self.0.kept.forecasts.get(FORECAST_EVERY, dear).await?;
        let over = dear.into_iter().filter_map(|account| {
            let (limit, total) = (account.money.limit?, account.money.forecast.total?);
            (limit > Nanos::ZERO && total > limit).then_some(Forecast {
                user: account.user.0,
                email: account.email,
                limit,
                total,
            })
        });
        Ok(over.collect())
    }

    async fn silent(&self) -> Result<Vec<Silent>, EngineError> {
        let jobs = self.0.parts.jobs.unattended().await?;
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let numbers = self.0.parts.jobs.numbers(&ids).await?;
        let silent = jobs.into_iter().filter_map(|job| {
            Some(Silent {
                job: *numbers.get(&job.id)?,
                kind: job.kind,
            })
        });
        Ok(silent.collect())
    }

    fn provider_facts(&self, now: DateTime<Utc>) -> Vec<ProviderFacts> {
        let parts = &self.0.parts;
        let standings = parts.gateway.standing();
        let facts = standings.into_iter().map(|standing| ProviderFacts {
            name: standing.name,
            breaker: standing.breaker.state,
            since: standing
                .breaker
                .for_so_long
                .and_then(|since| chrono::TimeDelta::from_std(since).ok())
                .map(|since| now - since),
            rates: parts.rates.provider(standing.name.as_str()),
        });
        facts.collect()
    }
}
