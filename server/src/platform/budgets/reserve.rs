//! Reserving: the one conditional UPDATE that admits a call, and bringing a hold to its true size.

use chrono::{DateTime, Utc};
use entities::{HoldId, Nanos, money::period};

use super::{
    Account, BudgetRefusal, Budgets, HoldRequest, Month, Reserved, ResizeError, ResolveError,
    announce, announce_at,
    queries::{
        at_once, holds,
        periods::{self, Row},
    },
    request::MAX_CALL,
};
use crate::platform::db::{DbErr, Txn};

/// What one row granted.
struct Granted {
    period: period::Model,
    amount: Nanos,
    output_tokens: u64,
}

/// The moment that a call is admitted at, and the month that pays for it.
#[derive(Clone, Copy)]
struct Moment {
    now: DateTime<Utc>,
    month: Month,
}

impl Budgets {
    /// Reserves the largest cost of the call; when that does not fit, what is left, as long as it
    /// pays for the prompt and the shortest answer.
    pub(crate) async fn hold_in(
        &self,
        txn: &Txn,
        request: &HoldRequest,
    ) -> Result<Result<Reserved, BudgetRefusal>, DbErr> {
        let now = self.clock.now();
        let moment = Moment {
            now,
            month: Month::of(now),
        };
        if let Some(reserved) = self.hold_at_once(txn, request, moment).await? {
            return Ok(Ok(reserved));
        }
        // The house first, always: who waits for one row then holds no other.
        let house = if self.settings.house_limit.is_some() {
            let most = request.max_output_tokens;
            match self
                .take(txn, Account::House, moment, request, most)
                .await?
            {
                Ok(granted) => Some(granted),
                Err(refusal) => return Ok(Err(refusal)),
            }
        } else {
            None
        };
        let account = Account::User(request.user_id);
        let most = house
            .as_ref()
            .map_or(request.max_output_tokens, |house| house.output_tokens);
        let granted = self.take(txn, account, moment, request, most).await?;
        let kept = granted
            .as_ref()
            .map_or(Nanos::ZERO, |granted| granted.amount);
        if let Some(house) = &house {
            let row = if kept < house.amount {
                periods::settle(
                    txn,
                    house.period.id,
                    house.amount.minus(kept),
                    Nanos::ZERO,
                    now,
                )
                .await?
            } else {
                house.period.clone()
            };
            announce(txn, &row);
        }
        let granted = match granted {
            Ok(granted) => granted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        announce(txn, &granted.period);
        let row = holds::insert(
            txn,
            request,
            holds::NewHold {
                period_id: granted.period.id,
                house_period_id: house.map(|house| house.period.id),
                amount: granted.amount,
                output_tokens: granted.output_tokens,
                lease_until: now + self.settings.lease,
                now,
            },
        )
        .await?;
        Ok(Ok(Reserved::from(&row)))
    }

    /// The usual case in one statement, where that is dear: the whole cost fits, and no house limit.
    async fn hold_at_once(
        &self,
        txn: &Txn,
        request: &HoldRequest,
        moment: Moment,
    ) -> Result<Option<Reserved>, DbErr> {
        let amount = request.cost(request.max_output_tokens);
        if self.settings.house_limit.is_some() || amount > MAX_CALL {
            return Ok(None);
        }
        let terms = at_once::Terms {
            month: moment.month,
            amount,
            margin: self.settings.margin,
            lease_until: moment.now + self.settings.lease,
            now: moment.now,
        };
        let Some(placed) = at_once::reserve(txn, request, terms).await? else {
            return Ok(None);
        };
        announce_at(txn, placed.period_id, Some(request.user_id), placed.rev);
        Ok(Some(Reserved {
            id: placed.id,
            user_id: request.user_id,
            period_id: placed.period_id,
            amount,
            prompt_tokens: request.prompt_tokens,
            output_tokens: request.max_output_tokens,
            prices: request.prices,
            job_id: request.job_id,
        }))
    }

    /// Reserves in one period row: the cost with `most` tokens of output, else what is left.
    async fn take(
        &self,
        txn: &Txn,
        account: Account,
        moment: Moment,
        request: &HoldRequest,
        most: u64,
    ) -> Result<Result<Granted, BudgetRefusal>, DbErr> {
        let Moment { now, month } = moment;
        let row = Row::Of(account, month);
        let (margin, cap) = (self.settings.margin, self.cap(account));
        let amount = request.cost(most);
        if amount <= MAX_CALL
            && let Some(period) = periods::reserve(txn, row, amount, margin, cap, now).await?
        {
            return Ok(Ok(Granted {
                period,
                amount,
                output_tokens: most,
            }));
        }
        let period = match periods::lock(txn, row).await? {
            Some(period) => period,
            None => self.open_period(txn, account, month, now).await?,
        };
        let left = self.left(account, &period);
        let Some(output_tokens) = request.affordable(left.min(MAX_CALL), most) else {
            return Ok(Err(self.refusal(account, month, &period)));
        };
        let amount = request.cost(output_tokens);
        // The row is locked: what was left a moment ago is left now.
        Ok(
            match periods::reserve(txn, row, amount, margin, cap, now).await? {
                Some(period) => Ok(Granted {
                    period,
                    amount,
                    output_tokens,
                }),
                None => Err(self.refusal(account, month, &period)),
            },
        )
    }

    async fn open_period(
        &self,
        txn: &Txn,
        account: Account,
        month: Month,
        now: DateTime<Utc>,
    ) -> Result<period::Model, DbErr> {
        let limit = match account {
            Account::House => self.settings.house_limit,
            Account::User(id) => periods::limit_of(txn, id).await?,
        };
        periods::open(txn, account, month, limit, now).await?;
        periods::lock(txn, Row::Of(account, month))
            .await?
            .ok_or_else(|| DbErr::RecordNotFound("a period that was just opened".into()))
    }

    /// The house's limit is the operator's setting of today, whatever the row was opened with.
    fn cap(&self, account: Account) -> Option<Nanos> {
        match account {
            Account::House => self.settings.house_limit,
            Account::User(_) => None,
        }
    }

    fn left(&self, account: Account, period: &period::Model) -> Nanos {
        match self.cap(account).or(period.limit_nanos) {
            None => Nanos::MAX,
            Some(limit) => limit
                .minus(period.spent_nanos)
                .minus(period.reserved_nanos)
                .minus(self.settings.margin),
        }
    }

    fn refusal(&self, account: Account, month: Month, period: &period::Model) -> BudgetRefusal {
        BudgetRefusal {
            account,
            limit: self.cap(account).or(period.limit_nanos).unwrap_or(MAX_CALL),
            spent: period.spent_nanos,
            held: period.reserved_nanos,
            resets_at: month.ends_at(),
        }
    }

    /// Brings a job's hold to its true size once that is known. A refusal leaves the hold as it is:
    /// a job that then waits for money releases it, and places another when it goes on, perhaps in
    /// another month.
    pub(crate) async fn resize_in(
        &self,
        txn: &Txn,
        id: HoldId,
        prompt_tokens: u64,
        output_tokens: u64,
    ) -> Result<Result<Reserved, ResizeError>, DbErr> {
        let now = self.clock.now();
        let Some(hold) = holds::lock(txn, id).await? else {
            return Ok(Err(ResolveError::Unknown.into()));
        };
        if let Some(closed) = ResolveError::of(hold.state) {
            return Ok(Err(closed.into()));
        }
        let amount = Reserved::from(&hold)
            .prices
            .cost(prompt_tokens, output_tokens);
        let raise = amount.minus(hold.amount_nanos);
        let accounts = [
            hold.house_period_id.map(|house| (Account::House, house)),
            Some((Account::User(hold.user_id), hold.period_id)),
        ];
        for (account, period_id) in accounts.into_iter().flatten() {
            // Locked: what is left here is left when the raise is written.
            let period = periods::lock(txn, Row::Id(period_id))
                .await?
                .ok_or_else(|| DbErr::RecordNotFound("the period of a hold".into()))?;
            let left = self.left(account, &period);
            if raise > Nanos::ZERO && (left <= Nanos::ZERO || raise > left || amount > MAX_CALL) {
                let month = Month::of(hold.created_at);
                return Ok(Err(self.refusal(account, month, &period).into()));
            }
        }
        for (_, period_id) in accounts.into_iter().flatten() {
            let lower = Nanos::ZERO.minus(raise);
            let period = periods::settle(txn, period_id, lower, Nanos::ZERO, now).await?;
            announce(txn, &period);
        }
        let row = holds::resize(txn, id, amount, prompt_tokens, output_tokens).await?;
        Ok(Ok(Reserved::from(&row)))
    }
}
