//! The composition root: settings become the platform, the platform becomes features, features
//! register their routes, jobs and duties. Used by `main` and by the tests alike.

mod across;
mod alone;
mod duties;
mod engine;
mod retention;
mod run;
mod secret;
mod settings;
mod start;

pub use crate::platform::clock::{Clock, ManualClock};
pub use run::Stop;
pub(crate) use run::bind_any;
pub(crate) use settings::{EXTRACT_CHILD, backup_house};
pub use start::StartError;
pub(crate) use start::{Schema, db_settings};

use std::{path::PathBuf, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    features::{
        accounts::{Accounts, AccountsDirectory, AccountsParts},
        admin::{Administration, BulkAct, engine::Engine},
        chat::{Chat, ChatParts},
        documents::{DocumentParts, Documents, IndexDocument, PurgeDocument},
        jobs::OwnJobs,
        ops::{Ops, OpsParts},
    },
    platform::{
        ai::{AiSettings, Gateway},
        audit::Audit,
        auth::{
            identify::Authenticator,
            password::Passwords,
            tokens::{AccessKey, AccessTokens},
        },
        budgets::{BudgetSettings, Budgets},
        config::{Config, EnvSource},
        db::Db,
        entropy::Entropy,
        feed::Relay,
        governance::{EraseUser, ExportUser, Governance, RunRetention},
        jobs::{Jobs, MoveJobsOfUser, ResumeAwaitingBudget},
        limits::Limits,
        observe::Observers,
        outbound,
        redis::Redis,
        retrieval::VectorIndex,
        storage::{Blobs, TemporaryFiles},
        streams::{Mirror, SharedFrames, StreamHub},
        tasks::Tasks,
        telemetry::Telemetry,
    },
};

/// What a test may replace and `main` takes from the system.
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
    /// The program that extracts documents as a child: this one.
    pub program: PathBuf,
}

impl Surroundings {
    /// The system's clock and randomness, and the running program.
    pub fn of_system() -> Result<Self, StartError> {
        Ok(Self {
            clock: Arc::new(crate::platform::clock::SystemClock),
            entropy: Entropy::from_system(),
            program: std::env::current_exe().map_err(StartError::Program)?,
        })
    }

    /// The same with another program for extraction: the tests are not the server's binary.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }
}

/// The application, assembled and not yet running.
pub struct App {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) tasks: Tasks,
    pub(crate) db: Db,
    pub(crate) blobs: Blobs,
    pub(crate) temporary: TemporaryFiles,
    pub(crate) budgets: Budgets,
    pub(crate) audit: Audit,
    pub(crate) jobs: Jobs,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) streams: StreamHub,
    pub(crate) limits: Arc<Limits>,
    pub(crate) redis: Option<Redis>,
    pub(crate) mirror: Option<Mirror>,
    pub(crate) observers: Arc<Observers>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) passwords: Passwords,
    pub(crate) accounts: Accounts,
    pub(crate) documents: Documents,
    pub(crate) chat: Chat,
    pub(crate) governance: Governance,
    pub(crate) own_jobs: OwnJobs,
    pub(crate) admin: Administration,
    pub(crate) engine: Engine,
    pub(crate) ops: Ops,
}

/// Vectors kept in memory for search, in bytes.
const VECTOR_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// The part of the application on which the features stand.
struct Ground {
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    tasks: Tasks,
    telemetry: Telemetry,
    observers: Arc<Observers>,
    db: Db,
    blobs: Blobs,
    temporary: TemporaryFiles,
    secret: SecretString,
    program: PathBuf,
}

impl App {
    /// As [`App::build`], with the settings as pairs of variable and value; nothing else is read.
    pub async fn from_settings(
        settings: impl IntoIterator<Item = (String, String)>,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let (config, _) = Config::load(&EnvSource::from_pairs(settings))
            .map_err(|problems| StartError::Settings(problems.to_string()))?;
        Self::build(config, surroundings, Schema::Forward).await
    }

