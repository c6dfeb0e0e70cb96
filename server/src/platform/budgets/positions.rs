//! Where many users' money stands, and everybody's, in one month.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entities::{Nanos, UserId};

use super::{
    Budgets, Month,
    forecast::{Forecast, History, WEEKDAY_DAYS},
    queries::{
        periods,
        spend::{self, Sums},
    },
};
use crate::platform::db::DbError;

/// Where money stands in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) month: Month,
    /// `None` is unlimited.
    pub(crate) limit: Option<Nanos>,
    pub(crate) spent: Nanos,
    pub(crate) held: Nanos,
    pub(crate) forecast: Forecast,
    /// Spent on each day of the month until now.
    pub(crate) daily: Vec<Nanos>,
}

impl Position {
    /// What new work may use, never negative. `None` is unlimited.
    pub(crate) fn left(&self) -> Option<Nanos> {
        self.limit
            .map(|limit| limit.minus(self.spent).minus(self.held).max(Nanos::ZERO))
    }

    /// Spent and held, of the limit; `None` without a limit or with one of 0.
    #[expect(clippy::cast_precision_loss, reason = "a share, not a sum")]
    pub(crate) fn used(&self) -> Option<f64> {
        self.limit
            .filter(|limit| *limit > Nanos::ZERO)
            .map(|limit| self.spent.plus(self.held).0 as f64 / limit.0 as f64)
    }
}

/// Somebody's spend by day, from the first day that is looked at.
struct Days {
    first: NaiveDate,
    spent: Vec<Nanos>,
}

impl Days {
    /// The days that a month and its forecast need.
    fn around(month: Month, now: DateTime<Utc>) -> Self {
        let today = now.date_naive();
        let window = TimeDelta::days(i64::try_from(WEEKDAY_DAYS).unwrap_or(28));
        let first = month.first_day().min(today - window);
        let last = month.last_day().min(today).max(first);
        let count = last.signed_duration_since(first).num_days() + 1;
        Self {
            first,
            spent: vec![Nanos::ZERO; usize::try_from(count).unwrap_or(0)],
        }
    }

    fn bounds(&self) -> Vec<DateTime<Utc>> {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        self.first
            .iter_days()
            .take(self.spent.len() + 1)
            .map(midnight)
            .collect()
    }

    /// The days from one to before another.
    fn between(&self, from: NaiveDate, until: NaiveDate) -> &[Nanos] {
        let index = |day: NaiveDate| {
            let days = day.signed_duration_since(self.first).num_days();
            usize::try_from(days).unwrap_or(0).min(self.spent.len())
        };
        let (from, until) = (index(from), index(until));
        &self.spent[from.min(until)..until]
    }
}

impl Budgets {
    /// The month of now.
    pub(crate) fn this_month(&self) -> Month {
        Month::of(self.clock.now())
    }

    /// Where these users' money stands, each with the day from which their spend is known.
    pub(crate) async fn positions(
        &self,
        users: &[(UserId, DateTime<Utc>)],
        month: Month,
    ) -> Result<HashMap<UserId, Position>, DbError> {
        let (read, now) = (self.db.read(), self.clock.now());
        let ids: Vec<UserId> = users.iter().map(|(id, _)| *id).collect();
        let rows = spend::of_users(read, &ids, month).await?;
        let limits = periods::limits_of(read, &ids).await?;
        let empty = Days::around(month, now);
        let daily = spend::daily(read, Some(&ids), &empty.bounds()).await?;
        let mut days: HashMap<UserId, Vec<Nanos>> = HashMap::new();
        for sum in daily {
            let of_user = days.entry(sum.user).or_insert_with(|| empty.spent.clone());
            if let Some(slot) = of_user.get_mut(sum.day) {
                *slot = sum.spent;
            }
        }
        let positions = users.iter().map(|(id, since)| {
            let sums = rows.get(id).copied().unwrap_or(Sums {
                limit: limits.get(id).copied().filter(|_| month >= Month::of(now)),
                spent: Nanos::ZERO,
                held: Nanos::ZERO,
            });
            let days = Days {
                first: empty.first,
                spent: days.remove(id).unwrap_or_else(|| empty.spent.clone()),
            };
            (*id, position(month, sums, &days, since.date_naive(), now))
        });
        Ok(positions.collect())
    }

    /// Where everybody's money stands together; the limit is the house's.
    pub(crate) async fn total(&self, month: Month) -> Result<Position, DbError> {
        let (read, now) = (self.db.read(), self.clock.now());
        let sums = Sums {
            limit: self.settings.house_limit,
            ..spend::of_all(read, month).await?
        };
        let mut days = Days::around(month, now);
        for sum in spend::daily(read, None, &days.bounds()).await? {
            if let Some(slot) = days.spent.get_mut(sum.day) {
                *slot = sum.spent;
            }
        }
        let silent = days.spent.iter().take_while(|spent| **spent == Nanos::ZERO);
        let since = days.first + TimeDelta::days(i64::try_from(silent.count()).unwrap_or(0));
        Ok(position(month, sums, &days, since, now))
    }

    /// What the days of a month sum to, in their order; days without charges are left out.
    pub(crate) async fn by_day(&self, month: Month) -> Result<Vec<GroupSum>, DbError> {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let days: Vec<NaiveDate> = month
            .first_day()
            .iter_days()
            .take_while(|day| *day <= month.last_day())
            .collect();
        let mut bounds: Vec<DateTime<Utc>> = days.iter().copied().map(midnight).collect();
        bounds.push(month.ends_at());
        let mut sums = spend::daily(self.db.read(), None, &bounds).await?;
        sums.sort_by_key(|sum| sum.day);
        Ok(sums
            .into_iter()
            .filter_map(|sum| {
                Some(GroupSum {
                    group: days.get(sum.day)?.to_string(),
                    spent: sum.spent,
                    entries: sum.entries,
                })
            })
            .collect())
    }

    /// What groups of a month's charges sum to, the dearest first.
    pub(crate) async fn by_group(
        &self,
        group: SpendGrouping,
        month: Month,
        most: u64,
    ) -> Result<Vec<GroupSum>, DbError> {
        Ok(spend::by_group(self.db.read(), group, month, most).await?)
    }
}

/// By what charges are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpendGrouping {
    User,
    Model,
    Kind,
}

/// What a group sums to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupSum {
    /// A user's number, a model or a kind.
    pub(crate) group: String,
    pub(crate) spent: Nanos,
    pub(crate) entries: i64,
}

fn position(
    month: Month,
    sums: Sums,
    days: &Days,
    since: NaiveDate,
    now: DateTime<Utc>,
) -> Position {
    let today = now.date_naive();
    let current = month == Month::of(now);
    let history = History {
        spent: sums.spent,
        held: sums.held,
        limit: sums.limit,
        days: days.between(since.max(days.first), today),
    };
    Position {
        month,
        limit: sums.limit,
        spent: sums.spent,
        held: sums.held,
        forecast: if current {
            Forecast::of(&history, now, month.ends_at())
        } else {
            Forecast::default()
        },
        daily: days
            .between(month.first_day(), month.last_day() + TimeDelta::days(1))
            .to_vec(),
    }
}
