//! Hearing of changes in the queue. All of it may be lost without harm: workers look by themselves
//! once a second.

use std::time::Duration;

use entities::JobId;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{
    Jobs,
    queries::{listen, reads},
};
use crate::platform::{
    db::{Change, Entity},
    tasks::Tasks,
};

/// The wait before a lost connection for listening is opened again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

impl Jobs {
    /// Begins to follow the queue: changes by this process through the database's door, on
    /// PostgreSQL those of other processes too. Call it once in every process.
    pub(crate) fn follow(&self, tasks: &Tasks) {
        let stopping = tasks.stopping().clone();
        let jobs = self.clone();
        let mut changes = jobs.0.db.changes();
        tasks.spawn("job-changes", async move {
            let follow = async {
                loop {
                    match changes.recv().await {
                        Ok(change) => jobs.changed(&mut changes, change).await,
                        Err(RecvError::Lagged(_)) => jobs.wake(),
                        Err(RecvError::Closed) => return,
                    }
                }
            };
            stopping.run_until_cancelled(follow).await;
        });
        if listen::can_listen(self.0.db.read()) {
            let stopping = tasks.stopping().clone();
            let jobs = self.clone();
            tasks.spawn("job-listener", async move {
                stopping.run_until_cancelled(jobs.listen()).await;
            });
        }
    }

    pub(super) fn wake(&self) {
        self.0
            .wake
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    async fn changed(&self, changes: &mut broadcast::Receiver<Change>, first: Change) {
        let mut added = Vec::new();
        let mut next = Some(first);
        let mut any = false;
        while let Some(change) = next {
            if change.entity == Entity::Job {
                any = true;
                // A row that has never changed is a new one.
                if change.rev == 0
                    && let Ok(id) = change.id.parse()
                {
                    added.push(JobId(id));
                }
            }
            next = changes.try_recv().ok();
        }
        if any {
            self.wake();
        }
        if !added.is_empty() {
            self.count_added(&added).await;
        }
    }

    async fn count_added(&self, added: &[JobId]) {
        match reads::kinds_of(self.0.db.read(), added).await {
            Ok(kinds) => {
                for kind in kinds {
                    self.0.observer.enqueued(self.0.registry.label(&kind));
                }
            }
            Err(error) => tracing::warn!(%error, "cannot count added jobs"),
        }
    }

    async fn listen(&self) {
        loop {
            let heard = || self.wake();
            if let Err(error) = listen::listen(self.0.db.read(), heard).await {
                tracing::warn!(%error, "cannot listen for jobs, polling goes on");
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }
}
