//! What a model's tokens cost, in integer nano-dollars.

use std::collections::BTreeMap;

use entities::Nanos;
use serde::Deserialize;

use super::models::Provider;
use super::reader::Malformed;

#[cfg(test)]
mod tests;

/// The entry for models that the table does not know.
const DEFAULT_ENTRY: &str = "default";

/// Tokens that a price is for.
const TOKENS_PER_PRICE: i128 = 1_000_000;

/// Built-in prices in USD per million tokens: model, input, output, index, embedding.
const BUILT_IN: [(&str, f64, f64, f64, f64); 13] = [
    ("gemini-3.0-pro-thinking", 2.0, 12.0, 0.0015, 0.15),
    ("gemini-3-pro-preview", 2.0, 12.0, 0.0015, 0.15),
    ("gemini-2.5-pro", 1.25, 10.0, 0.0015, 0.15),
    ("gemini-2.0-pro", 1.0, 5.0, 0.0015, 0.15),
    ("gemini-1.5-pro", 1.25, 5.0, 0.0015, 0.15),
    ("gemini-2.5-flash", 0.30, 2.50, 0.0015, 0.15),
    ("gemini-2.5-flash-lite", 0.10, 0.40, 0.0015, 0.15),
    ("gemini-2.0-flash", 0.10, 0.40, 0.0015, 0.15),
    ("gemini-1.5-flash", 0.075, 0.30, 0.0015, 0.15),
    ("gemini-embedding-001", 0.15, 2.50, 0.0015, 0.15),
    ("text-embedding-3-small", 0.02, 2.50, 0.0015, 0.02),
    ("text-embedding-3-large", 0.13, 2.50, 0.0015, 0.13),
    (DEFAULT_ENTRY, 0.30, 2.50, 0.0015, 0.15),
];

/// Prices by model.
#[derive(Clone, Debug)]
pub(crate) struct PriceTable {
    entries: BTreeMap<String, Entry>,
    fallback: FallbackPrices,
}

/// The prices of one model that the table holds, in nano-dollars per million tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    pub(super) input: Option<Nanos>,
    pub(super) output: Option<Nanos>,
    pub(super) index: Option<Nanos>,
    pub(super) embedding: Option<Nanos>,
}

/// Prices outside the table per million tokens, each with whether an operator set it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FallbackPrices {
    pub(super) input: (Nanos, bool),
    pub(super) output: (Nanos, bool),
    pub(super) index: (Nanos, bool),
}

/// What one model costs, in nano-dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) input: Nanos,
    pub(crate) output: Nanos,
    pub(crate) index: Nanos,
    pub(crate) embedding: Nanos,
}

/// Tokens of one charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) index: u64,
    pub(crate) embedding: u64,
}

impl Rates {
    /// The cost of one charge: summed exactly, rounded up once, saturating.
    pub(crate) fn cost(&self, tokens: Tokens) -> Nanos {
        let parts = [
            (self.input, tokens.input),
            (self.output, tokens.output),
            (self.index, tokens.index),
            (self.embedding, tokens.embedding),
        ];
        let sum = parts.into_iter().fold(0_i128, |sum, (rate, count)| {
            sum.saturating_add(i128::from(rate.0).saturating_mul(i128::from(count)))
        });
        let whole = sum / TOKENS_PER_PRICE + i128::from(sum % TOKENS_PER_PRICE > 0);
        Nanos(i64::try_from(whole).unwrap_or(i64::MAX))
    }
}

/// An entry of MODEL_PRICING as operators write it, in USD per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    #[serde(rename = "input_price")]
    input: Option<f64>,
    #[serde(rename = "output_price")]
    output: Option<f64>,
    #[serde(rename = "index_price")]
    index: Option<f64>,
    #[serde(rename = "embedding_price")]
    embedding: Option<f64>,
    /// Part of older tables; audio is not priced by tokens.
    #[serde(rename = "audio_input_price")]
    _audio_input: Option<f64>,
}

impl PriceTable {
    pub(super) fn built_in(fallback: FallbackPrices) -> Self {
        let entries = BUILT_IN
            .into_iter()
            .map(|(model, input, output, index, embedding)| {
                let entry = Entry {
                    input: Nanos::from_usd(input),
                    output: Nanos::from_usd(output),
                    index: Nanos::from_usd(index),
                    embedding: Nanos::from_usd(embedding),
                };
                (model.to_owned(), entry)
            })
            .collect();
        Self { entries, fallback }
    }

