//! Administration and the engine room, put together.

use std::sync::Arc;

use super::{Ground, Means};
use crate::{
    features::{
        accounts::Accounts,
        admin::{
            Administration, AdministrationParts,
            engine::{Engine, EngineParts, STREAMING},
        },
        documents::Documents,
        ops::Ops,
    },
    platform::{
        auth::identify::Authenticator, config::Registration, feed::Feed, governance::Governance,
        rates::Rates,
    },
};

impl Ground {
    pub(super) fn admin(
        &self,
        means: &Means,
        accounts: &Accounts,
        documents: &Documents,
        governance: &Governance,
    ) -> Administration {
        Administration::new(AdministrationParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            tasks: self.tasks.clone(),
            telemetry: self.telemetry.clone(),
            streams: means.streams.clone(),
            default_needed: self.config.auth.registration == Registration::Open
                && self.config.environment.kind.is_guarded(),
            accounts: accounts.clone(),
            documents: documents.clone(),
            budgets: means.budgets.clone(),
            jobs: means.jobs.clone(),
            audit: means.audit.clone(),
            relay: means.relay.clone(),
            governance: governance.clone(),
        })
    }

    pub(super) fn engine(
        &self,
        means: &Means,
        (accounts, authenticator): (&Accounts, &Arc<Authenticator>),
        admin: &Administration,
        governance: &Governance,
        ops: &Ops,
    ) -> Engine {
        Engine::new(EngineParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            telemetry: self.telemetry.clone(),
            administration: admin.clone(),
            accounts: accounts.clone(),
            authenticator: authenticator.clone(),
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
            feed: Feed::new(
                means.relay.epoch().to_owned(),
                self.clock.clone(),
                self.telemetry.clone(),
            ),
            relay: means.relay.clone(),
            rates: Rates::new(self.telemetry.clone(), self.clock.clone(), STREAMING),
        })
    }
}