    /// Opens the stores and puts the parts together; only the writers of the database run yet.
    pub(crate) async fn build(
        config: Config,
        surroundings: Surroundings,
        schema: Schema,
    ) -> Result<Self, StartError> {
        let db = start::database(&config, schema).await?;
        Self::assemble(Ground::open(config, surroundings, db)?)
    }

    fn assemble(ground: Ground) -> Result<Self, StartError> {
        let means = ground.means()?;
        let (accounts, authenticator, passwords) = ground.identity(&means.budgets, &means.audit)?;
        let documents = ground.documents(&means)?;
        means.jobs.register(IndexDocument(documents.clone()))?;
        means.jobs.register(PurgeDocument(documents.clone()))?;
        let governance = ground.governance(&means);
        means.jobs.register(RunRetention(governance.clone()))?;
        means.jobs.register(EraseUser(governance.clone()))?;
        means.jobs.register(ExportUser(governance.clone()))?;
        #[cfg(feature = "failpoints")]
        means
            .jobs
            .register(crate::platform::jobs::Drill(means.audit.clone()))?;
        let month_turn = ResumeAwaitingBudget(means.jobs.clone());
        means.jobs.register(month_turn)?;
        means.jobs.register(MoveJobsOfUser(means.jobs.clone()))?;
        means.jobs.schedule(ResumeAwaitingBudget::schedule()?)?;
        ground.db.observed_by(ground.observers.clone());
        let chat = ground.chat(&means, &documents);
        let admin = ground.admin(&means, &accounts, &documents, &governance);
        means.jobs.register(BulkAct(admin.clone()))?;
        ground.observers.expect_jobs(&means.jobs.kinds());
        let ops = ground.ops(&means);
        let identity = (&accounts, &authenticator);
        let engine = ground.engine(&means, identity, &admin, &governance, &ops);
        let stopping = ground.tasks.stopping().clone();
        let own_jobs = OwnJobs::new(means.jobs.clone(), ground.clock.clone(), stopping);
        Ok(Self {
            limits: Arc::new(ground.limits(means.redis.clone())),
            redis: means.redis,
            mirror: means.mirror,
            config: ground.config,
            clock: ground.clock,
            entropy: ground.entropy,
            tasks: ground.tasks,
            db: ground.db,
            blobs: ground.blobs,
            temporary: ground.temporary,
            observers: ground.observers,
            budgets: means.budgets,
            audit: means.audit,
            jobs: means.jobs,
            gateway: means.gateway,
            streams: means.streams,
            authenticator,
            passwords,
            accounts,
            documents,
            chat,
            governance,
            own_jobs,
            admin,
            engine,
            ops,
        })
    }
}

/// What the features work with: money, record, queue, providers, streams.
struct Means {
    budgets: Budgets,
    audit: Audit,
    jobs: Jobs,
    gateway: Arc<Gateway>,
    streams: StreamHub,
    redis: Option<Redis>,
    mirror: Option<Mirror>,
    relay: Relay,
}

impl Ground {
    fn open(config: Config, surroundings: Surroundings, db: Db) -> Result<Self, StartError> {
        let telemetry = Telemetry::new()?;
        settings::tell(&config, &telemetry);
        std::fs::create_dir_all(&config.storage.dir)
            .map_err(|error| StartError::folder(&config.storage.dir, error))?;
        let secret = secret::load(&config.auth.jwt_secret, &surroundings.entropy)?;
        let blobs = Blobs::in_folder(&config.storage.dir.join(settings::BLOBS), telemetry.clone())?;
        let temporary = TemporaryFiles::in_folder(&config.storage.tmp_dir)?;
        Ok(Self {
            clock: surroundings.clock,
            entropy: surroundings.entropy,
            tasks: Tasks::default(),
            observers: Arc::new(Observers::new(telemetry.clone())),
            program: surroundings.program,
            config,
            telemetry,
            db,
            blobs,
            temporary,
            secret,
        })
    }

