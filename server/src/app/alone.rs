//! Whether a server may serve beside others.

use entities::jobs::process;

use super::{App, start::StartError};
use crate::platform::jobs::Process;

impl App {
    /// In staging and production several servers need PostgreSQL and Redis: without, each would count
    /// a user's limits alone. Asked once this server is on the list itself: of two that start together
    /// the younger goes.
    pub(super) async fn must_be_alone(&self, process: &Process) -> Result<(), StartError> {
        let config = &self.config;
        if !config.environment.kind.is_guarded() {
            return Ok(());
        }
        let missing = if config.database.backend.is_sqlite() {
            "DATABASE_URL is SQLite, which is for one server: set it to PostgreSQL"
        } else if config.redis.url.is_none() {
            "REDIS_URL is not set, without which each server counts limits alone: set it"
        } else {
            return Ok(());
        };
        let Some(process::Model { id, host, pid, .. }) = process.elder_server().await? else {
            return Ok(());
        };
        process.stop().await?;
        Err(StartError::NotAlone {
            other: format!("{id}, process {pid} on {host}"),
            missing,
        })
    }
}
