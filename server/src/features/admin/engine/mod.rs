//! The engine room as admins see it: the house at a glance and the feed of what happens in it,
//! answers under way, providers, alarms, the machinery.
//!
//! Nothing here is reckoned while nobody looks, except the samples of the ten-minute series.

mod alarms;
mod api;
mod elsewhere;
mod error;
mod follow;
mod happenings;
mod job_acts;
mod job_numbers;
mod jobs;
mod probe;
mod providers;
mod pulse;
mod reading;
mod retention;
mod run;
mod snapshot;
mod stream_list;
mod streams;
mod system;
mod tell;

pub(crate) use api::{PREFIXES, STREAMING, register};
pub(super) use error::EngineError;

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    features::{accounts::Accounts, admin::Administration, ops::Ops},
    platform::{
        ai::{Gateway, ModelRef},
        audit::Audit,
        auth::identify::Authenticator,
        budgets::Budgets,
        clock::Clock,
        config::{EnvironmentConfig, PriceTable, Setting},
        db::Db,
        feed::{Feed, Relay},
        governance::Governance,
        jobs::Jobs,
        rates::Rates,
        storage::Blobs,
        streams::StreamHub,
        tasks::Tasks,
        telemetry::Telemetry,
    },
};
use alarms::Board;
use elsewhere::Elsewhere;
use reading::Kept;
use tell::Told;

/// What the feature needs from the house.
pub(crate) struct EngineParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tasks: Tasks,
    pub(crate) telemetry: Telemetry,
    pub(crate) administration: Administration,
    pub(crate) accounts: Accounts,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) ops: Ops,
    pub(crate) budgets: Budgets,
    pub(crate) prices: PriceTable,
    pub(crate) governance: Governance,
    pub(crate) jobs: Jobs,
    pub(crate) audit: Audit,
    pub(crate) streams: StreamHub,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) embedder: Option<ModelRef>,
    pub(crate) blobs: Blobs,
    pub(crate) storage: std::path::PathBuf,
    pub(crate) environment: EnvironmentConfig,
    pub(crate) settings: Vec<Setting>,
    pub(crate) feed: Feed,
    pub(crate) relay: Relay,
    pub(crate) rates: Rates,
}

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Inner>);

struct Inner {
    parts: EngineParts,
    kept: Kept,
    board: Board,
    told: Told,
    elsewhere: Elsewhere,
    /// Whether what happens is being published.
    awake: watch::Sender<bool>,
    process: OnceLock<Uuid>,
}

impl Engine {
    pub(crate) fn new(parts: EngineParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            kept: Kept::default(),
            board: Board::default(),
            told: Told::default(),
            elsewhere: Elsewhere::default(),
            awake: watch::Sender::new(false),
            process: OnceLock::new(),
        }))
    }

    /// Begins to sample and, while somebody reads, to publish. Call it once in every process.
    pub(crate) fn start(&self, process: Uuid) {
        // A process registers once.
        let _ = self.0.process.set(process);
        let parts = &self.0.parts;
        parts.relay.start(parts.feed.readers(), &parts.tasks);
        let (engine, stopping) = (self.clone(), self.stopping());
        parts.tasks.spawn("rates", async move {
            stopping.run_until_cancelled(engine.sample()).await;
        });
        let (engine, stopping) = (self.clone(), self.stopping());
        parts.tasks.spawn("feed", async move {
            stopping.run_until_cancelled(engine.publish()).await;
        });
        let (engine, stopping) = (self.clone(), self.stopping());
        parts.tasks.spawn("feed-elsewhere", async move {
            stopping.run_until_cancelled(engine.obey()).await;
        });
        if parts.relay.reaches_others() {
            let (engine, stopping) = (self.clone(), self.stopping());
            parts.tasks.spawn("streams-teller", async move {
                stopping.run_until_cancelled(engine.tell_streams()).await;
            });
        }
    }

    fn stopping(&self) -> CancellationToken {
        self.0.parts.tasks.stopping().clone()
    }

    /// This process, as its row names it; nothing before it has one.
    fn process(&self) -> String {
        let id = self.0.process.get();
        id.map_or_else(String::new, Uuid::to_string)
    }
}
