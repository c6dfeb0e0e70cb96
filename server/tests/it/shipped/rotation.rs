//! Every secret of a house that serves is changed, step by step as `make rotate-secrets` and `make
//! rotate-passwords` do it: nobody is signed out, and what is on record still verifies.

use std::{path::PathBuf, process::Command, sync::Arc};

use pretty_assertions::assert_eq;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    architecture::source::root,
    faults::program::{Program, Site},
    support::{Database, PASSWORD, User, eventually, redis::Redis},
};

/// The folder of secrets, and how its script reaches the stores.
struct Secrets {
    home: TempDir,
    psql: String,
    redis_cli: String,
}

impl Secrets {
    fn folder(&self) -> PathBuf {
        self.home.path().join("secrets")
    }

    fn path(&self, name: &str) -> String {
        self.folder().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(name)).expect(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        std::fs::remove_file(&path).expect("made by init");
        std::fs::write(path, text).expect(name);
    }

    fn act(&self, act: &str) {
        let output = Command::new(root().join("scripts/secrets"))
            .arg(act)
            .arg(self.folder())
            .env("PSQL", &self.psql)
            .env("REDIS_CLI", &self.redis_cli)
            .output()
            .expect("the script runs");
        let said = String::from_utf8_lossy(&output.stderr);
        // After `init` the certificate is still missing.
        assert!(output.status.success() || act == "init", "{act}: {said}");
        let told = String::from_utf8_lossy(&output.stdout);
        for name in ["jwt_secret", "postgres_password", "redis_url"] {
            let secret = self.read(name);
            assert!(!told.contains(&secret) && !said.contains(&secret), "{act}");
        }
    }
}

/// A role of the test's own that owns its database, with the password of the folder.
async fn own_role(database: &Database, site: &Site, secrets: &Secrets) -> String {
    let superuser = url::Url::parse(&database.url().expect("PostgreSQL")).expect("a URL");
    let name = superuser.path().trim_start_matches('/').to_owned();
    let role = format!("owner_{name}");
    let password = secrets.read("postgres_password");
    let state = site.state().await;
    state
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{password}'; ALTER DATABASE {name} OWNER TO {role}"
        ))
        .await;
    state.close().await;
    let mut url = superuser;
    url.set_username(&role).expect("a user");
    url.set_password(Some(&password)).expect("a password");
    secrets.write("database_url", url.as_str());
    role
}

/// Two processes that serve and one that works, and a user as each of the two sees them.
struct Running<'s> {
    site: &'s Site,
    servers: Vec<Program>,
    worker: Program,
    token: String,
}

impl<'s> Running<'s> {
    async fn start(site: &'s Site) -> Self {
        let servers = vec![serve(site).await, serve(site).await];
        let ada = User::register(servers[0].base.clone(), "ada@example.org").await;
        Self {
            worker: site.work(&[]).await,
            site,
            servers,
            token: ada.token.expect("a token"),
        }
    }

    /// Starts one of the servers again, with what the folder holds now.
    async fn replace(&mut self, place: usize) {
        self.servers.remove(place).stop().await;
        self.servers.insert(place, serve(self.site).await);
        self.nobody_is_signed_out().await;
    }

    async fn roll(mut self) -> Self {
        self.replace(0).await;
        self.replace(1).await;
        self.worker.stop().await;
        self.worker = self.site.work(&[]).await;
        self
    }

    /// Who has signed in before, and who signs in now at one, is known to both.
    async fn nobody_is_signed_out(&self) {
        for server in &self.servers {
            let base = server.base.clone();
            let fresh = User::sign_in(base, "ada@example.org", PASSWORD).await;
            for server in &self.servers {
                for token in [&self.token, fresh.token.as_ref().expect("a token")] {
                    let mut user = User::anonymous(server.base.clone());
                    user.token = Some(token.clone());
                    assert_eq!(user.get("/api/auth/me").await.status, 200);
                }
            }
            // On a busy machine it may have been late a moment ago.
            let observer = User::anonymous(server.base.clone());
            eventually(|| async {
                observer.get("/api/auth/me").await;
                let page = observer.get("/metrics").await.body;
                page.contains("binnacle_ratelimit_backend_degraded 0")
                    .then_some(())
            })
            .await;
        }
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
        self.worker.stop().await;
    }
}

async fn serve(site: &Site) -> Program {
    site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await
}

/// What `doctor` says of the audit log.
async fn record(site: &Site) -> String {
    let output = site.run(&["doctor", "--json"], &[]).await;
    let checks: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = checks.as_array().expect("a list").iter();
    let audit = checks.clone().find(|check| check["name"] == "audit");
    let verdict = audit.map(|audit| &audit["verdict"]);
    verdict
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn site(database: &Arc<Database>, secrets: &Secrets) -> Site {
    let files = [
        ("DATABASE_URL_FILE", "database_url"),
        ("REDIS_URL_FILE", "redis_url"),
        ("JWT_SECRET_FILE", "jwt_secret"),
        ("JWT_SECRET_PREVIOUS_FILE", "jwt_secret_previous"),
        ("METRICS_TOKEN_FILE", "metrics_token"),
    ]
    .map(|(variable, name)| (variable, secrets.path(name)));
    let settings: Vec<(&str, &str)> = files
        .iter()
        .map(|(variable, path)| (*variable, path.as_str()))
        .collect();
    Site::new(database.clone(), &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_secret_is_changed_while_processes_serve() {
    let database = Arc::new(Database::postgres().await);
    let redis = Redis::start(&["--requirepass", "the-first-of-redis"]).await;
    let secrets = Secrets {
        home: tempfile::tempdir().expect("a folder"),
        psql: format!("psql {}", database.url().expect("PostgreSQL")),
        redis_cli: format!("redis-cli -p {}", redis.port),
    };
    secrets.act("init");
    let redis_url = format!("redis://:the-first-of-redis@127.0.0.1:{}/0", redis.port);
    secrets.write("redis_url", &redis_url);
    let site = site(&database, &secrets);
    let role = own_role(&database, &site, &secrets).await;
    let first = secrets.read("database_url");
    let running = Running::start(&site).await;
    site.create_admin().await;
    running.nobody_is_signed_out().await;

    secrets.act("announce");
    let running = running.roll().await;
    secrets.act("rotate");
    let running = running.roll().await;
    assert_eq!(record(&site).await, "ok");

    secrets.act("passwords");
    running.nobody_is_signed_out().await;
    let running = running.roll().await;
    secrets.act("passwords-done");
    running.nobody_is_signed_out().await;
    assert_ne!(secrets.read("database_url"), first);
    assert!(!connects(&first).await, "the old password ends");
    assert!(connects(&secrets.read("database_url")).await);
    let client = ::redis::Client::open(redis_url).expect("a URL");
    assert!(client.get_multiplexed_async_connection().await.is_err());

    // What was signed two secrets ago still verifies.
    secrets.act("rotate");
    assert_eq!(record(&site).await, "ok");
    running.stop().await;
    database.drop_it().await;
    drop_role(&database, &role).await;
}

async fn connects(url: &str) -> bool {
    use sqlx::{Connection, PgConnection};
    PgConnection::connect(url).await.is_ok()
}

async fn drop_role(database: &Database, role: &str) {
    use sqlx::{Connection, Executor, PgConnection};
    let Database::Postgres { server, .. } = database else {
        return;
    };
    let mut connection = PgConnection::connect(server).await.expect("it answers");
    let sql = sqlx::AssertSqlSafe(format!("DROP ROLE {role}"));
    connection.execute(sql).await.expect("the role goes");
}
