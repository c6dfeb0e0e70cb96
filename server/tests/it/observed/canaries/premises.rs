//! A house whose every secret is a canary, come by in each way that there is: a variable, a file, the
//! password in an address.

use std::sync::Arc;

use tempfile::TempDir;

use super::SECRETS;
use crate::{
    faults::{
        program::{Program, Site},
        state::State,
        stub::ProviderStub,
    },
    observed::collector::Collector,
    support::{Database, User, eventually, redis::Redis},
};

pub(super) struct Premises {
    pub(super) site: Site,
    pub(super) stub: ProviderStub,
    pub(super) collector: Collector,
    redis: Redis,
    /// The role that the house is in PostgreSQL.
    role: Option<String>,
    _files: TempDir,
}

impl Premises {
    pub(super) async fn make(database: &Arc<Database>) -> Self {
        let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
        let redis = Redis::start(&["--requirepass", SECRETS[9]]).await;
        let redis_url = format!("redis://:{}@127.0.0.1:{}", SECRETS[9], redis.port);
        let files = tempfile::tempdir().expect("a folder");
        let file = |name: &str, secret: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, format!("{secret}\n")).expect("a file");
            path.display().to_string()
        };
        let own = own_role(database).await;
        let (role, url) = own.map_or((None, None), |(role, url)| (Some(role), Some(url)));
        let endpoint = collector.endpoint();
        let base = stub.openai_url();
        let collectors = format!("authorization={}", SECRETS[7]);
        let (signing, previous, key) = (
            file("jwt", SECRETS[0]),
            file("previous", SECRETS[13]),
            file("key", SECRETS[1]),
        );
        let mut settings = vec![
            ("JWT_SECRET_FILE", &*signing),
            ("JWT_SECRET_PREVIOUS_FILE", &previous),
            ("REDIS_URL", &redis_url),
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "openai"),
            ("OPENAI_BASE_URL", &base),
            ("OPENAI_API_KEY_FILE", &key),
            ("EMBEDDING_MODEL", "openai/embedder"),
            ("DEFAULT_MODEL", "openai/writer"),
            ("METRICS_TOKEN", SECRETS[2]),
            ("LOG_LEVEL", "info,binnacle=trace,http=trace"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", &collectors),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ];
        settings.extend(url.as_deref().map(|url| ("DATABASE_URL", url)));
        Self {
            site: Site::new(database.clone(), &settings),
            stub,
            collector,
            redis,
            role,
            _files: files,
        }
    }

    /// Addresses at which nobody is, with their passwords.
    pub(super) fn broken() -> [(&'static str, String); 2] {
        [
            (
                "DATABASE_URL",
                format!("postgresql://binnacle:{}@127.0.0.1:1/house", SECRETS[8]),
            ),
            ("REDIS_URL", format!("redis://:{}@127.0.0.1:1", SECRETS[9])),
        ]
    }

    /// Everything that the provider was sent, but the key in the headers.
    pub(super) fn sent(&self) -> String {
        let requests = self.stub.requests().into_iter();
        let bodies = requests.map(|request| format!("{} {}\n", request.target, request.body));
        bodies.collect()
    }

    /// Redis goes, and the process notices.
    pub(super) async fn redis_dies(&mut self, server: &Program) {
        self.redis.kill().await;
        let user = User::anonymous(server.base.clone());
        eventually(|| async {
            user.get("/api/settings").await;
            let page = user.get("/metrics").await.body;
            page.contains("binnacle_ratelimit_backend_degraded 1")
                .then_some(())
        })
        .await;
    }

    /// Leaves nothing behind on the server of all the tests.
    pub(super) async fn leave(self, state: State) {
        if let Some(role) = self.role {
            let words = format!("REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}");
            state.execute(&words).await;
            state.execute(&format!("DROP ROLE {role}")).await;
        }
        state.close().await;
    }
}

/// A role with a canary for a password, and the address at which the house is that.
async fn own_role(database: &Arc<Database>) -> Option<(String, String)> {
    let mut url = url::Url::parse(&database.url()?).expect("a URL");
    let role = format!("canary_{}", url.path().trim_start_matches('/'));
    let state = State::open(database, std::path::Path::new("")).await;
    let password = SECRETS[8];
    let make = format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{password}'");
    state.execute(&make).await;
    state.close().await;
    url.set_username(&role).expect("a user");
    url.set_password(Some(password)).expect("a password");
    Some((role, url.to_string()))
}
