//! From process to process, by the database's own messages: which rows changed, so that each
//! process reads them and tells its own readers.
//!
//! Messages may be lost: the feed says so then, and who was shut out elsewhere is refused here a few
//! seconds later. Changes of jobs
//! are many: they are told only while somebody somewhere follows a feed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use entities::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
const REPORT_BYTES: usize = 7_000;
/// What changed within this time goes into one message.
const GATHER: Duration = Duration::from_millis(50);
/// How often a process with readers says so, and how long that is believed.
const INTEREST: Duration = Duration::from_secs(10);
const INTERESTED_FOR: Duration = Duration::from_secs(30);
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// What a slow follower may fall behind.
const KEPT: usize = 4_096;

/// Who wants an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ender {
    /// Whose it is.
    Owner,
    #[default]
    Admin,
}

/// What another process told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A row changed there.
    Changed(Change),
    /// An answer is to be ended wherever it is.
    EndStream(Uuid, Ender),
    /// A user's answers are to be ended wherever they are.
    EndStreamsOf(UserId),
    /// A part of what another process has open.
    Report(Report),
    /// Messages were lost.
    Gap,
}

/// A part of what a process has open. The parts of one round together are all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Its epoch.
    #[serde(skip)]
    pub(crate) from: String,
    pub(crate) round: u64,
    /// Whether the round is whole with this part.
    pub(crate) last: bool,
    pub(crate) rows: Vec<Value>,
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
    Changes {
        rows: Vec<Row>,
    },
    EndStream {
        id: Uuid,
        #[serde(default)]
        by: Ender,
    },
    EndStreamsOf {
        user: i64,
    },
    Report(Report),
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
    interest: watch::Sender<Option<Instant>>,
}

impl Relay {
    pub(crate) fn new(db: Db, epoch: String) -> Self {
        Self(Arc::new(Inner {
            db,
            epoch,
            heard: broadcast::Sender::new(KEPT),
            interest: watch::Sender::new(None),
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
    pub(crate) async fn end_stream(&self, id: Uuid, by: Ender) {
        if self.reaches_others() {
            self.send(What::EndStream { id, by }).await;
        }
    }

    /// Asks every other process to end a user's answers.
    pub(crate) async fn end_streams_of(&self, user: UserId) {
        if self.reaches_others() {
            self.send(What::EndStreamsOf { user: user.0 }).await;
        }
    }

    /// Tells every other process what is open here, in as many messages as it takes.
    pub(crate) async fn report(&self, round: u64, rows: Vec<Value>) {
        let mut parts: Vec<Vec<Value>> = vec![Vec::new()];
        let mut bytes = 0;
        for row in rows {
            let size = row.to_string().len();
            bytes += size;
            match parts.last_mut() {
                Some(part) if bytes <= REPORT_BYTES => part.push(row),
                _ => {
                    bytes = size;
                    parts.push(vec![row]);
                }
            }
        }
        let last = parts.len() - 1;
        for (number, rows) in parts.into_iter().enumerate() {
            let report = Report {
                from: String::new(),
                round,
                last: number == last,
                rows,
            };
            self.send(What::Report(report)).await;
        }
    }

    /// Asks the other processes to tell what is open there, now and for a while.
    pub(crate) async fn ask(&self) {
        if self.reaches_others() {
            self.send(What::Interest).await;
        }
    }

    /// Which process this is, to the others.
    pub(crate) fn epoch(&self) -> &str {
        &self.0.epoch
    }

    /// Changes when another process says that somebody reads there.
    pub(crate) fn interest(&self) -> watch::Receiver<Option<Instant>> {
        self.0.interest.subscribe()
    }

    /// Whether somebody reads in another process.
    pub(crate) fn somebody_reads_elsewhere(&self) -> bool {
        let interest = *self.0.interest.borrow();
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
            What::Interest => {
                self.0.interest.send_replace(Some(Instant::now()));
            }
            What::EndStream { id, by } => self.hear(Heard::EndStream(id, by)),
            What::EndStreamsOf { user } => self.hear(Heard::EndStreamsOf(UserId(user))),
            What::Report(report) => self.hear(Heard::Report(Report {
                from: message.from,
                ..report
            })),
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
