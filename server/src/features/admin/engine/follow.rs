//! One console's feed: how it begins, and when its reader may not read any more.

use std::{sync::Arc, time::Duration};

use api::console::{ByeReason, FeedEvent, Topic};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, future::BoxFuture};
use tokio::time::{Interval, interval};

use super::{Engine, error::EngineError, run::UserChanges};
use crate::platform::{
    auth::principal::{Principal, Role},
    clock::Clock,
    feed::{Gate, Patience, Session, serve},
    http::{Credentials, Identity},
};

/// How long a reader waits for the feed to begin.
const AWAKE_WITHIN: Duration = Duration::from_secs(10);
/// How often a reader's right is looked at although nothing tells that it changed.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

impl Engine {
    /// The bytes of a feed. `last_seen` is the last event that the reader has.
    pub(super) async fn follow(
        &self,
        reader: &Principal,
        credentials: Credentials,
        topics: Vec<Topic>,
        last_seen: Option<&str>,
    ) -> Result<impl Stream<Item = Bytes> + Send + use<>, EngineError> {
        let parts = &self.0.parts;
        let changes = UserChanges(parts.db.changes(), reader.user_id);
        let opened = parts.feed.open(reader.user_id, topics, last_seen)?;
        // A snapshot that is taken once all is told misses nothing.
        let awake = tokio::time::timeout(AWAKE_WITHIN, self.awake());
        awake.await.map_err(|_| EngineError::Asleep)?;
        let first = match opened.snapshot {
            Some(number) => {
                let snapshot = self.snapshot(reader).await?;
                let event = FeedEvent::Snapshot(Box::new(snapshot));
                parts.feed.frame(number, &event)
            }
            None => None,
        };
        let (bytes, work) = serve(Session {
            reader: opened.reader,
            first,
            gate: Right {
                credentials,
                checking: None,
                changes,
                expires_at: reader.expires_at,
                clock: parts.clock.clone(),
                again: interval(LOOK_AGAIN),
            },
            clock: parts.clock.clone(),
            stopping: self.stopping(),
            patience: Patience::default(),
        });
        parts.tasks.spawn("feed-reader", work);
        Ok(bytes)
    }
}

/// A reader's right to read.
struct Right {
    credentials: Credentials,
    /// Who the credentials prove, being asked: the answer must come however busy the feed is.
    checking: Option<BoxFuture<'static, Identity>>,
    changes: UserChanges,
    expires_at: DateTime<Utc>,
    clock: Arc<dyn Clock>,
    again: Interval,
}

impl Right {
    async fn lost(&mut self) -> ByeReason {
        loop {
            let checking = if let Some(checking) = &mut self.checking {
                checking
            } else {
                tokio::select! {
                    () = self.changes.changed() => {}
                    _ = self.again.tick() => {}
                }
                if self.clock.now() >= self.expires_at {
                    return ByeReason::TokenExpired;
                }
                let identity = self.credentials.clone().identity();
                self.checking.insert(Box::pin(identity))
            };
            let identity = checking.await;
            self.checking = None;
            match identity {
                Identity::Known(principal) if may_read(principal.role) => {}
                // Whether it still counts cannot be asked now: that alone ends nothing.
                Identity::Refused(problem) if problem.status.is_server_error() => {}
                Identity::Known(_) | Identity::Anonymous | Identity::Refused(_) => {
                    return ByeReason::Forbidden;
                }
            }
        }
    }
}

fn may_read(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Auditor)
}

impl Gate for Right {
    fn closes(&mut self) -> BoxFuture<'_, ByeReason> {
        Box::pin(self.lost())
    }
}
