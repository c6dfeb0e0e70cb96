//! What the feed has said: the console shows it, and adds nothing.

mod connection;
mod window;

pub use connection::{Connection, Line};
pub use window::{Want, Window};

use std::collections::VecDeque;

use api::console::{
    Alarm, AlarmChange, FeedEvent, Happening, ObjectRef, Provider, Pulse, SeriesPoint, Severity,
    Snapshot, Stream, StreamsChange,
};
use chrono::{DateTime, Utc};

/// The newest events that are kept.
const EVENTS: usize = 200;
/// Steps of ten seconds: ten minutes.
const STEPS: usize = 60;
/// The console's clock may be wrong by this much before it says so.
pub const CLOCK_TOLERANCE_S: i64 = 5;

/// The house, as last told.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    /// The last snapshot, with the pulse, the series, the streams and the providers kept up.
    pub snapshot: Option<Box<Snapshot>>,
    pub alarms: Vec<Alarm>,
    pub events: VecDeque<Happening>,
    /// Numbers of the last event, for the feed's own sake.
    pub last_id: Option<String>,
    /// How far this machine's clock is behind the server's, in milliseconds.
    pub behind_ms: i64,
    /// Audit entries that this console made: told already.
    told: VecDeque<i64>,
}

/// How the house is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Well,
    Look,
    Ill,
    /// Nothing is known yet.
    Unknown,
}

impl Verdict {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Well => "WELL",
            Verdict::Look => "LOOK",
            Verdict::Ill => "ILL",
            Verdict::Unknown => "-",
        }
    }
}

impl Mirror {
    /// Takes an event in. `now` is this machine's time.
    pub fn take(&mut self, event: &FeedEvent, now: DateTime<Utc>) {
        match event {
            FeedEvent::Snapshot(snapshot) => self.replace(snapshot, now),
            FeedEvent::Pulse(pulse) => self.pulse(pulse, now),
            FeedEvent::Streams(change) => self.streams(change),
            FeedEvent::Provider(provider) => self.provider(provider),
            FeedEvent::Alarm(change) => self.alarm(change),
            FeedEvent::Audit(entry) => {
                if self.told.contains(&entry.id) {
                    return;
                }
                let target = entry.target_label.as_ref().or(entry.target_id.as_ref());
                let actor = entry.actor_email.as_deref().unwrap_or("system");
                let target = target.map(String::as_str).unwrap_or_default();
                self.happened(Happening {
                    at: entry.at,
                    kind: "audit".to_owned(),
                    object: None,
                    text: format!("audit {actor} {} {target}", entry.action),
                });
            }
            FeedEvent::Job(job) => {
                let error = job.error.as_ref().map_or("", |error| error.class.as_str());
                self.happened(Happening {
                    at: job.updated_at,
                    kind: "job".to_owned(),
                    object: Some(ObjectRef {
                        kind: "job".to_owned(),
                        id: job.id.to_string(),
                    }),
                    text: format!("job {} {} {} {error}", job.id, job.kind, job.state)
                        .trim_end()
                        .to_owned(),
                });
            }
            FeedEvent::Account(_)
            | FeedEvent::Retention(_)
            | FeedEvent::Lost(_)
            | FeedEvent::Bye(_) => {}
        }
    }

    fn replace(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) {
        self.behind_ms = (snapshot.now - now).num_milliseconds();
        self.alarms.clone_from(&snapshot.alarms);
        self.events = snapshot.events.iter().take(EVENTS).cloned().collect();
        self.snapshot = Some(Box::new(snapshot.clone()));
    }

    fn pulse(&mut self, pulse: &Pulse, now: DateTime<Utc>) {
        self.behind_ms = (pulse.at - now).num_milliseconds();
        let Some(snapshot) = &mut self.snapshot else {
            return;
        };
        snapshot.pulse = pulse.clone();
        let step = |at: DateTime<Utc>| at.timestamp().div_euclid(10);
        let begins = snapshot
            .series
            .last()
            .is_none_or(|last| step(last.at) < step(pulse.at));
        if begins {
            snapshot.series.push(SeriesPoint {
                at: pulse.at,
                requests_per_s: Some(pulse.requests_per_s),
                error_ratio: pulse.error_ratio,
                tokens_out_per_s: Some(pulse.tokens_out_per_s),
                streams_open: Some(pulse.streams.open),
                jobs_queued: Some(pulse.jobs.queued),
            });
            let surplus = snapshot.series.len().saturating_sub(STEPS);
            snapshot.series.drain(..surplus);
        }
    }

    fn streams(&mut self, change: &StreamsChange) {
        let Some(snapshot) = &mut self.snapshot else {
            return;
        };
        apply_streams(&mut snapshot.streams, change);
    }

    fn provider(&mut self, provider: &Provider) {
        let Some(snapshot) = &mut self.snapshot else {
            return;
        };
        match snapshot
            .providers
            .iter_mut()
            .find(|known| known.name == provider.name)
        {
            Some(known) => *known = provider.clone(),
            None => snapshot.providers.push(provider.clone()),
        }
    }

    fn alarm(&mut self, change: &AlarmChange) {
        if let Some(id) = &change.clear {
            self.alarms.retain(|alarm| alarm.id != *id);
        }
        if let Some(alarm) = &change.set {
            self.alarms.retain(|known| known.id != alarm.id);
            self.alarms.push(alarm.clone());
            self.alarms.sort_by(|one, other| {
                (other.severity, one.since_at).cmp(&(one.severity, other.since_at))
            });
        }
    }

    fn happened(&mut self, happening: Happening) {
        self.events.push_front(happening);
        self.events.truncate(EVENTS);
    }

    /// This console did that: the feed need not tell it again.
    pub fn told(&mut self, audit_id: i64) {
        self.told.push_back(audit_id);
        while self.told.len() > 100 {
            self.told.pop_front();
        }
    }

    /// The server's time, by this machine's.
    pub fn server_time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + chrono::Duration::milliseconds(self.behind_ms)
    }

    /// Whether this machine's clock misleads.
    pub fn clock_is_off(&self) -> bool {
        self.behind_ms.abs() > CLOCK_TOLERANCE_S * 1_000
    }

    /// The state of the house in one word.
    pub fn verdict(&self) -> Verdict {
        if self.snapshot.is_none() {
            return Verdict::Unknown;
        }
        match self.alarms.first().map(|alarm| alarm.severity) {
            None => Verdict::Well,
            Some(Severity::Warn) => Verdict::Look,
            Some(Severity::Bad) => Verdict::Ill,
        }
    }

    pub fn pulse_now(&self) -> Option<&Pulse> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.pulse)
    }
}

/// Streams as they are after a change.
pub fn apply_streams(streams: &mut Vec<Stream>, change: &StreamsChange) {
    streams.retain(|stream| !change.remove.contains(&stream.id));
    for stream in &change.upsert {
        match streams.iter_mut().find(|known| known.id == stream.id) {
            Some(known) => *known = stream.clone(),
            None => streams.push(stream.clone()),
        }
    }
}
