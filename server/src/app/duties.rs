//! What runs again and again: on every process, or on one of all.

use std::{future::Future, time::Duration};

use chrono::{DateTime, Utc};

use super::App;
use crate::platform::{
    db::Entity, governance::DUTY, jobs::Leader, storage::TemporaryFiles, streams::EndReason,
};

const HOLDS: Duration = Duration::from_secs(15);
const REEMBED: Duration = Duration::from_mins(1);
/// How soon another process ends the streams of a user who was kept out here.
const STANDINGS: Duration = Duration::from_secs(2);
const LEFTOVERS: Duration = Duration::from_hours(1);
/// How often the levels are read that stand in tables.
const ON_RECORD: Duration = Duration::from_mins(1);
const DAILY: Duration = Duration::from_hours(24);

impl App {
    pub(super) fn start_duties(&self, leader: &Leader) {
        self.start_gauges(leader.clone());
        self.follow_users();
        self.watch_users();
        self.clean_temporary_files();
        let (budgets, alive) = (self.budgets.clone(), self.jobs.clone());
        let chat = self.chat.clone();
        self.on_one(leader, "budgets.expire", HOLDS, move || {
            let (budgets, alive, chat) = (budgets.clone(), alive.clone(), chat.clone());
            async move {
                // A hold that cannot expire does not keep the answers of others.
                let swept = budgets.sweep_once(&alive).await;
                let cut = chat.cut_orphans().await;
                swept.map_err(|error| error.to_string())?;
                cut.map(|_| ()).map_err(|error| error.to_string())
            }
        });
        let documents = self.documents.clone();
        let age = chrono::Duration::from_std(self.config.watchdog.ttl)
            .unwrap_or_else(|_| chrono::Duration::hours(1));
        self.on_one(
            leader,
            "documents.watchdog",
            self.config.watchdog.interval,
            move || {
                let documents = documents.clone();
                async move { documents.reset_stuck(None, age, None).await.map(|_| ()) }
            },
        );
        let documents = self.documents.clone();
        self.on_one(leader, "documents.orphans", LEFTOVERS, move || {
            let documents = documents.clone();
            async move {
                documents.finish_deletions().await?;
                documents.remove_orphaned_blobs().await.map(|_| ())
            }
        });
        let governance = self.governance.clone();
        self.on_one(leader, "exports.orphans", LEFTOVERS, move || {
            let governance = governance.clone();
            async move { governance.remove_orphaned_exports().await.map(|_| ()) }
        });
        let governance = self.governance.clone();
        self.on_one(leader, DUTY, DAILY, move || {
            let governance = governance.clone();
            async move { governance.sweep_daily().await.map(|_| ()) }
        });
        if self.config.ai.embedding_model.is_some() {
            let documents = self.documents.clone();
            self.on_one(leader, "documents.reembed", REEMBED, move || {
                let documents = documents.clone();
                async move { documents.reembed().await.map(|_| ()) }
            });
        }
    }

    fn on_one<D, F, E>(&self, leader: &Leader, name: &'static str, every: Duration, duty: D)
    where
        D: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        let (leader, stopping) = (leader.clone(), self.tasks.stopping().clone());
        self.tasks.spawn(name, async move {
            leader.run(name, every, &stopping, duty).await;
        });
    }

    fn start_gauges(&self, leader: Leader) {
        let gauges = self.ops.clone().keep_gauges(leader);
        self.tasks.spawn("gauges", gauges);
        let (governance, stopping) = (self.governance.clone(), self.tasks.stopping().clone());
        self.tasks.spawn("governance-gauges", async move {
            let rounds = async {
                loop {
                    if let Err(error) = governance.collect_gauges().await {
                        tracing::debug!(event = "gauges_not_read", %error);
                    }
                    tokio::time::sleep(ON_RECORD).await;
                }
            };
            stopping.run_until_cancelled(rounds).await;
        });
    }

    fn clean_temporary_files(&self) {
        let Some(age) = self.config.retention.uploads_tmp else {
            return;
        };
        let (files, clock) = (self.temporary.clone(), self.clock.clone());
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn("temporary-files", async move {
            let rounds = async {
                loop {
                    clean(files.clone(), age, clock.now()).await;
                    tokio::time::sleep(LEFTOVERS).await;
                }
            };
            stopping.run_until_cancelled(rounds).await;
        });
    }

    /// As [`App::follow_users`], for what other processes changed: asks for the users who have
    /// streams open here, and for nobody when there are none.
    fn watch_users(&self) {
        let (accounts, streams) = (self.accounts.clone(), self.streams.clone());
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn("user-standings", async move {
            let watch = async {
                loop {
                    tokio::time::sleep(STANDINGS).await;
                    let users = streams.users();
                    if users.is_empty() {
                        continue;
                    }
                    match accounts.kept_out(&users).await {
                        Ok(kept_out) => {
                            for user in kept_out {
                                streams.stop_user(user, EndReason::Revoked);
                            }
                        }
                        Err(error) => tracing::warn!(%error, "standings could not be read"),
                    }
                }
            };
            stopping.run_until_cancelled(watch).await;
        });
    }

    /// Ends the streams of users who may no longer come in.
    fn follow_users(&self) {
        let (mut changes, streams) = (self.db.changes(), self.streams.clone());
        let (accounts, stopping) = (self.accounts.clone(), self.tasks.stopping().clone());
        self.tasks.spawn("user-changes", async move {
            let follow = async {
                loop {
                    match changes.recv().await {
                        Ok(change) if change.entity == Entity::User => {
                            let Some(user) = change.user_id else { continue };
                            if accounts.is_active(user).await.is_ok_and(|active| !active) {
                                streams.stop_user(user, EndReason::Revoked);
                            }
                        }
                        Ok(_) => {}
                        Err(tokio::sync::broadcast::error::RecvError::Lagged(lost)) => {
                            tracing::warn!(lost, "user changes came faster than they were read");
                        }
                        Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    }
                }
            };
            stopping.run_until_cancelled(follow).await;
        });
    }
}

async fn clean(files: TemporaryFiles, age: Duration, now: DateTime<Utc>) {
    match tokio::task::spawn_blocking(move || files.clean(age, now.into())).await {
        Ok(Ok(0)) => {}
        Ok(Ok(removed)) => tracing::info!(event = "temporary_files_removed", removed),
        Ok(Err(error)) => tracing::warn!(%error, "temporary files could not be cleaned"),
        Err(error) => tracing::warn!(%error, "cleaning temporary files was cut"),
    }
}
