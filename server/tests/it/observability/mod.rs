//! What operators are shown: rules, alerts, runbooks and boards agree with the catalogue and with each
//! other, and work in the real Prometheus.

mod board;
mod boards;
mod drills;
mod hints;
mod lint;
mod live;
mod metrics;
mod prometheus;
mod promtool;
mod rules;
mod runbooks;
mod scaled;
mod workload;
