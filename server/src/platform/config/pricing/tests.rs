use proptest::prelude::*;

use super::*;

fn fallback(set: bool) -> FallbackPrices {
    FallbackPrices {
        input: (Nanos(7_000_000_000), set),
        output: (Nanos(8_000_000_000), set),
        index: (Nanos(9_000_000_000), set),
    }
}

fn table(text: &str) -> PriceTable {
    PriceTable::parse(text, fallback(false)).unwrap_or_else(|error| panic!("{}", error.problem))
}

fn refusal(text: &str) -> String {
    match PriceTable::parse(text, fallback(false)) {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error.problem,
    }
}

fn input_price(table: &PriceTable, model: &str) -> i64 {
    table.rates(model).input.0
}

const SMALL: &str = r#"{
    "default": {"input_price": 1, "output_price": 2},
    "gemini-2.5-flash": {"input_price": 0.3, "output_price": 2.5, "index_price": 0.0015},
    "gemini-2.5-flash-lite": {"input_price": 0.1},
    "openai/": {"input_price": 4},
    "gpt-4o": {"input_price": 5, "embedding_price": 0.02}
}"#;

#[test]
fn a_model_is_found_exactly_then_by_its_longest_prefix_then_by_default() {
    let table = table(SMALL);
    assert_eq!(input_price(&table, "gemini-2.5-flash"), 300_000_000);
    assert_eq!(
        input_price(&table, "gemini-2.5-flash-lite-preview"),
        100_000_000
    );
    assert_eq!(input_price(&table, "gemini-2.5-flash-001"), 300_000_000);
    assert_eq!(input_price(&table, "gemini-9"), 1_000_000_000);
}

#[test]
fn each_price_is_looked_up_by_itself() {
    let rates = table(SMALL).rates("gemini-2.5-flash-lite");
    assert_eq!(rates.input.0, 100_000_000);
    assert_eq!(rates.output.0, 2_500_000_000);
    assert_eq!(rates.index.0, 1_500_000);
    assert_eq!(rates.embedding.0, 100_000_000);
}

#[test]
fn a_provider_before_the_model_does_not_hide_it() {
    let table = table(SMALL);
    assert_eq!(input_price(&table, "gemini/gemini-2.5-flash"), 300_000_000);
    assert_eq!(input_price(&table, "openai/gpt-4o"), 5_000_000_000);
    assert_eq!(input_price(&table, "openai/llama-3"), 4_000_000_000);
}

#[test]
fn offline_costs_what_the_model_costs_that_it_stands_in_for() {
    let table = PriceTable::built_in(fallback(false));
    for model in ["gemini-2.5-pro", "gemini-2.5-flash-lite", "unheard-of"] {
        assert_eq!(table.rates(&format!("offline/{model}")), table.rates(model));
    }
    assert_eq!(
        table.rates("offline/openai/gpt-4o"),
        table.rates("openai/gpt-4o")
    );
}

#[test]
fn a_set_fallback_price_comes_before_the_default_entry() {
    let table = PriceTable::parse(SMALL, fallback(true)).ok().unwrap();
    assert_eq!(input_price(&table, "gemini-9"), 7_000_000_000);
    assert_eq!(input_price(&table, "gemini-2.5-flash"), 300_000_000);
}

