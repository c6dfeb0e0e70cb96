//! What the figures should be, and whether they are.

use serde::Serialize;

use crate::report::{Crowded, Report, Row, Start, Store, Subject};

const GET_OF_HELLO: f64 = 0.7;
const CHAT_OF_PROBE: f64 = 0.5;
const CHAT_OF_PROXY: f64 = 0.3;
/// Below this the aim is not merely missed.
const CHAT_FLOOR: f64 = 0.1;
const P99_OF_PROXY: f64 = 3.0;
const STREAMS_MIB: f64 = 150.0;
const DELTA_MS: f64 = 100.0;
const IDLE_MIB: f64 = 40.0;
const READY_MS: f64 = 300.0;
/// Where ratios are judged; the single connection is shown only.
const JUDGED: [usize; 2] = [16, 64];

/// One aim at one place.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) aim: String,
    pub(crate) place: String,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    pub(crate) met: bool,
}

impl Verdict {
    pub(crate) fn at_least(aim: String, place: String, measured: f64, wanted: f64) -> Self {
        Self {
            aim,
            place,
            measured,
            unit: "",
            met: measured >= wanted,
        }
    }

    pub(crate) fn at_most(
        aim: &str,
        place: String,
        measured: f64,
        (wanted, unit): (f64, &'static str),
    ) -> Self {
        Self {
            aim: aim.to_owned(),
            place,
            measured,
            unit,
            met: measured < wanted,
        }
    }

    /// The measured value with its unit.
    pub(crate) fn shown(&self) -> String {
        match self.unit {
            "" => format!("{:.2}", self.measured),
            unit => format!("{:.1} {unit}", self.measured),
        }
    }
}

/// Judges what a report holds; what was not measured is not judged.
pub(crate) fn judge(report: &Report) -> Vec<Verdict> {
    let loads = report
        .rows
        .iter()
        .filter(|row| JUDGED.contains(&row.connections));
    loads
        .flat_map(|row| of_load(report, row))
        .chain(report.starts.iter().flat_map(of_start))
        .chain(report.crowds.iter().flat_map(of_crowd))
        .chain(report.queues.iter().flat_map(crate::queue::judge))
        .chain(crate::telemetry::judge(&report.telemetry))
        .collect()
}

fn of_load(report: &Report, row: &Row) -> Vec<Verdict> {
    let place = format!(
        "{}, {} connections, {} user{}",
        row.store.name(),
        row.connections,
        row.users,
        if row.users == 1 { "" } else { "s" }
    );
    let beside = |subject: Subject, store: Store, users: usize| {
        report.rows.iter().find(|other| {
            other.subject == subject
                && other.store == store
                && other.users == users
                && other.connections == row.connections
        })
    };
    let ratio = |other: &Row| row.figure.per_second / other.figure.per_second;
    let mut verdicts = Vec::new();
    match row.subject {
        Subject::Stores => {
            if let Some(hello) = beside(Subject::Hello, Store::None, 1) {
                let aim = format!("GET ≥ {GET_OF_HELLO} of bare poem");
                verdicts.push(Verdict::at_least(aim, place, ratio(hello), GET_OF_HELLO));
            }
        }
        Subject::Chat => {
            if let Some(probe) = beside(Subject::Probe, row.store, row.users) {
                let aim = format!("chat ≥ {CHAT_OF_PROBE} of the probe");
                let measured = ratio(probe);
                verdicts.push(Verdict::at_least(
                    aim,
                    place.clone(),
                    measured,
                    CHAT_OF_PROBE,
                ));
            }
            if let Some(proxy) = beside(Subject::Proxy, Store::None, 1) {
                let measured = ratio(proxy);
                let aim = format!("chat ≥ {CHAT_OF_PROXY} of the proxy (floor {CHAT_FLOOR})");
                verdicts.push(Verdict::at_least(
                    aim,
                    place.clone(),
                    measured,
                    CHAT_OF_PROXY,
                ));
                let slower = row.figure.p99_ms / proxy.figure.p99_ms;
                verdicts.push(Verdict::at_most(
                    "chat's p99 ≤ 3 of the proxy's",
                    place,
                    slower,
                    (P99_OF_PROXY, ""),
                ));
            }
        }
        Subject::Hello | Subject::Proxy | Subject::Probe => {}
    }
    verdicts
}

fn of_start(start: &Start) -> Vec<Verdict> {
    let place = start.store.name();
    let ready = |of: &str, measured| {
        let place = format!("{place}, {of}");
        Verdict::at_most("ready < 300 ms", place, measured, (READY_MS, "ms"))
    };
    vec![
        ready("empty database", start.empty_ms),
        ready("schema there", start.again_ms),
        Verdict::at_most(
            "idle < 40 MB",
            place.to_owned(),
            start.idle_mib,
            (IDLE_MIB, "MiB"),
        ),
    ]
}

fn of_crowd(crowd: &Crowded) -> Vec<Verdict> {
    if crowd.subject != Subject::Chat {
        return Vec::new();
    }
    let place = format!("{}, {} streams", crowd.store.name(), crowd.held.streams);
    vec![
        Verdict::at_most(
            "1,000 streams < 150 MB",
            place.clone(),
            crowd.held.resident_mib,
            (STREAMS_MIB, "MiB"),
        ),
        Verdict::at_most(
            "no delta later than 100 ms",
            place,
            crowd.held.worst_ms,
            (DELTA_MS, "ms"),
        ),
    ]
}