    pub(super) fn parse(text: &str, fallback: FallbackPrices) -> Result<Self, Malformed> {
        let shape = "Use {\"default\":{\"input_price\":0.3,\"output_price\":2.5}} with prices in \
                     USD per million tokens; also allowed are index_price and embedding_price";
        let written: BTreeMap<String, WrittenEntry> = serde_json::from_str(text)
            .map_err(|error| Malformed::new(format!("is not a price table ({error})"), shape))?;
        let mut entries = BTreeMap::new();
        for (model, written) in written {
            let entry = Entry::from_written(&model, &written)?;
            entries.insert(model, entry);
        }
        match entries.get(DEFAULT_ENTRY) {
            Some(Entry {
                input: Some(_),
                output: Some(_),
                ..
            }) => Ok(Self { entries, fallback }),
            _ => Err(Malformed::new(
                "has no entry `default` with input_price and output_price",
                "Add one: it prices the models that the table does not know",
            )),
        }
    }

    /// What a model costs. Each price is taken from the entry of exactly this name, else from the
    /// entry whose name is the longest prefix, else from a set PRICE_PER_MTOK_*, else from
    /// `default`, else from PRICE_PER_MTOK_*. A model may be given as `provider/model`; `offline`
    /// costs what the model costs that it stands in for. Without any embedding price, embedding
    /// costs what input costs.
    pub(crate) fn rates(&self, model: &str) -> Rates {
        let FallbackPrices {
            input,
            output,
            index,
        } = self.fallback;
        let input = self.price(model, |entry| entry.input, input);
        Rates {
            input,
            output: self.price(model, |entry| entry.output, output),
            index: self.price(model, |entry| entry.index, index),
            embedding: self.price(model, |entry| entry.embedding, (input, false)),
        }
    }

    /// The table's entries, for the gate.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(model, entry)| (model.as_str(), entry))
    }

    pub(super) fn fallback(&self) -> FallbackPrices {
        self.fallback
    }

    fn price(
        &self,
        model: &str,
        field: impl Fn(&Entry) -> Option<Nanos>,
        (fallback, is_set): (Nanos, bool),
    ) -> Nanos {
        self.known(model, &field)
            .or_else(|| is_set.then_some(fallback))
            .or_else(|| self.entries.get(DEFAULT_ENTRY).and_then(&field))
            .unwrap_or(fallback)
    }

    fn known(&self, model: &str, field: impl Fn(&Entry) -> Option<Nanos>) -> Option<Nanos> {
        let full = without_provider(model, &[Provider::Offline]);
        let bare = without_provider(full, &Provider::ALL);
        self.entries
            .iter()
            .filter(|(name, _)| name.as_str() != DEFAULT_ENTRY)
            .filter(|(name, _)| full.starts_with(name.as_str()) || bare.starts_with(name.as_str()))
            .filter_map(|(name, entry)| {
                let is_exact = name == full || name == bare;
                Some(((is_exact, name.len()), field(entry)?))
            })
            .max_by_key(|(closeness, _)| *closeness)
            .map(|(_, price)| price)
    }
}

fn without_provider<'m>(model: &'m str, providers: &[Provider]) -> &'m str {
    model
        .split_once('/')
        .filter(|(prefix, _)| {
            Provider::from_name(prefix).is_some_and(|provider| providers.contains(&provider))
        })
        .map_or(model, |(_, name)| name)
}

impl Entry {
    fn from_written(model: &str, written: &WrittenEntry) -> Result<Self, Malformed> {
        let price = |name: &str, price: Option<f64>, may_be_zero: bool| match price {
            None => Ok(None),
            Some(price) if price > 0.0 || (may_be_zero && price == 0.0) => Nanos::from_usd(price)
                .map(Some)
                .ok_or_else(|| malformed(model, name, "is too large")),
            Some(_) if may_be_zero => Err(malformed(model, name, "is negative")),
            Some(_) => Err(malformed(model, name, "is not positive")),
        };
        Ok(Self {
            input: price("input_price", written.input, false)?,
            output: price("output_price", written.output, false)?,
            index: price("index_price", written.index, true)?,
            embedding: price("embedding_price", written.embedding, true)?,
        })
    }
}

fn malformed(model: &str, field: &str, problem: &str) -> Malformed {
    Malformed::new(
        format!("`{field}` of `{model}` {problem}"),
        "Give prices in USD per million tokens, input and output above 0",
    )
}
