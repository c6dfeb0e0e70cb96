//! Whether a server may serve beside others.

use entities::ProcessKind;

use super::{App, start::StartError};
use crate::platform::jobs::{Place, Process};

impl App {
    /// Puts this process on the list of those that run.
    pub(super) async fn register(&self, kind: ProcessKind) -> Result<Process, StartError> {
        let missing = self
            .missing_for_two()
            .filter(|_| kind == ProcessKind::Serve);
        let place = missing.map_or(Place::Among, |_| Place::Alone);
        let clock = self.clock.clone();
        let registered = Process::register(&self.db, clock, &self.entropy, (kind, place)).await?;
        registered.map_err(|other| StartError::NotAlone {
            other: format!("{}, process {} on {}", other.id, other.pid, other.host),
            missing: missing.unwrap_or_default(),
        })
    }

    /// In staging and production several servers need PostgreSQL and Redis: without, each would count
    /// a user's limits alone.
    fn missing_for_two(&self) -> Option<&'static str> {
        let config = &self.config;
        if !config.environment.kind.is_guarded() {
            None
        } else if config.database.backend.is_sqlite() {
            Some(
                "DATABASE_URL is SQLite, which is for one server: set it to PostgreSQL, and REDIS_URL",
            )
        } else if config.redis.url.is_none() {
            Some("REDIS_URL is not set, without which each server counts limits alone: set it")
        } else {
            None
        }
    }
}
