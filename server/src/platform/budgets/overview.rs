//! Where everybody's money stands, for consoles.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{HoldId, HoldState, JobId, Nanos, UserId, money::period};
use uuid::Uuid;

use super::{Budgets, Month, Prices, queries::overview};
use crate::platform::db::DbError;

/// Answers of other processes that are looked at.
const ANSWERS: u64 = 500;

/// Everybody's month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HouseMonth {
    /// `None`: the house has no cap.
    pub(crate) limit: Option<Nanos>,
    pub(crate) spent: Nanos,
    pub(crate) held: Nanos,
}

/// A user's month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountMonth {
    pub(crate) user_id: UserId,
    pub(crate) limit: Option<Nanos>,
    pub(crate) spent: Nanos,
    pub(crate) held: Nanos,
}

/// What a job was expected to cost, what is reserved for it, what it has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobMoney {
    pub(crate) quote: Option<Nanos>,
    pub(crate) held: Nanos,
    pub(crate) cost: Nanos,
}

/// An answer under way in any process, as its hold knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenAnswer {
    pub(crate) stream_id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) started_at: DateTime<Utc>,
    /// As last written down.
    pub(crate) tokens: i64,
    pub(crate) cost: Nanos,
    pub(crate) held: Nanos,
}

impl Budgets {
    /// Everybody's month.
    pub(crate) async fn house_month(&self) -> Result<HouseMonth, DbError> {
        let month = Month::of(self.clock.now());
        let (spent, held) = overview::month(self.db.read(), &month.to_string()).await?;
        Ok(HouseMonth {
            limit: self.settings.house_limit,
            spent,
            held,
        })
    }

    /// The users who have spent most this month, the dearest first.
    pub(crate) async fn dearest(&self, limit: u64) -> Result<Vec<UserId>, DbError> {
        let month = Month::of(self.clock.now()).to_string();
        let rows = overview::dearest(self.db.read(), &month, limit).await?;
        Ok(rows.iter().filter_map(|row| row.user_id).collect())
    }

    /// Users who have used four fifths of their limit, the dearest first.
    pub(crate) async fn near_limit(&self, limit: u64) -> Result<Vec<AccountMonth>, DbError> {
        let month = Month::of(self.clock.now()).to_string();
        let rows = overview::near_limit(self.db.read(), &month, limit).await?;
        Ok(rows.iter().filter_map(account).collect())
    }

    /// The money of these jobs; who is missing has had none.
    pub(crate) async fn of_jobs(
        &self,
        jobs: &[JobId],
    ) -> Result<HashMap<JobId, JobMoney>, DbError> {
        let mut money: HashMap<JobId, JobMoney> = HashMap::new();
        for hold in overview::holds_of_jobs(self.db.read(), jobs).await? {
            let Some(job) = hold.job_id else { continue };
            let of_job = money.entry(job).or_default();
            of_job.quote = Some(hold.amount_nanos);
            if matches!(hold.state, HoldState::Open | HoldState::Sent) {
                of_job.held = of_job.held.plus(hold.amount_nanos);
            }
        }
        for (job, charged) in overview::charged_for_jobs(self.db.read(), jobs).await? {
            money.entry(job).or_default().cost = Nanos(charged);
        }
        Ok(money)
    }

    /// What is or was reserved by these holds, in sum.
    pub(crate) async fn sum_of_holds(&self, holds: &[HoldId]) -> Result<Nanos, DbError> {
        let mut sum = Nanos::ZERO;
        for part in holds.chunks(1_000) {
            sum = sum.plus(overview::sum_of_holds(self.db.read(), part).await?);
        }
        Ok(sum)
    }

    /// Answers under way in any process, the oldest first.
    pub(crate) async fn open_answers(&self) -> Result<Vec<OpenAnswer>, DbError> {
        let rows = overview::open_answers(self.db.read(), ANSWERS).await?;
        let answers = rows.into_iter().filter_map(|row| {
            let prices = Prices {
                input: Nanos(row.input_price),
                output: Nanos(row.output_price),
            };
            let seen = u64::try_from(row.output_tokens_seen).unwrap_or(0);
            let prompt = u64::try_from(row.prompt_tokens).unwrap_or(0);
            let cost = if seen == 0 {
                Nanos::ZERO
            } else {
                prices.cost(prompt, seen)
            };
            Some(OpenAnswer {
                stream_id: row.stream_id?,
                user_id: row.user_id,
                provider: row.provider,
                model: row.model,
                started_at: row.created_at,
                tokens: row.output_tokens_seen,
                cost,
                held: row.amount_nanos,
            })
        });
        Ok(answers.collect())
    }
}

fn account(row: &period::Model) -> Option<AccountMonth> {
    Some(AccountMonth {
        user_id: row.user_id?,
        limit: row.limit_nanos,
        spent: row.spent_nanos,
        held: row.reserved_nanos,
    })
}
