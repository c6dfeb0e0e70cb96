//! Answers under way in other processes, as those processes tell of them while somebody looks.

use std::{collections::HashMap, time::Duration};

use api::console as wire;
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{Instant, interval},
};

use super::Engine;
use crate::platform::feed::Report;

/// How often a process tells.
const SECOND: Duration = Duration::from_secs(1);
/// How long that is believed.
const BELIEVED: Duration = Duration::from_secs(4);

/// What one process told.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    whole: Vec<wire::Stream>,
    round: u64,
    coming: Vec<wire::Stream>,
}

/// What the other processes told.
#[derive(Default)]
pub(super) struct Elsewhere {
    processes: Mutex<HashMap<String, Told>>,
    told: watch::Sender<()>,
}

impl Elsewhere {
    /// Takes a part of a round; what was told before stands until the round is whole.
    pub(super) fn take(&self, report: Report, now: Instant) {
        let mut processes = self.processes.lock();
        processes.retain(|_, told| told.at.is_none_or(|at| now.duration_since(at) < BELIEVED));
        let told = processes.entry(report.from).or_default();
        if told.round != report.round {
            told.round = report.round;
            told.coming.clear();
        }
        let rows = report.rows.into_iter();
        // A process of another version may tell of them in another way: they are shown by what
        // their money tells.
        let readable = rows.filter_map(|row| serde_json::from_value(row).ok());
        told.coming.extend(readable);
        if report.last {
            told.whole = std::mem::take(&mut told.coming);
            told.at = Some(now);
            drop(processes);
            self.told.send_replace(());
        }
    }

    /// What is believed now.
    pub(super) fn streams(&self, now: Instant) -> Vec<wire::Stream> {
        let processes = self.processes.lock();
        let believed = processes
            .values()
            .filter(|told| told.at.is_some_and(|at| now.duration_since(at) < BELIEVED));
        believed.flat_map(|told| told.whole.clone()).collect()
    }

    /// Changes when a process has told.
    pub(super) fn told(&self) -> watch::Receiver<()> {
        self.told.subscribe()
    }
}

impl Engine {
    /// Tells the other processes what is open here, while somebody reads there, for ever. Addresses
    /// of users are not told: whoever shows them looks them up.
    pub(super) async fn tell_streams(self) {
        let parts = &self.0.parts;
        let mut interest = parts.relay.interest();
        let mut seconds = interval(SECOND);
        let (mut round, mut told_of_none) = (0, true);
        loop {
            if parts.relay.somebody_reads_elsewhere() {
                tokio::select! {
                    _ = seconds.tick() => {}
                    asked = interest.changed() => if asked.is_err() { return },
                }
            } else if interest.changed().await.is_err() {
                return;
            }
            let rows = self.streams_here();
            if rows.is_empty() && told_of_none {
                continue;
            }
            told_of_none = rows.is_empty();
            round += 1;
            let rows = rows.iter().filter_map(|row| serde_json::to_value(row).ok());
            parts.relay.report(round, rows.collect()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn report(from: &str, round: u64, last: bool, ids: &[&str]) -> Report {
        let row = |id: &&str| {
            json!({
                "id": id, "user_id": 1, "email": "", "kind": "chat", "provider": "offline",
                "model": "extractive", "state": "streaming",
                "started_at": "2026-11-21T12:00:00Z", "first_token_ms": 4, "tokens_out": 9,
                "tokens_per_s": 3.5, "series": [], "cost_nanos": 0, "held_nanos": 7,
                "buffer_bytes": 12, "process": from,
            })
        };
        Report {
            from: from.to_owned(),
            round,
            last,
            rows: ids.iter().map(row).collect(),
        }
    }

    fn ids(elsewhere: &Elsewhere, now: Instant) -> Vec<String> {
        let streams = elsewhere.streams(now);
        let mut ids: Vec<String> = streams.into_iter().map(|stream| stream.id).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn a_round_counts_when_it_is_whole_and_is_believed_for_seconds() {
        let elsewhere = Elsewhere::default();
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        elsewhere.take(report("w1", 1, false, &["a"]), began);
        assert!(ids(&elsewhere, began).is_empty());
        elsewhere.take(report("w1", 1, true, &["b"]), began);
        elsewhere.take(report("w2", 7, true, &["c"]), began);
        assert_eq!(ids(&elsewhere, began), ["a", "b", "c"]);
        elsewhere.take(report("w1", 2, false, &["b"]), at(3));
        assert_eq!(ids(&elsewhere, at(3)), ["a", "b", "c"]);
        elsewhere.take(report("w1", 2, true, &[]), at(3));
        assert_eq!(ids(&elsewhere, at(3)), ["b", "c"]);
        assert_eq!(ids(&elsewhere, at(5)), ["b"], "w2 is silent");
        let mut unreadable = report("w3", 1, true, &["d"]);
        unreadable.rows.push(Value::Null);
        elsewhere.take(unreadable, at(5));
        assert_eq!(ids(&elsewhere, at(5)), ["b", "d"]);
    }
}
