//! The newest events, for readers who come back.

use std::{collections::VecDeque, sync::Arc};

use chrono::TimeDelta;

use super::item::Item;

const MAX_ITEMS: usize = 2_048;
const MAX_BYTES: usize = 1024 * 1024;
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);

/// Events without a gap, the newest last.
#[derive(Default)]
pub(super) struct Ring {
    items: VecDeque<Arc<Item>>,
    bytes: usize,
    /// The number up to which nothing is kept.
    floor: u64,
}

impl Ring {
    pub(super) fn push(&mut self, item: Arc<Item>) {
        self.bytes += item.frame.len();
        self.items.push_back(item);
        while self.items.len() > MAX_ITEMS || self.bytes > MAX_BYTES || self.oldest_is_old() {
            let Some(oldest) = self.items.pop_front() else {
                break;
            };
            self.bytes -= oldest.frame.len();
            self.floor = oldest.number;
        }
    }

    fn oldest_is_old(&self) -> bool {
        let (oldest, newest) = (self.items.front(), self.items.back());
        oldest
            .zip(newest)
            .is_some_and(|(oldest, newest)| newest.at - oldest.at > MAX_AGE)
    }

    /// Forgets everything: there is a gap after the event of this number.
    pub(super) fn break_at(&mut self, number: u64) {
        self.items.clear();
        self.bytes = 0;
        self.floor = number;
    }

    /// What followed an event; `None` when some of it is not kept any more.
    pub(super) fn after(&self, number: u64) -> Option<Vec<Arc<Item>>> {
        if number < self.floor {
            return None;
        }
        let start = self.items.partition_point(|item| item.number <= number);
        Some(self.items.range(start..).cloned().collect())
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.items.len(), self.bytes)
    }
}
