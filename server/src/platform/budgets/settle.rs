//! Ending a hold: charged at the actual cost, given back, or expired. Each happens once.

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, HoldId, HoldState, LedgerEntryId, Nanos, money::hold::Model as HoldRow,
};

use super::{
    Budgets, Prices, Resolution, ResolveError, announce,
    queries::{at_once, holds, ledger, periods},
    request::MAX_CALL,
};
use crate::platform::db::{DbErr, Txn};

/// Who answered in the end, when it is not who the hold expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnsweredBy {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) prices: Prices,
}

/// What a call came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Charge {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) index_tokens: u64,
    /// The provider gave no count of its own.
    pub(crate) estimated: bool,
    /// Why the call ended early.
    pub(crate) error_code: Option<String>,
    pub(crate) answered_by: Option<AnsweredBy>,
    pub(crate) document_id: Option<DocumentId>,
    pub(crate) project_id: Option<i64>,
    pub(crate) tags: Option<serde_json::Value>,
}

impl Charge {
    /// What it comes to.
    fn amount(&self, prices: Prices) -> Nanos {
        let input = self.prompt_tokens.saturating_add(self.index_tokens);
        prices.cost(input, self.completion_tokens).min(MAX_CALL)
    }
}

/// A ledger entry, and where its period stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) entry_id: LedgerEntryId,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) amount: Nanos,
    /// How far the charge went beyond its hold.
    pub(crate) overrun: Nanos,
    /// `None` is unlimited.
    pub(crate) limit: Option<Nanos>,
    pub(crate) spent: Nanos,
}

impl Budgets {
    /// Says that the call is on its way. Saying it again changes nothing.
    pub(crate) async fn mark_sent_in(
        &self,
        txn: &Txn,
        id: HoldId,
    ) -> Result<Result<(), ResolveError>, DbErr> {
        if holds::mark_sent(txn, id).await? {
            return Ok(Ok(()));
        }
        unchanged(txn, id).await
    }

    /// Renews the lease and writes down how much output there is so far.
    pub(crate) async fn keep_in(
        &self,
        txn: &Txn,
        id: HoldId,
        output_tokens_so_far: u64,
    ) -> Result<Result<(), ResolveError>, DbErr> {
        let lease_until = self.clock.now() + self.settings.lease;
        if holds::keep(txn, id, output_tokens_so_far, lease_until).await? {
            return Ok(Ok(()));
        }
        unchanged(txn, id).await
    }

    /// Charges the call: hold state, ledger entry and period rows.
    pub(crate) async fn settle_in(
        &self,
        txn: &Txn,
        id: HoldId,
        charge: &Charge,
    ) -> Result<Result<Receipt, ResolveError>, DbErr> {
        let now = self.clock.now();
        if let Some(receipt) = settle_at_once(txn, id, charge, now).await? {
            return Ok(Ok(receipt));
        }
        match holds::close(txn, id, HoldState::Settled, now).await? {
            Some(hold) => Ok(Ok(post(txn, &hold, charge, now).await?)),
            None => Ok(Err(why_closed(txn, id).await?)),
        }
    }

    /// Gives the money back.
    pub(crate) async fn release_in(
        &self,
        txn: &Txn,
        id: HoldId,
    ) -> Result<Result<(), ResolveError>, DbErr> {
        let now = self.clock.now();
        match holds::close(txn, id, HoldState::Released, now).await? {
            Some(hold) => {
                pay(txn, &hold, Nanos::ZERO, now).await?;
                Ok(Ok(()))
            }
            None => Ok(Err(why_closed(txn, id).await?)),
        }
    }

    /// What was charged for a hold; zero when it is open or was given back.
    pub(crate) async fn charged_in(&self, txn: &Txn, id: HoldId) -> Result<Nanos, DbErr> {
        let amount = ledger::amount_of(txn, id).await?;
        Ok(amount.unwrap_or(Nanos::ZERO))
    }

