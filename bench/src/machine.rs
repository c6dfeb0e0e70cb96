//! On what, and how busy with other things, the figures were measured.

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

/// The machine at the beginning of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) at: String,
    /// Mean number of runnable tasks over the last minute.
    pub(crate) load: f64,
    /// Share of all cores that others used in the second before the run, 0 to 1.
    pub(crate) busy_before: f64,
}

impl Machine {
    /// Looks at the machine for a second.
    pub(crate) async fn look() -> anyhow::Result<Self> {
        let information = std::fs::read_to_string("/proc/cpuinfo")?;
        let processor = information
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
        let before = Times::read()?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let after = Times::read()?;
        let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
        Ok(Self {
            processor: processor.to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            at: now.format("%Y-%m-%d %H:%M UTC").to_string(),
            load: load()?,
            busy_before: 1.0 - (after.idle - before.idle) / (after.all - before.all).max(1.0),
        })
    }
}

/// Mean number of runnable tasks over the last minute.
pub(crate) fn load() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let first = text.split(' ').next().context("/proc/loadavg is empty")?;
    Ok(first.parse()?)
}

struct Times {
    all: f64,
    idle: f64,
}

impl Times {
    fn read() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string("/proc/stat")?;
        let line = text.lines().next().context("/proc/stat is empty")?;
        let fields: Vec<f64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .collect();
        Ok(Self {
            all: fields.iter().take(8).sum(),
            // Idle, and waiting for the disk.
            idle: fields.iter().skip(3).take(2).sum(),
        })
    }
}
