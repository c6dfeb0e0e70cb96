//! The alarms that are raised, and since when.

use std::{cmp::Reverse, collections::BTreeMap};

use api::console as wire;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::lints::Raised;

/// What is raised now, by id.
#[derive(Default)]
pub(in super::super) struct Board(Mutex<BTreeMap<String, wire::Alarm>>);

impl Board {
    /// Takes the result of a look; answers what changed by it.
    pub(super) fn update(&self, raised: Vec<Raised>, now: DateTime<Utc>) -> Vec<wire::AlarmChange> {
        let mut board = self.0.lock();
        let mut before = std::mem::take(&mut *board);
        let mut changes = Vec::new();
        for raised in raised {
            let known = before.remove(&raised.id);
            let since = known.as_ref().map_or(now, |known| known.since_at);
            let alarm = raised.since(since);
            if known.as_ref() != Some(&alarm) {
                changes.push(wire::AlarmChange {
                    set: Some(alarm.clone()),
                    clear: None,
                });
            }
            board.insert(alarm.id.clone(), alarm);
        }
        changes.extend(before.into_keys().map(|id| wire::AlarmChange {
            set: None,
            clear: Some(id),
        }));
        changes
    }

    /// The worst first, then the oldest.
    pub(super) fn all(&self) -> Vec<wire::Alarm> {
        let mut alarms: Vec<wire::Alarm> = self.0.lock().values().cloned().collect();
        alarms.sort_by(|left, right| {
            (Reverse(left.severity), left.since_at, &left.id).cmp(&(
                Reverse(right.severity),
                right.since_at,
                &right.id,
            ))
        });
        alarms
    }
}

#[cfg(test)]
mod tests {
    use api::console::Severity;

    use super::*;

    fn raised(id: &str, severity: Severity, value: &str) -> Raised {
        Raised {
            id: id.to_owned(),
            severity,
            code: "code",
            object: None,
            value: Some(value.to_owned()),
            since: None,
            text: format!("{id} is {value}"),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn alarms_begin_change_and_end_once() {
        let board = Board::default();
        let changes = board.update(vec![raised("a", Severity::Warn, "1")], at(10));
        assert_eq!(changes[0].set.as_ref().unwrap().since_at, at(10));
        let same = board.update(vec![raised("a", Severity::Warn, "1")], at(20));
        assert_eq!(same, []);
        let both = vec![
            raised("a", Severity::Warn, "2"),
            raised("b", Severity::Bad, "1"),
        ];
        let changes = board.update(both, at(30));
        assert_eq!(changes.len(), 2);
        let ids: Vec<String> = board.all().into_iter().map(|alarm| alarm.id).collect();
        assert_eq!(ids, ["b", "a"], "the worst first");
        assert_eq!(board.all()[1].since_at, at(10), "since it began");
        let gone = board.update(Vec::new(), at(40));
        let cleared: Vec<_> = gone.into_iter().filter_map(|change| change.clear).collect();
        assert_eq!(cleared, ["a", "b"]);
        assert_eq!(board.all(), []);
    }
}
