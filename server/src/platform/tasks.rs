//! Background tasks: each is named, tracked and told to stop; none outlives the server unseen.

use std::{future::Future, time::Duration};

use futures_util::FutureExt as _;
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

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
        // Boxed: what runs until it is cut would be kept twice, where it came from and where it runs.
        let future = Box::pin(future);
        tokio::spawn(self.tracker.track_future(async move {
            if hard.run_until_cancelled(future).await.is_none() {
                tracing::debug!(task = name, "task cut at the hard stop");
            }
        }));
    }

    /// Runs `future` to its end even when the caller is dropped meanwhile, as it is when its client
    /// leaves. `None` when the hard stop cut it.
    pub(crate) async fn carry_through<F>(&self, name: &'static str, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let future = future.in_current_span().map(move |result| {
            // Without a receiver nobody waits for the outcome any more.
            let _ = reply.send(result);
        });
        self.spawn(name, future);
        outcome.await.ok()
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

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_is_carried_through_outlives_who_asked_for_it() {
        let tasks = Tasks::default();
        assert_eq!(tasks.carry_through("sum", async { 1 + 1 }).await, Some(2));

        let begun = std::sync::Arc::new(Notify::new());
        let (go_on, wait) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let begins = begun.clone();
        let work = tasks.carry_through("work", async move {
            begins.notify_one();
            let _ = wait.await;
            let _ = done.send("to its end");
        });
        tokio::select! {
            _ = work => panic!("it waits"),
            () = begun.notified() => {}
        }
        go_on.send(()).expect("the work still waits");
        assert_eq!(ended.await, Ok("to its end"));
    }

    #[tokio::test]
    async fn what_the_hard_stop_cuts_has_no_outcome() {
        let tasks = Tasks::default();
        let stopping = tasks.clone();
        let (outcome, ()) = tokio::join!(
            tasks.carry_through("endless", std::future::pending::<()>()),
            stopping.stop(Duration::ZERO),
        );
        assert_eq!(outcome, None);
    }
}
