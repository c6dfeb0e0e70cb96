//! What is asked of a budget before a call: who, for what, and how much it may cost at the most.

use entities::{JobId, Nanos, StoreId, UserId};
use uuid::Uuid;

use crate::platform::config::{Rates, Tokens};

/// The shortest answer that is worth beginning, in tokens.
pub(crate) const MINIMUM_OUTPUT_TOKENS: u64 = 256;

/// The most that one call may cost: a million dollars. No sum of a month can then overflow, whatever
/// prices are configured and whatever usage a provider claims.
pub(super) const MAX_CALL: Nanos = Nanos(1_000_000 * Nanos::DOLLAR.0);

/// What a charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ChargeKind {
    /// An answer.
    Chat,
    /// Reading a document into the index, its embeddings included.
    Index,
    /// Embedding a question.
    Embedding,
}

impl ChargeKind {
    /// The word that the ledger carries.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Index => "index",
            Self::Embedding => "embedding",
        }
    }
}

/// What the tokens of one call cost, in nano-dollars per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prices {
    pub(crate) input: Nanos,
    pub(crate) output: Nanos,
}

impl Prices {
    /// Of an answer.
    pub(crate) fn of_chat(rates: &Rates) -> Self {
        Self {
            input: rates.input,
            output: rates.output,
        }
    }

    /// Of embedding alone.
    pub(crate) fn of_embedding(rates: &Rates) -> Self {
        Self {
            input: rates.embedding,
            output: Nanos::ZERO,
        }
    }

    /// Of indexing, and of embedding the same tokens when there is an embedder.
    pub(crate) fn of_index(rates: &Rates, embedder: Option<&Rates>) -> Self {
        let embedding = embedder.map_or(Nanos::ZERO, |rates| rates.embedding);
        Self {
            input: rates.index.plus(embedding),
            output: Nanos::ZERO,
        }
    }

    /// The dearer price of each kind: a hold for a call that may fall back covers both.
    #[must_use]
    pub(crate) fn or_dearer(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
        }
    }

    /// The cost of one call, rounded up.
    pub(crate) fn cost(self, input_tokens: u64, output_tokens: u64) -> Nanos {
        let rates = Rates {
            input: self.input,
            output: self.output,
            index: Nanos::ZERO,
            embedding: Nanos::ZERO,
        };
        rates.cost(Tokens {
            input: input_tokens,
            output: output_tokens,
            index: 0,
            embedding: 0,
        })
    }
}

/// A call that is to be paid for.
#[derive(Clone, Debug)]
pub(crate) struct HoldRequest {
    pub(crate) user_id: UserId,
    pub(crate) kind: ChargeKind,
    /// Expected to answer; the charge names who did.
    pub(crate) provider: String,
    pub(crate) model: String,
    /// The dearest that the call may come to be priced at.
    pub(crate) prices: Prices,
    /// Tokens that go in, whatever comes out.
    pub(crate) prompt_tokens: u64,
    /// The longest answer; 0 for calls without one.
    pub(crate) max_output_tokens: u64,
    /// The call follows at once: from here on it may have cost money.
    pub(crate) born_sent: bool,
    /// The hold lives as long as this job.
    pub(crate) job_id: Option<JobId>,
    pub(crate) stream_id: Option<Uuid>,
    pub(crate) trace_id: Option<String>,
    pub(crate) store_id: Option<StoreId>,
}

impl HoldRequest {
    pub(super) fn cost(&self, output_tokens: u64) -> Nanos {
        self.prices.cost(self.prompt_tokens, output_tokens)
    }

    /// How many tokens of output, `most` at the most, can be paid from `left` after the prompt.
    /// `None` when that is fewer than the shortest answer, or nothing is left at all.
    pub(super) fn affordable(&self, left: Nanos, most: u64) -> Option<u64> {
        let least = self.max_output_tokens.min(MINIMUM_OUTPUT_TOKENS);
        if left <= Nanos::ZERO || self.cost(least) > left {
            return None;
        }
        if self.prices.output <= Nanos::ZERO {
            return Some(most);
        }
        // In millionths of a nano-dollar, so that nothing is rounded: 2^63 x 10^6 fits.
        let prompt = i128::from(self.prices.input.0) * i128::from(self.prompt_tokens);
        let left = i128::from(left.0) * 1_000_000 - prompt;
        let tokens = left / i128::from(self.prices.output.0);
        Some(u64::try_from(tokens).unwrap_or(0).min(most))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// $0.30 and $2.50 per million tokens.
    pub(in crate::platform::budgets) const FLASH: Prices = Prices {
        input: Nanos(300_000_000),
        output: Nanos(2_500_000_000),
    };

    pub(in crate::platform::budgets) fn question(user_id: UserId) -> HoldRequest {
        HoldRequest {
            user_id,
            kind: ChargeKind::Chat,
            provider: "offline".into(),
            model: "gemini-2.5-flash".into(),
            prices: FLASH,
            prompt_tokens: 1_000,
            max_output_tokens: 2_048,
            born_sent: true,
            job_id: None,
            stream_id: None,
            trace_id: None,
            store_id: None,
        }
    }

    proptest! {
        /// What is called affordable is, and one token more is not.
        #[test]
        fn affordable_output_is_exact(
            left in 1..10_000_000_000_i64,
            prompt_tokens in 0..100_000_u64,
            input in 0..20_000_000_000_i64,
            output in 0..80_000_000_000_i64,
            max_output_tokens in 0..10_000_u64,
        ) {
            let request = HoldRequest {
                prices: Prices { input: Nanos(input), output: Nanos(output) },
                prompt_tokens,
                max_output_tokens,
                ..question(UserId(1))
            };
            match request.affordable(Nanos(left), max_output_tokens) {
                Some(tokens) => {
                    prop_assert!(request.cost(tokens).0 <= left);
                    prop_assert!(tokens == max_output_tokens || request.cost(tokens + 1).0 > left);
                    prop_assert!(tokens >= max_output_tokens.min(MINIMUM_OUTPUT_TOKENS));
                }
                None => prop_assert!(
                    request.cost(max_output_tokens.min(MINIMUM_OUTPUT_TOKENS)).0 > left
                ),
            }
        }
    }

    #[test]
    fn tiny_calls_are_rounded_up_each() {
        let prices = Prices {
            input: Nanos(1),
            output: Nanos::ZERO,
        };
        assert_eq!(prices.cost(1, 0), Nanos(1));
        assert_eq!(prices.cost(1_000_000, 0), Nanos(1));
        assert_eq!(prices.cost(1_000_001, 0), Nanos(2));
        assert_eq!(prices.cost(0, 0), Nanos::ZERO);
    }

    #[test]
    fn indexing_with_an_embedder_costs_both() {
        let rates = Rates {
            input: Nanos(1),
            output: Nanos(2),
            index: Nanos(10),
            embedding: Nanos(20),
        };
        assert_eq!(Prices::of_index(&rates, None).input, Nanos(10));
        assert_eq!(Prices::of_index(&rates, Some(&rates)).input, Nanos(30));
        assert_eq!(Prices::of_embedding(&rates).input, Nanos(20));
        assert_eq!(
            Prices::of_chat(&rates).or_dearer(FLASH),
            Prices {
                input: FLASH.input,
                output: FLASH.output
            }
        );
    }
}
