//! What waits for one reader: bounded, whatever the reader does.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use api::console::{Lost, Topic};

use super::item::{Item, Key};

/// Events of which each counts.
pub(super) const MAX_OTHERS: usize = 256;
/// Things of which the newest state counts.
pub(super) const MAX_KEYED: usize = 1_024;

/// What waits for one reader, in the order of the numbers.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: BTreeMap<u64, Arc<Item>>,
    keyed: HashMap<Key, u64>,
    others: VecDeque<u64>,
    lost: BTreeMap<Topic, i64>,
}

/// What a reader gets next.
pub(super) enum Next {
    Item(Arc<Item>),
    Lost(Lost),
}

impl Inbox {
    /// Takes an event in. Answers the topic of one that had to go for it.
    pub(super) fn offer(&mut self, item: &Arc<Item>, epoch: &str) -> Option<Topic> {
        let mut item = Arc::clone(item);
        let dropped = if let Some(key) = item.key.clone() {
            match self.keyed.insert(key, item.number) {
                Some(older) => {
                    if let Some(older) = self.waiting.remove(&older) {
                        item = item.over(&older, epoch);
                    }
                    None
                }
                None if self.keyed.len() > MAX_KEYED => self.drop_oldest_keyed(),
                None => None,
            }
        } else {
            self.others.push_back(item.number);
            if self.others.len() > MAX_OTHERS {
                let oldest = self.others.pop_front();
                oldest.and_then(|number| self.waiting.remove(&number))
            } else {
                None
            }
        };
        self.waiting.insert(item.number, item);
        let topic = dropped?.topic;
        *self.lost.entry(topic).or_default() += 1;
        Some(topic)
    }

    fn drop_oldest_keyed(&mut self) -> Option<Arc<Item>> {
        let oldest = self.waiting.values().find_map(|item| item.key.clone())?;
        let number = self.keyed.remove(&oldest)?;
        self.waiting.remove(&number)
    }

    /// Losses come first: what follows them is newer.
    pub(super) fn next(&mut self) -> Option<Next> {
        if let Some((topic, count)) = self.lost.pop_first() {
            return Some(Next::Lost(Lost { topic, count }));
        }
        let (number, item) = self.waiting.pop_first()?;
        match &item.key {
            Some(key) => {
                self.keyed.remove(key);
            }
            None => self.others.retain(|other| *other != number),
        }
        Some(Next::Item(item))
    }

    /// Says that events of a topic are missing.
    pub(super) fn missed(&mut self, topic: Topic, count: i64) {
        *self.lost.entry(topic).or_default() += count;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
