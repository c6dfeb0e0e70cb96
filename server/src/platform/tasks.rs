//! Background tasks: each is named, tracked and told to stop; none outlives the server unseen.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tracker of every task, with two ways to stop. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
        }
    }
}

impl Tasks {
    /// Runs `future` until it ends or the hard stop cuts it.
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub(crate) fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let hard = self.hard.clone();
        tokio::spawn(self.tracker.track_future(async move {
            if hard.run_until_cancelled(future).await.is_none() {
                tracing::debug!(task = name, "task cut at the hard stop");
            }
        }));
    }

    /// Cancelled when the server begins to stop: take nothing new, end what is open.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when the drain time is over.
    pub(crate) fn cut(&self) -> &CancellationToken {
        &self.hard
    }

    /// Stops softly, waits at most `drain` for the tasks to end, then cuts them.
    pub(crate) async fn stop(&self, drain: Duration) {
        self.soft.cancel();
        self.tracker.close();
        if tokio::time::timeout(drain, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                remaining = self.tracker.len(),
                "drain time over, cutting tasks"
            );
        }
        self.hard.cancel();
        self.tracker.wait().await;
    }
}
