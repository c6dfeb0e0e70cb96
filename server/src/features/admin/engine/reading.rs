//! Answers that are kept for a moment, so that many who look cost as little as one.

use std::{future::Future, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use super::snapshot::Dear;
use crate::platform::{
    budgets::{HouseMonth, Position},
    jobs::JobVitals,
    telemetry::Values,
};

/// The last answer to one question.
pub(super) struct Cached<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Cached<T> {
    /// The last answer, or a new one when it is older than `keep`. Who comes while it is being
    /// found waits for it.
    pub(super) async fn get<E>(
        &self,
        keep: Duration,
        ask: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < keep
        {
            return Ok(answer.clone());
        }
        let answer = ask.await?;
        *last = Some((Instant::now(), answer.clone()));
        Ok(answer)
    }
}

/// What the process uses of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) rss_bytes: Option<i64>,
    /// Of one core, since the last look.
    pub(super) cpu_ratio: Option<f64>,
}

/// CPU seconds at the last look.
#[derive(Default)]
pub(super) struct Meter(parking_lot::Mutex<Option<(Instant, f64)>>);

impl Meter {
    pub(super) fn read(&self, values: &Values) -> Usage {
        let rss = values.sum("process_resident_memory_bytes");
        let cpu = values.sum("process_cpu_seconds_total");
        let now = Instant::now();
        let before = self.0.lock().replace((now, cpu));
        let cpu_ratio = before.and_then(|(at, used)| {
            let seconds = now.duration_since(at).as_secs_f64();
            (seconds > 0.05).then(|| ((cpu - used) / seconds).max(0.0))
        });
        Usage {
            rss_bytes: whole(rss).filter(|bytes| *bytes > 0),
            cpu_ratio,
        }
    }
}

/// A number without its fraction; `None` beyond what an integer holds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the bounds are checked, and the fraction is to go"
)]
pub(super) fn whole(number: f64) -> Option<i64> {
    const MOST: f64 = 9.0e18;
    (number.abs() < MOST).then(|| number.round() as i64)
}

/// What is kept.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) vitals: Cached<JobVitals>,
    pub(super) house: Cached<HouseMonth>,
    pub(super) total: Cached<Position>,
    pub(super) dearest: Cached<Vec<Dear>>,
    pub(super) forecasts: Cached<Vec<Dear>>,
    pub(super) stores: Cached<api::console::Stores>,
    pub(super) blobs: Cached<Option<i64>>,
    pub(super) chain: Cached<bool>,
    pub(super) usage: Meter,
}
