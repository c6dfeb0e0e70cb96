//! The model side.

use chrono::{DateTime, Utc};

use super::{Steps, wire, words};

words! {
    /// Where a provider's circuit breaker stands.
    pub enum BreakerState {
        /// Calls go through.
        Closed = "closed",
        /// Calls are refused at once.
        Open = "open",
        /// One call tries whether it is well again.
        HalfOpen = "half_open",
    }

    /// Where a key stands.
    pub enum KeySlotState {
        /// The next call takes it.
        InUse = "in_use",
        /// It can be taken.
        Ready = "ready",
        /// The provider has limited it.
        Cooling = "cooling",
    }
}

wire! {
    /// Percentiles of a time.
    pub struct Percentiles {
        /// Half are under this.
        pub p50: Option<f64>,
        /// 95 of 100 are under this.
        pub p95: Option<f64>,
        /// 99 of 100 are under this.
        pub p99: Option<f64>,
    }

    /// What a provider is used for.
    pub struct ProviderUse {
        /// `chat` or `embedding`.
        pub capability: String,
        /// From 1 in the order of preference.
        pub place: i64,
        /// The model that it uses by default.
        pub model: Option<String>,
    }

    /// A key, by its label.
    pub struct KeySlot {
        /// The variable that it came from; never the key.
        pub label: String,
        /// Where it stands.
        pub state: KeySlotState,
        /// Made with it since the process began.
        pub calls: i64,
        /// Refused by the provider's limit since the process began.
        pub limited: i64,
        /// When it can be taken again.
        pub cools_until: Option<DateTime<Utc>>,
    }

    /// What went wrong last at a provider.
    pub struct ProviderError {
        /// UTC.
        pub at: DateTime<Utc>,
        /// Of a bounded set.
        pub class: String,
    }

    /// A provider; the numbers are of the last 10 minutes.
    pub struct Provider {
        /// Its name.
        pub name: String,
        /// What it is used for.
        pub uses: Vec<ProviderUse>,
        /// Where its breaker stands.
        pub state: BreakerState,
        /// Since when.
        pub since_at: Option<DateTime<Utc>>,
        /// When an open breaker lets a call try.
        pub half_open_at: Option<DateTime<Utc>>,
        /// Whether its latency is simulated.
        pub simulated: bool,
        /// Calls.
        pub calls: i64,
        /// Calls that failed, of all.
        pub error_ratio: Option<f64>,
        /// Whole calls.
        pub latency_ms: Percentiles,
        /// To the first token.
        pub first_token_ms: Percentiles,
        /// Settled.
        pub spend_nanos: i64,
        /// Mean latency in ms, in 60 steps of 10 s, the oldest first; `null` without calls.
        pub series: Steps,
        /// What went wrong last.
        pub last_error: Option<ProviderError>,
        /// Its keys.
        pub slots: Vec<KeySlot>,
    }

    /// The providers in their order of preference.
    pub struct Providers {
        /// The providers.
        pub items: Vec<Provider>,
    }

    /// What a probe found.
    pub struct Probe {
        /// Whether it answered.
        pub ok: bool,
        /// How long it took.
        pub took_ms: i64,
        /// What went wrong, of a bounded set.
        pub error: Option<String>,
        /// What it cost.
        pub cost_nanos: i64,
    }
}
