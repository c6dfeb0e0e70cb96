//! `measure-metrics`: how long the page of metrics takes, for the bench.

use std::{process::ExitCode, time::Instant};

use clap::Args;
use serde::Serialize;

use super::{CliError, say};
use crate::platform::telemetry::Telemetry;

#[derive(Debug, Args)]
pub(super) struct MeasureMetrics {
    /// Series on the page, at least
    #[arg(long, default_value_t = 3_000)]
    series: usize,
    /// How often it is rendered
    #[arg(long, default_value_t = 100)]
    renders: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    series: usize,
    bytes: usize,
    render_p50_ms: f64,
    render_p99_ms: f64,
}

impl MeasureMetrics {
    pub(super) fn run(&self) -> Result<ExitCode, CliError> {
        let telemetry = Telemetry::new().map_err(|error| CliError::Other(error.to_string()))?;
        fill(&telemetry, self.series);
        let mut times = Vec::with_capacity(self.renders);
        let mut page = telemetry.render();
        for _ in 0..self.renders {
            let begun = Instant::now();
            page = telemetry.render();
            times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        let quantile = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied().unwrap_or_default()
        };
        let figures = Figures {
            series: series_of(&page),
            bytes: page.len(),
            render_p50_ms: quantile(50),
            render_p99_ms: quantile(99),
        };
        let json =
            serde_json::to_string(&figures).map_err(|error| CliError::Other(error.to_string()))?;
        say(json);
        Ok(ExitCode::SUCCESS)
    }
}

/// Requests by route until the page has so many series.
fn fill(telemetry: &Telemetry, series: usize) {
    let mut route = 0;
    while series_of(&telemetry.render()) < series {
        for _ in 0..10 {
            let endpoint = format!("/api/route_{route}");
            for seconds in [0.004, 0.04, 0.4] {
                let requests = &telemetry.http_server_request_seconds;
                requests.record(["GET", &endpoint, "200", ""], seconds);
            }
            route += 1;
        }
    }
}

fn series_of(page: &str) -> usize {
    page.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .count()
}
