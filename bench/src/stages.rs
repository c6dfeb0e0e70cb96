//! Where the time of a chat goes: means of the server's own histograms over one load.

use std::collections::HashMap;

use serde::Serialize;

/// What is looked at, and under what name it is shown.
const STAGES: [(&str, &str); 4] = [
    (
        "http_server_request_duration_seconds",
        "request, to its last byte",
    ),
    ("binnacle_retrieval_duration_seconds", "search"),
    (
        "gen_ai_client_operation_duration_seconds",
        "provider's answer, to its end",
    ),
    ("binnacle_db_write_duration_seconds", "write transaction"),
];
const WRITES: &str = "binnacle_db_writes_total";
const TRANSACTIONS: &str = "binnacle_db_write_duration_seconds_count";

/// A stage's mean over a load.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) count: f64,
    pub(crate) mean_ms: f64,
}

/// What the server says of a load.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stages {
    pub(crate) database: &'static str,
    pub(crate) users: usize,
    pub(crate) connections: usize,
    pub(crate) means: Vec<Stage>,
    /// Callers that one transaction served in the mean.
    pub(crate) callers_per_transaction: f64,
}

/// All series of one exposition, summed over their labels.
pub(crate) struct Sums(HashMap<String, f64>);

impl Sums {
    pub(crate) fn of(exposition: &str) -> Self {
        let mut sums = HashMap::new();
        for line in exposition.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let name = series.split('{').next().unwrap_or(series);
            if let Ok(value) = value.parse::<f64>() {
                *sums.entry(name.to_owned()).or_insert(0.0) += value;
            }
        }
        Self(sums)
    }

    fn since(&self, before: &Self, name: &str) -> f64 {
        let of = |sums: &Self| sums.0.get(name).copied().unwrap_or(0.0);
        of(self) - of(before)
    }

    /// The stages between `before` and this.
    pub(crate) fn stages(
        &self,
        before: &Self,
        database: &'static str,
        users: usize,
        connections: usize,
    ) -> Stages {
        let stages = STAGES.map(|(metric, name)| {
            let count = self.since(before, &format!("{metric}_count"));
            let sum = self.since(before, &format!("{metric}_sum"));
            Stage {
                name,
                count,
                mean_ms: sum / count.max(1.0) * 1_000.0,
            }
        });
        let transactions = self.since(before, TRANSACTIONS);
        Stages {
            database,
            users,
            connections,
            means: stages.to_vec(),
            callers_per_transaction: self.since(before, WRITES) / transactions.max(1.0),
        }
    }
}
