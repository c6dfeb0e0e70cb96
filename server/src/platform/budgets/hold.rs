//! A hold: the proof that a call is paid for.

use std::sync::Arc;

use entities::{HoldId, JobId, Nanos, PeriodId, UserId, money::hold::Model};

use super::{observer::BudgetObserver, request::Prices};

/// What a hold's row says. Plain data: it becomes a [`Hold`] when the transaction that wrote it
/// has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub(crate) id: HoldId,
    pub(crate) user_id: UserId,
    /// The month that pays, fixed when the hold was placed.
    pub(crate) period_id: PeriodId,
    pub(crate) amount: Nanos,
    pub(crate) prompt_tokens: u64,
    /// The output is to be cut off here.
    pub(crate) output_tokens: u64,
    pub(crate) prices: Prices,
    pub(crate) job_id: Option<JobId>,
}

impl From<&Model> for Reserved {
    fn from(row: &Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            period_id: row.period_id,
            amount: row.amount_nanos,
            prompt_tokens: u64::try_from(row.prompt_tokens).unwrap_or(0),
            output_tokens: u64::try_from(row.output_tokens_max).unwrap_or(0),
            prices: Prices {
                input: Nanos(row.input_price),
                output: Nanos(row.output_price),
            },
            job_id: row.job_id,
        }
    }
}

/// Money reserved for one call. The door to the providers takes a reference to it, so that a call
/// that is not paid for cannot be written. It is ended by settling or releasing it; dropped before
/// that it is counted as a bug, unless it belongs to a job, which may be taken up again.
#[must_use = "a hold must be settled or released"]
pub(crate) struct Hold {
    terms: Reserved,
    observer: Arc<dyn BudgetObserver>,
    ended: bool,
}

impl Hold {
    pub(super) fn new(terms: Reserved, observer: Arc<dyn BudgetObserver>) -> Self {
        Self {
            terms,
            observer,
            ended: false,
        }
    }

    pub(crate) fn id(&self) -> HoldId {
        self.terms.id
    }

    /// What was reserved, and for how much.
    pub(crate) fn terms(&self) -> &Reserved {
        &self.terms
    }

    /// Takes over what its job learnt of its true size.
    pub(crate) fn resized(&mut self, terms: Reserved) {
        self.terms = terms;
    }

    /// A hold that no books know of, for tests of what is behind the door.
    #[cfg(test)]
    pub(crate) fn unbooked() -> Self {
        let terms = Reserved {
            id: HoldId(0),
            user_id: UserId(0),
            period_id: PeriodId(0),
            amount: Nanos::ZERO,
            prompt_tokens: 0,
            output_tokens: 0,
            prices: Prices {
                input: Nanos::ZERO,
                output: Nanos::ZERO,
            },
            // As a job's, it may be dropped.
            job_id: Some(JobId(uuid::Uuid::nil())),
        };
        Self::new(terms, Arc::new(super::observer::Unobserved))
    }

    pub(super) fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.ended && self.terms.job_id.is_none() {
            tracing::warn!(hold_id = %self.terms.id, "a hold was dropped unsettled");
            self.observer.unsettled();
        }
    }
}