#[test]
fn a_price_that_no_entry_holds_is_the_fallback_price() {
    let rates = table(r#"{"default": {"input_price": 1, "output_price": 2}}"#).rates("anything");
    assert_eq!(rates.index.0, 9_000_000_000);
    assert_eq!(rates.embedding, rates.input);
}

#[test]
fn the_built_in_table_is_the_documented_one() {
    let table = PriceTable::built_in(fallback(false));
    let prices = |model: &str| {
        let rates = table.rates(model);
        (rates.input.0, rates.output.0, rates.index.0)
    };
    assert_eq!(
        prices("gemini-3.0-pro-thinking"),
        (2_000_000_000, 12_000_000_000, 1_500_000)
    );
    assert_eq!(
        prices("gemini-2.5-pro"),
        (1_250_000_000, 10_000_000_000, 1_500_000)
    );
    assert_eq!(
        prices("gemini-2.5-flash"),
        (300_000_000, 2_500_000_000, 1_500_000)
    );
    assert_eq!(
        prices("gemini-2.5-flash-lite"),
        (100_000_000, 400_000_000, 1_500_000)
    );
    assert_eq!(
        prices("gemini-1.5-flash"),
        (75_000_000, 300_000_000, 1_500_000)
    );
    assert_eq!(
        prices("something-else"),
        (300_000_000, 2_500_000_000, 1_500_000)
    );
}

#[test]
fn a_table_without_default_or_with_unusable_prices_is_refused() {
    assert!(refusal("{}").contains("default"));
    assert!(refusal(r#"{"default": {"input_price": 1}}"#).contains("output_price"));
    assert!(
        refusal(r#"{"default": {"input_price": 0, "output_price": 1}}"#)
            .contains("`input_price` of `default` is not positive")
    );
    assert!(
        refusal(r#"{"default": {"input_price": 1, "output_price": 1, "index_price": -1}}"#)
            .contains("negative")
    );
    assert!(refusal(r#"{"default": {"input_prise": 1}}"#).contains("input_prise"));
    assert!(
        refusal(r#"{"default": {"input_price": 1e300, "output_price": 1}}"#).contains("too large")
    );
    assert!(refusal("[]").contains("not a price table"));
}

#[test]
fn a_table_of_older_installations_is_accepted() {
    let table = table(
        r#"{"default": {"input_price": 0.3, "output_price": 2.5, "audio_input_price": 1.0}}"#,
    );
    assert_eq!(input_price(&table, "gemini-2.5-flash"), 300_000_000);
}

#[test]
fn a_charge_is_rounded_up_once() {
    let one = Nanos(1);
    let rates = Rates {
        input: one,
        output: one,
        index: one,
        embedding: one,
    };
    assert_eq!(rates.cost(Tokens::default()), Nanos(0));
    assert_eq!(
        rates.cost(Tokens {
            input: 1,
            output: 1,
            ..Tokens::default()
        }),
        Nanos(1)
    );
    assert_eq!(
        rates.cost(Tokens {
            input: 1_000_000,
            ..Tokens::default()
        }),
        Nanos(1)
    );
    assert_eq!(
        rates.cost(Tokens {
            input: 1_000_001,
            ..Tokens::default()
        }),
        Nanos(2)
    );
}

#[test]
fn a_charge_beyond_all_bounds_saturates() {
    let rates = Rates {
        input: Nanos::MAX,
        output: Nanos::MAX,
        index: Nanos::MAX,
        embedding: Nanos::MAX,
    };
    let all = Tokens {
        input: u64::MAX,
        output: u64::MAX,
        index: u64::MAX,
        embedding: u64::MAX,
    };
    assert_eq!(rates.cost(all), Nanos::MAX);
}

prop_compose! {
    fn any_rates()(
        input in 0..1_000_000_000_000_i64,
        output in 0..1_000_000_000_000_i64,
        index in 0..1_000_000_000_000_i64,
        embedding in 0..1_000_000_000_000_i64,
    ) -> Rates {
        Rates {
            input: Nanos(input),
            output: Nanos(output),
            index: Nanos(index),
            embedding: Nanos(embedding),
        }
    }
}

prop_compose! {
    fn any_tokens()(
        input in 0..2_000_000_u64,
        output in 0..2_000_000_u64,
        index in 0..2_000_000_u64,
        embedding in 0..2_000_000_u64,
    ) -> Tokens {
        Tokens { input, output, index, embedding }
    }
}

fn exact_millionths(rates: Rates, tokens: Tokens) -> i128 {
    i128::from(rates.input.0) * i128::from(tokens.input)
        + i128::from(rates.output.0) * i128::from(tokens.output)
        + i128::from(rates.index.0) * i128::from(tokens.index)
        + i128::from(rates.embedding.0) * i128::from(tokens.embedding)
}

proptest! {
    #[test]
    fn a_charge_is_never_below_the_exact_cost_and_less_than_one_nano_above(
        rates in any_rates(),
        tokens in any_tokens(),
    ) {
        let exact = exact_millionths(rates, tokens);
        let charged = i128::from(rates.cost(tokens).0) * 1_000_000;
        prop_assert!(charged >= exact);
        prop_assert!(charged - exact < 1_000_000);
    }

    #[test]
    fn more_tokens_never_cost_less(
        rates in any_rates(),
        tokens in any_tokens(),
        more in 0..1_000_000_u64,
    ) {
        let dearer = Tokens { output: tokens.output + more, ..tokens };
        prop_assert!(rates.cost(dearer) >= rates.cost(tokens));
    }

    #[test]
    fn no_text_makes_the_table_panic(text in ".{0,200}", model in ".{0,40}") {
        if let Ok(table) = PriceTable::parse(&text, fallback(false)) {
            prop_assert!(table.rates(&model).input > Nanos::ZERO);
        }
        prop_assert!(table(SMALL).rates(&model).output > Nanos::ZERO);
    }
}