    /// Ends a hold whose lease ran out before `now`: given back when nothing was sent, else charged
    /// at the prompt and the output that was written down. `None` when it was renewed or ended.
    pub(super) async fn expire_in(
        &self,
        txn: &Txn,
        id: HoldId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Resolution, Option<Receipt>)>, DbErr> {
        let Some(hold) = holds::lock(txn, id).await? else {
            return Ok(None);
        };
        if ResolveError::of(hold.state).is_some() || hold.lease_until >= now {
            return Ok(None);
        }
        if holds::close(txn, id, HoldState::Expired, now)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        if hold.state == HoldState::Open {
            pay(txn, &hold, Nanos::ZERO, now).await?;
            return Ok(Some((Resolution::ExpiredVoid, None)));
        }
        let prompt = u64::try_from(hold.prompt_tokens).unwrap_or(0);
        let is_index = hold.kind == super::ChargeKind::Index.as_str();
        let charge = Charge {
            prompt_tokens: if is_index { 0 } else { prompt },
            index_tokens: if is_index { prompt } else { 0 },
            completion_tokens: u64::try_from(hold.output_tokens_seen).unwrap_or(0),
            estimated: true,
            error_code: Some("expired".into()),
            ..Charge::default()
        };
        let receipt = post(txn, &hold, &charge, now).await?;
        Ok(Some((Resolution::ExpiredPosted, Some(receipt))))
    }
}

/// The usual case in one statement, where that is dear: it is known who answered, and the house does
/// not count the call.
async fn settle_at_once(
    txn: &Txn,
    id: HoldId,
    charge: &Charge,
    now: DateTime<Utc>,
) -> Result<Option<Receipt>, DbErr> {
    let Some(by) = &charge.answered_by else {
        return Ok(None);
    };
    let amount = charge.amount(by.prices);
    let Some(charged) = at_once::charge(txn, id, charge, by, amount, now).await? else {
        return Ok(None);
    };
    warn_of_overrun(id, charged.overrun_nanos);
    announce(txn, &charged.period);
    Ok(Some(Receipt {
        entry_id: charged.entry_id,
        provider: by.provider.clone(),
        model: by.model.clone(),
        amount,
        overrun: charged.overrun_nanos,
        limit: charged.period.limit_nanos,
        spent: charged.period.spent_nanos,
    }))
}

fn warn_of_overrun(hold_id: HoldId, overrun: Nanos) {
    if overrun > Nanos::ZERO {
        tracing::warn!(%hold_id, %overrun, "a charge went beyond its hold");
    }
}

/// Writes the entry of a hold that this transaction has just ended.
async fn post(
    txn: &Txn,
    hold: &HoldRow,
    charge: &Charge,
    now: DateTime<Utc>,
) -> Result<Receipt, DbErr> {
    let (provider, model, prices) = match &charge.answered_by {
        Some(by) => (by.provider.clone(), by.model.clone(), by.prices),
        None => (
            hold.provider.clone(),
            hold.model.clone(),
            Prices {
                input: Nanos(hold.input_price),
                output: Nanos(hold.output_price),
            },
        ),
    };
    let amount = charge.amount(prices);
    let overrun = amount.minus(hold.amount_nanos).max(Nanos::ZERO);
    warn_of_overrun(hold.id, overrun);
    let entry = ledger::NewEntry {
        provider: &provider,
        model: &model,
        prices,
        amount,
        overrun,
        now,
    };
    let entry_id = ledger::append(txn, hold, charge, entry).await?;
    let period = pay(txn, hold, amount, now).await?;
    Ok(Receipt {
        entry_id,
        provider,
        model,
        amount,
        overrun,
        limit: period.limit_nanos,
        spent: period.spent_nanos,
    })
}

/// Turns what was reserved into what was spent, in the house's row and the owner's.
async fn pay(
    txn: &Txn,
    hold: &HoldRow,
    spent: Nanos,
    now: DateTime<Utc>,
) -> Result<entities::money::period::Model, DbErr> {
    if let Some(house) = hold.house_period_id {
        let row = periods::settle(txn, house, hold.amount_nanos, spent, now).await?;
        announce(txn, &row);
    }
    let row = periods::settle(txn, hold.period_id, hold.amount_nanos, spent, now).await?;
    announce(txn, &row);
    Ok(row)
}

/// A row that did not change because it is already so, or because the hold is over.
async fn unchanged(txn: &Txn, id: HoldId) -> Result<Result<(), ResolveError>, DbErr> {
    Ok(match holds::find(txn, id).await? {
        None => Err(ResolveError::Unknown),
        Some(hold) => ResolveError::of(hold.state).map_or(Ok(()), Err),
    })
}

async fn why_closed(txn: &Txn, id: HoldId) -> Result<ResolveError, DbErr> {
    Ok(holds::find(txn, id)
        .await?
        .and_then(|hold| ResolveError::of(hold.state))
        .unwrap_or(ResolveError::Unknown))
}
