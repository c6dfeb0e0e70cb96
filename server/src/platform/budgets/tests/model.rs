//! Books kept in memory in the plainest way, and what may happen to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entities::HoldState;
use proptest::prelude::*;

use super::*;

pub(super) const USERS: usize = 3;
pub(super) const HOUSE_LIMIT: Nanos = Nanos(40_000);
pub(super) const MARGIN: Nanos = Nanos(100);
/// So small that every limit is met soon: 1 and 3 nano-dollars a token.
pub(super) const PRICES: Prices = Prices {
    input: Nanos(1_000_000),
    output: Nanos(3_000_000),
};

/// Something that happens. A `hold` counts those of the history, and wraps.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Hold {
        user: usize,
        prompt: u64,
        output: u64,
        sent: bool,
        of_job: bool,
    },
    MarkSent {
        hold: usize,
    },
    Keep {
        hold: usize,
        output: u64,
    },
    Settle {
        hold: usize,
        prompt: u64,
        output: u64,
    },
    Release {
        hold: usize,
    },
    Resize {
        hold: usize,
        prompt: u64,
    },
    SetLimit {
        user: usize,
        limit: Option<i64>,
    },
    Pass {
        seconds: i64,
    },
    TurnMonth,
    Sweep,
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let hold = 0..8_usize;
    prop_oneof![
        6 => (0..USERS, 0..4_000_u64, 0..3_000_u64, any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(user, prompt, output, sent, of_job)| Act::Hold {
                user, prompt, output, sent, of_job,
            }),
        1 => hold.clone().prop_map(|hold| Act::MarkSent { hold }),
        1 => (hold.clone(), 0..3_000_u64).prop_map(|(hold, output)| Act::Keep { hold, output }),
        4 => (hold.clone(), 0..5_000_u64, 0..4_000_u64)
            .prop_map(|(hold, prompt, output)| Act::Settle { hold, prompt, output }),
        2 => hold.clone().prop_map(|hold| Act::Release { hold }),
        1 => (hold, 0..8_000_u64).prop_map(|(hold, prompt)| Act::Resize { hold, prompt }),
        1 => (0..USERS, prop::option::weighted(0.8, 0..30_000_i64))
            .prop_map(|(user, limit)| Act::SetLimit { user, limit }),
        2 => (1..130_i64).prop_map(|seconds| Act::Pass { seconds }),
        1 => Just(Act::TurnMonth),
        1 => Just(Act::Sweep),
    ]
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) limit: Option<i64>,
    pub(super) spent: i64,
    pub(super) reserved: i64,
}

#[derive(Clone, Debug)]
pub(super) struct ModelHold {
    pub(super) id: HoldId,
    pub(super) user: usize,
    pub(super) month: String,
    pub(super) amount: i64,
    pub(super) state: HoldState,
    pub(super) prompt: u64,
    pub(super) output: u64,
    pub(super) seen: u64,
    pub(super) lease_until: DateTime<Utc>,
    pub(super) of_job: bool,
}

/// The books as a list of holds and two counters for each account and month.
#[derive(Default)]
pub(super) struct Model {
    pub(super) budgets: BTreeMap<usize, i64>,
    pub(super) periods: BTreeMap<(Option<usize>, String), Counters>,
    pub(super) holds: Vec<ModelHold>,
    pub(super) charges: Vec<i64>,
}

pub(super) fn price(prompt: u64, output: u64) -> i64 {
    i64::try_from(prompt + 3 * output).expect("a small number")
}

impl Model {
    pub(super) fn period(&mut self, user: Option<usize>, month: &str) -> &mut Counters {
        let limit = match user {
            None => Some(HOUSE_LIMIT.0),
            Some(user) => self.budgets.get(&user).copied(),
        };
        self.periods
            .entry((user, month.to_owned()))
            .or_insert(Counters {
                limit,
                ..Counters::default()
            })
    }

    pub(super) fn left(&mut self, user: Option<usize>, month: &str) -> i64 {
        let period = self.period(user, month);
        period.limit.map_or(i64::MAX, |limit| {
            limit - period.spent - period.reserved - MARGIN.0
        })
    }

    /// The longest output that both budgets pay for, found by trying. Asks the house first, as a
    /// refusal by the house opens no period for the user.
    pub(super) fn admits(
        &mut self,
        user: usize,
        month: &str,
        prompt: u64,
        output: u64,
    ) -> Option<u64> {
        let least = output.min(MINIMUM_OUTPUT_TOKENS);
        let mut most = output;
        for account in [None, Some(user)] {
            let left = self.left(account, month);
            if left <= 0 {
                return None;
            }
            most = (least..=most)
                .rev()
                .find(|tokens| price(prompt, *tokens) <= left)?;
        }
        Some(most)
    }

    pub(super) fn reserve(&mut self, user: usize, month: &str, amount: i64) {
        self.period(None, month).reserved += amount;
        self.period(Some(user), month).reserved += amount;
    }

    pub(super) fn end(&mut self, index: usize, state: HoldState, charge: Option<i64>) {
        let hold = self.holds[index].clone();
        self.holds[index].state = state;
        for account in [None, Some(hold.user)] {
            let period = self.period(account, &hold.month);
            period.reserved -= hold.amount;
            period.spent += charge.unwrap_or(0);
        }
        self.charges.extend(charge);
    }

    pub(super) fn open(&self, index: usize) -> Result<(), ResolveError> {
        match ResolveError::of(self.holds[index].state) {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }
}
