//! From process to process, by the database's own messages: which rows changed, so that each
//! process reads them and tells its own readers.
//!
//! Messages may be lost without harm to anything but the feed, and then it says so. Changes of jobs
//! are many: they are told only while somebody somewhere follows a feed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use entities::UserId;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{broadcast, broadcast::error::RecvError, watch},
    time::Instant,
};
use uuid::Uuid;

use super::queries;
use crate::platform::{
    db::{Change, Db, Entity},
    tasks::Tasks,
};

/// PostgreSQL takes 8,000 bytes.
const MAX_CHANGES: usize = 100;
/// What changed within this time goes into one message.
const GATHER: Duration = Duration::from_millis(50);
/// How often a process with readers says so, and how long that is believed.
const INTEREST: Duration = Duration::from_secs(10);
const INTERESTED_FOR: Duration = Duration::from_secs(30);
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// What a slow follower may fall behind.
const KEPT: usize = 4_096;

/// What another process told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A row changed there.
    Changed(Change),
    /// An answer is to be ended wherever it is.
    EndStream(Uuid),
    /// Messages were lost.
    Gap,
}

#[derive(Serialize, Deserialize)]
struct Message {
    from: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
enum What {
    Changes { rows: Vec<Row> },
    EndStream { id: Uuid },
    Interest,
}

/// Kind, id, whose, rev.
#[derive(Serialize, Deserialize)]
struct Row(String, String, Option<i64>, i64);

/// The way to the other processes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Relay(Arc<Inner>);

struct Inner {
    db: Db,
    epoch: String,
    heard: broadcast::Sender<Heard>,
    /// When another process last said that somebody reads there.
    interest: Mutex<Option<Instant>>,
}

impl Relay {
    pub(crate) fn new(db: Db, epoch: String) -> Self {
        Self(Arc::new(Inner {
            db,
            epoch,
            heard: broadcast::Sender::new(KEPT),
            interest: Mutex::new(None),
        }))
    }

    /// Whether there is a way to other processes at all.
    pub(crate) fn reaches_others(&self) -> bool {
        self.0.db.carries_messages()
    }

    /// What other processes tell.
    pub(crate) fn heard(&self) -> broadcast::Receiver<Heard> {
        self.0.heard.subscribe()
    }

    /// Begins to tell and to listen; nothing happens where there is no way. `readers` is how many
    /// follow the feed of this process.
    pub(crate) fn start(&self, readers: watch::Receiver<usize>, tasks: &Tasks) {
        if !self.reaches_others() {
            return;
        }
        let stopping = tasks.stopping().clone();
        let relay = self.clone();
        tasks.spawn("feed-listener", async move {
            stopping.run_until_cancelled(relay.listen()).await;
        });
        let (stopping, relay) = (tasks.stopping().clone(), self.clone());
        let changes = self.0.db.changes();
        tasks.spawn("feed-teller", async move {
            stopping.run_until_cancelled(relay.tell_all(changes)).await;
        });
        let (stopping, relay) = (tasks.stopping().clone(), self.clone());
        tasks.spawn("feed-interest", async move {
            let repeat = relay.say_interest(readers);
            stopping.run_until_cancelled(repeat).await;
        });
    }

    /// Asks every other process to end an answer.
    pub(crate) async fn end_stream(&self, id: Uuid) {
        if self.reaches_others() {
            self.send(What::EndStream { id }).await;
        }
    }

    fn somebody_reads_elsewhere(&self) -> bool {
        let interest = *self.0.interest.lock();
        interest.is_some_and(|at| at.elapsed() < INTERESTED_FOR)
    }

    async fn say_interest(&self, mut readers: watch::Receiver<usize>) {
        loop {
            while *readers.borrow_and_update() == 0 {
                if readers.changed().await.is_err() {
                    return;
                }
            }
            self.send(What::Interest).await;
            tokio::time::sleep(INTEREST).await;
        }
    }

    async fn tell_all(&self, mut changes: broadcast::Receiver<Change>) {
        loop {
            let first = match changes.recv().await {
                Ok(change) => change,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let mut newest = BTreeMap::new();
            self.gather(&mut newest, first);
            tokio::time::sleep(GATHER).await;
            while let Ok(change) = changes.try_recv() {
                self.gather(&mut newest, change);
            }
            let mut rows: Vec<Row> = newest.into_values().collect();
            while !rows.is_empty() {
                let rest = rows.split_off(rows.len().min(MAX_CHANGES));
                self.send(What::Changes { rows }).await;
                rows = rest;
            }
        }
    }

    fn gather(&self, newest: &mut BTreeMap<(String, String), Row>, change: Change) {
        let word = change.entity.word();
        let many = matches!(
            change.entity,
            Entity::Job | Entity::Period | Entity::Document
        );
        if many && !self.somebody_reads_elsewhere() {
            return;
        }
        let key = (word.to_owned(), change.id.clone());
        let user = change.user_id.map(|user| user.0);
        newest.insert(key, Row(word.to_owned(), change.id, user, change.rev));
    }

    async fn send(&self, what: What) {
        let message = Message {
            from: self.0.epoch.clone(),
            what,
        };
        let outcome = match serde_json::to_string(&message) {
            Ok(text) => queries::notify(&self.0.db, text)
                .await
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = outcome {
            tracing::warn!(event = "feed_not_told", %error);
        }
    }

    async fn listen(&self) {
        loop {
            let heard = |message: Option<&str>| match message {
                Some(message) => self.take(message),
                None => self.hear(Heard::Gap),
            };
            if let Err(error) = queries::listen(&self.0.db, heard).await {
                tracing::warn!(event = "feed_not_heard", %error);
            }
            self.hear(Heard::Gap);
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    fn take(&self, payload: &str) {
        let Ok(message) = serde_json::from_str::<Message>(payload) else {
            tracing::debug!(event = "feed_message_unknown");
            return;
        };
        if message.from == self.0.epoch {
            return;
        }
        match message.what {
            What::Interest => *self.0.interest.lock() = Some(Instant::now()),
            What::EndStream { id } => self.hear(Heard::EndStream(id)),
            What::Changes { rows } => {
                for Row(kind, id, user, rev) in rows {
                    let Some(entity) = Entity::of_word(&kind) else {
                        continue;
                    };
                    self.hear(Heard::Changed(Change {
                        entity,
                        id,
                        user_id: user.map(UserId),
                        rev,
                    }));
                }
            }
        }
    }

    fn hear(&self, heard: Heard) {
        // Without a follower there is nobody to tell.
        let _ = self.0.heard.send(heard);
    }
}