    fn means(&self) -> Result<Means, StartError> {
        let (config, db, clock) = (&self.config, &self.db, &self.clock);
        let previous = self.previous_secrets();
        let secret = self.secret.expose_secret().as_bytes();
        let jitter = self.entropy.clone();
        let redis = self.redis()?;
        let (shared, mirror) = redis.clone().map(SharedFrames::through).unzip();
        let epoch = format!("w{}", hex::encode(self.entropy.bytes::<4>()));
        Ok(Means {
            relay: Relay::new(db.clone(), epoch),
            budgets: Budgets::new(
                db.clone(),
                clock.clone(),
                BudgetSettings::from(&config.budgets),
                self.observers.clone(),
            ),
            audit: Audit::new(db.clone(), clock.clone(), secret, &previous),
            jobs: Jobs::new(
                db.clone(),
                clock.clone(),
                self.entropy.clone(),
                settings::jobs(config),
                self.observers.clone(),
            ),
            gateway: Arc::new(Gateway::new(
                &AiSettings::from(&config.ai),
                outbound::client,
                self.observers.clone(),
                Arc::new(move || jitter.ratio()),
            )?),
            streams: StreamHub::new(
                settings::streams(&config.streams),
                self.tasks.stopping().clone(),
                clock.clone(),
                self.telemetry.clone(),
                shared,
            ),
            redis,
            mirror,
        })
    }

    fn documents(&self, means: &Means) -> Result<Documents, StartError> {
        let parts = DocumentParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            blobs: self.blobs.clone(),
            temporary: self.temporary.clone(),
            jobs: means.jobs.clone(),
            budgets: means.budgets.clone(),
            audit: means.audit.clone(),
            periods: self.periods(),
            gateway: means.gateway.clone(),
            telemetry: self.telemetry.clone(),
            tasks: self.tasks.clone(),
        };
        let settings = settings::documents(&self.config, self.program.clone())?;
        Ok(Documents::new(parts, settings))
    }

    fn chat(&self, means: &Means, documents: &Documents) -> Chat {
        let parts = ChatParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            tasks: self.tasks.clone(),
            budgets: means.budgets.clone(),
            gateway: means.gateway.clone(),
            vectors: VectorIndex::new(VECTOR_MEMORY_BYTES),
            streams: means.streams.clone(),
            relay: means.relay.clone(),
            documents: documents.clone(),
            telemetry: self.telemetry.clone(),
        };
        Chat::new(parts, settings::chat(&self.config))
    }

    fn ops(&self, means: &Means) -> Ops {
        Ops::new(OpsParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            tasks: self.tasks.clone(),
            jobs: means.jobs.clone(),
            budgets: means.budgets.clone(),
            blobs: self.blobs.clone(),
            storage: (
                self.config.storage.dir.clone(),
                self.config.storage.min_free_bytes,
            ),
            gateway: means.gateway.clone(),
            redis_url: self.config.redis.url.clone(),
            telemetry: self.telemetry.clone(),
            observers: (*self.observers).clone(),
            stopping: self.tasks.stopping().clone(),
        })
    }

    fn identity(
        &self,
        budgets: &Budgets,
        audit: &Audit,
    ) -> Result<(Accounts, Arc<Authenticator>, Passwords), StartError> {
        let auth = &self.config.auth;
        let tokens = Arc::new(AccessTokens::new(
            settings::tokens(
                auth,
                AccessKey::derive(&self.secret),
                auth.jwt_secrets_previous.first().map(AccessKey::derive),
            ),
            self.clock.clone(),
            self.entropy.clone(),
        ));
        let passwords = Passwords::new(
            auth.argon2,
            auth.hash_concurrency,
            self.entropy.clone(),
            self.observers.clone(),
        )?;
        let directory = AccountsDirectory::new(self.db.clone(), self.clock.clone());
        let authenticator = Arc::new(Authenticator::new(
            tokens.clone(),
            Arc::new(directory),
            &self.db,
            self.clock.clone(),
            self.observers.clone(),
        ));
        let accounts = Accounts::new(AccountsParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            passwords: passwords.clone(),
            tokens,
            budgets: budgets.clone(),
            audit: audit.clone(),
            observer: self.observers.clone(),
            registration: auth.registration,
            refresh_token_lifetime: auth.refresh_token_lifetime,
        });
        Ok((accounts, authenticator, passwords))
    }
}
