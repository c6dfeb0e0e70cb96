//! The engine room, put together.

use super::{Ground, Means};
use crate::{
    features::{
        accounts::Accounts,
        admin::{
            Administration,
            engine::{Engine, EngineParts, STREAMING},
        },
        ops::Ops,
    },
    platform::{
        feed::{Feed, Relay},
        governance::Governance,
        rates::Rates,
    },
};

impl Ground {
    pub(super) fn engine(
        &self,
        means: &Means,
        accounts: &Accounts,
        admin: &Administration,
        governance: &Governance,
        ops: &Ops,
    ) -> Engine {
        let epoch = format!("w{}", hex::encode(self.entropy.bytes::<4>()));
        Engine::new(EngineParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            telemetry: self.telemetry.clone(),
            administration: admin.clone(),
            accounts: accounts.clone(),
            ops: ops.clone(),
            budgets: means.budgets.clone(),
            prices: self.config.budgets.prices.clone(),
            governance: governance.clone(),
            jobs: means.jobs.clone(),
            audit: means.audit.clone(),
            streams: means.streams.clone(),
            gateway: means.gateway.clone(),
            embedder: self.config.ai.embedding_model.clone(),
            blobs: self.blobs.clone(),
            storage: self.config.storage.dir.clone(),
            environment: self.config.environment.clone(),
            settings: self.config.masked().to_vec(),
            feed: Feed::new(epoch.clone(), self.clock.clone(), self.telemetry.clone()),
            relay: Relay::new(self.db.clone(), epoch),
            rates: Rates::new(self.telemetry.clone(), self.clock.clone(), STREAMING),
        })
    }
}
