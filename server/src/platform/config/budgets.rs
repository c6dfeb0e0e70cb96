//! What things cost, and how much may be spent.

use std::time::Duration;

use entities::Nanos;

use super::pricing::{FallbackPrices, PriceTable};
use super::reader::{Reader, parse_dollars};
use super::variable::{Section, Variable};

pub(super) const MODEL_PRICING: Variable = Variable::new(
    "MODEL_PRICING",
    "",
    "Prices as JSON, `{\"model\":{\"input_price\":0.3,\"output_price\":2.5,\"index_price\":0.0015,\
     \"embedding_price\":0.15}}`, with an entry `default`. It replaces the built-in table. A model \
     is looked up exactly, then by its longest prefix, then `default`.",
)
.unit("USD per million tokens");
pub(super) const PRICE_PER_MTOK_INPUT: Variable = Variable::new(
    "PRICE_PER_MTOK_INPUT",
    "0.30",
    "Price of input for models that the table does not know; when set, it comes before `default`.",
)
.unit("USD per million tokens");
pub(super) const PRICE_PER_MTOK_OUTPUT: Variable =
    Variable::new("PRICE_PER_MTOK_OUTPUT", "2.50", "The same for output.")
        .unit("USD per million tokens");
pub(super) const PRICE_PER_MTOK_INDEX: Variable =
    Variable::new("PRICE_PER_MTOK_INDEX", "0.0015", "The same for indexing.")
        .unit("USD per million tokens");
pub(super) const PRICE_CHECK_STRICT: Variable = Variable::new(
    "PRICE_CHECK_STRICT",
    "false",
    "Refuse to start when any price is 0, not only those that production demands.",
);
pub(super) const BUDGET_HOLD_USD: Variable = Variable::new(
    "BUDGET_HOLD_USD",
    "0",
    "Margin that must be left in a budget besides the cost of a call.",
)
.unit("USD");
pub(super) const DEFAULT_MONTHLY_LIMIT_USD: Variable = Variable::new(
    "DEFAULT_MONTHLY_LIMIT_USD",
    "",
    "Monthly budget of a new user; without it new users are not limited.",
)
.unit("USD");
pub(super) const HOUSE_MONTHLY_LIMIT_USD: Variable = Variable::new(
    "HOUSE_MONTHLY_LIMIT_USD",
    "",
    "Most that all users together may spend in a month; without it there is no such cap.",
)
.unit("USD");
pub(super) const MAX_OUTPUT_TOKENS: Variable = Variable::new(
    "MAX_OUTPUT_TOKENS",
    "2048",
    "Longest answer, and what is held for it.",
)
.unit("tokens");
pub(super) const HOLD_LEASE_SECONDS: Variable = Variable::new(
    "HOLD_LEASE_SECONDS",
    "120",
    "Time after which a hold whose process no longer renews it is ended by another.",
)
.unit("seconds");

pub(super) const SECTION: Section = Section {
    title: "Prices and budgets",
    about: "",
    variables: &[
        MODEL_PRICING,
        PRICE_PER_MTOK_INPUT,
        PRICE_PER_MTOK_OUTPUT,
        PRICE_PER_MTOK_INDEX,
        PRICE_CHECK_STRICT,
        BUDGET_HOLD_USD,
        DEFAULT_MONTHLY_LIMIT_USD,
        HOUSE_MONTHLY_LIMIT_USD,
        MAX_OUTPUT_TOKENS,
        HOLD_LEASE_SECONDS,
    ],
};

/// Prices and budgets.
#[derive(Clone, Debug)]
pub(crate) struct BudgetsConfig {
    pub(crate) prices: PriceTable,
    pub(crate) price_check_strict: bool,
    /// Left in a budget besides the cost of a call.
    pub(crate) hold_margin: Nanos,
    /// What a new user gets; `None` is unlimited.
    pub(crate) default_monthly_limit: Option<Nanos>,
    /// Cap over all users together.
    pub(crate) house_monthly_limit: Option<Nanos>,
    pub(crate) max_output_tokens: u32,
    pub(crate) hold_lease: Duration,
}

impl BudgetsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            prices: read_prices(reader),
            price_check_strict: reader.flag(&PRICE_CHECK_STRICT),
            hold_margin: reader.value(&BUDGET_HOLD_USD, parse_dollars),
            default_monthly_limit: reader.dollars(&DEFAULT_MONTHLY_LIMIT_USD),
            house_monthly_limit: reader.dollars(&HOUSE_MONTHLY_LIMIT_USD),
            max_output_tokens: reader.integer(&MAX_OUTPUT_TOKENS, 256..=1_000_000),
            hold_lease: reader.seconds(&HOLD_LEASE_SECONDS, 10..=3600),
        }
    }
}

fn read_prices(reader: &mut Reader<'_>) -> PriceTable {
    let mut price = |variable: &Variable| {
        let given = reader.dollars(variable);
        let default = parse_dollars(variable.default).unwrap_or_default();
        (given.unwrap_or(default), given.is_some())
    };
    let fallback = FallbackPrices {
        input: price(&PRICE_PER_MTOK_INPUT),
        output: price(&PRICE_PER_MTOK_OUTPUT),
        index: price(&PRICE_PER_MTOK_INDEX),
    };
    match reader.optional(&MODEL_PRICING, |text| PriceTable::parse(text, fallback)) {
        Some(table) => table,
        None => PriceTable::built_in(fallback),
    }
}
