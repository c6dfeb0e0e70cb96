//! The sums that rates are made of, at one moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::buckets::Buckets;
use crate::platform::telemetry::{Series, Values};

/// Counters and levels at one moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: DateTime<Utc>,
    pub(super) requests: f64,
    pub(super) server_errors: f64,
    pub(super) latency: Buckets,
    pub(super) first_token: Buckets,
    pub(super) tokens_out: f64,
    pub(super) spend: f64,
    pub(super) refused: f64,
    pub(super) resumed: f64,
    pub(super) streams_open: f64,
    pub(super) jobs_queued: f64,
    pub(super) held: f64,
    pub(super) holds: f64,
    pub(super) drift: f64,
    pub(super) providers: BTreeMap<String, ProviderSample>,
}

/// The same of one provider.
#[derive(Clone, Debug, Default)]
pub(super) struct ProviderSample {
    pub(super) calls: f64,
    pub(super) errors: f64,
    pub(super) seconds: f64,
    pub(super) latency: Buckets,
    pub(super) first_token: Buckets,
    pub(super) spend: f64,
}

impl Sample {
    /// Sums up a page. Requests to `streaming` routes last as long as their stream: they count, but
    /// say nothing about latency.
    pub(super) fn of(values: &Values, streaming: &[&str], at: DateTime<Utc>) -> Self {
        let mut sample = Self::empty(at);
        for series in values.iter() {
            let is = |label: &str, value: &str| series.label(label) == Some(value);
            let sum = match series.name {
                "http_requests_total" => {
                    let status = series.label("status").unwrap_or_default();
                    if status.starts_with('5') {
                        sample.server_errors += series.value;
                    }
                    &mut sample.requests
                }
                "http_request_duration_seconds_bucket" => {
                    let endpoint = series.label("endpoint").unwrap_or_default();
                    if !streaming.contains(&endpoint) {
                        let le = series.label("le").unwrap_or_default();
                        sample.latency.add(le, series.value);
                    }
                    continue;
                }
                "llm_tokens_total" if is("type", "completion") => &mut sample.tokens_out,
                "binnacle_budget_spend_nanodollars_total" => {
                    if let Some(provider) = series.label("provider") {
                        sample.provider(provider).spend += series.value;
                    }
                    &mut sample.spend
                }
                "binnacle_sse_streams_ended_total" if is("reason", "capacity") => {
                    &mut sample.refused
                }
                "binnacle_sse_resume_total" if is("result", "replayed") => &mut sample.resumed,
                "binnacle_sse_streams_active" => &mut sample.streams_open,
                "binnacle_jobs" if is("state", "queued") => &mut sample.jobs_queued,
                "binnacle_budget_reserved_nanodollars" => &mut sample.held,
                "binnacle_budget_reservations_open" => &mut sample.holds,
                "binnacle_budget_ledger_drift_nanodollars" => &mut sample.drift,
                name if name.starts_with("gen_ai_client_operation_") => {
                    sample.of_provider(&series);
                    continue;
                }
                _ => continue,
            };
            *sum += series.value;
        }
        sample
    }

    fn empty(at: DateTime<Utc>) -> Self {
        Self {
            at,
            requests: 0.0,
            server_errors: 0.0,
            latency: Buckets::default(),
            first_token: Buckets::default(),
            tokens_out: 0.0,
            spend: 0.0,
            refused: 0.0,
            resumed: 0.0,
            streams_open: 0.0,
            jobs_queued: 0.0,
            held: 0.0,
            holds: 0.0,
            drift: 0.0,
            providers: BTreeMap::new(),
        }
    }

    fn provider(&mut self, name: &str) -> &mut ProviderSample {
        self.providers.entry(name.to_owned()).or_default()
    }

    fn of_provider(&mut self, series: &Series<'_>) {
        let Some(name) = series.label("gen_ai_provider_name") else {
            return;
        };
        let le = series.label("le").unwrap_or_default();
        match series.name {
            "gen_ai_client_operation_duration_seconds_bucket" => {
                self.provider(name).latency.add(le, series.value);
            }
            "gen_ai_client_operation_duration_seconds_sum" => {
                self.provider(name).seconds += series.value;
            }
            "gen_ai_client_operation_duration_seconds_count" => {
                let failed = !matches!(series.label("error_type"), Some("" | "cancelled") | None);
                let provider = self.provider(name);
                provider.calls += series.value;
                if failed {
                    provider.errors += series.value;
                }
            }
            "gen_ai_client_operation_time_to_first_chunk_seconds_bucket" => {
                self.first_token.add(le, series.value);
                self.provider(name).first_token.add(le, series.value);
            }
            _ => {}
        }
    }
}
