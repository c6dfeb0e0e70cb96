//! A real `binnacle serve`, and people who may ask it.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::json;

use crate::{
    load::{Ask, Target},
    process::{Process, Usage, free_port},
};

/// As high as the settings go: the limiter decides on every request and never says no.
const HIGHEST_RATE: &str = "10000000";
const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(2);

/// What a server is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) binary: &'a Path,
    /// Its data and its log.
    pub(crate) folder: &'a Path,
    /// `None`: the SQLite file in its folder.
    pub(crate) database_url: Option<&'a str>,
    pub(crate) upstream: &'a str,
    pub(crate) measured: Measured<'a>,
}

/// What the server records of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measured<'a> {
    Nothing,
    Metrics,
    /// Metrics, and a tenth of the traces, sent to this collector.
    Traces(&'a str),
}

/// A running server; ended when dropped.
pub(crate) struct Governed {
    process: Process,
    pub(crate) address: SocketAddr,
    client: reqwest::Client,
}

/// A user with a store.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    token: String,
    store: i64,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

#[derive(Deserialize)]
struct Store {
    id: i64,
}

impl Governed {
    /// Starts a server; answers it with the time until it was ready.
    pub(crate) async fn start(launch: Launch<'_>) -> anyhow::Result<(Self, Duration)> {
        let address = free_port()?;
        let client = crate::bare::client()?;
        let log = launch.folder.join("server.log");
        let began = Instant::now();
        let mut serve = command(launch, "serve", address);
        match launch.measured {
            Measured::Nothing => {
                serve.arg("--record-nothing");
            }
            Measured::Metrics => {}
            Measured::Traces(collector) => {
                serve
                    .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
                    .env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
                    .env("OTEL_TRACES_SAMPLER_ARG", "0.1");
            }
        }
        let mut process = Process::start(serve, &log)?;
        let ready = format!("http://{address}/ready");
        loop {
            match client.get(&ready).send().await {
                Ok(answer) if answer.status().is_success() => break,
                _ if began.elapsed() > DEADLINE => bail!("not ready within {DEADLINE:?}"),
                _ => process
                    .must_live()
                    .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?,
            }
            tokio::time::sleep(POLL).await;
        }
        let took = began.elapsed();
        let governed = Self {
            process,
            address,
            client,
        };
        Ok((governed, took))
    }

    /// Gives the launch's database its schema, and nothing else.
    pub(crate) fn migrate(launch: Launch<'_>) -> anyhow::Result<()> {
        let output = Self::command(launch, "migrate")?.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`binnacle migrate` ended with {}: {said}", output.status);
        }
        Ok(())
    }

    /// A command of the server on the launch's data.
    pub(crate) fn command(launch: Launch<'_>, verb: &str) -> anyhow::Result<Command> {
        Ok(command(launch, verb, free_port()?))
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        self.process.usage()
    }

    /// `/metrics` as it is now.
    pub(crate) async fn metrics(&self) -> anyhow::Result<String> {
        let url = format!("http://{}/metrics", self.address);
        let answer = self.client.get(url).send().await?.error_for_status()?;
        Ok(answer.text().await?)
    }

    /// Makes `count` users, each with an empty store.
    pub(crate) async fn people(&self, count: usize) -> anyhow::Result<Vec<Person>> {
        let mut people = Vec::with_capacity(count);
        for number in 0..count {
            let email = format!("bench-{number}@example.org");
            let tokens: Tokens = self
                .post("/api/auth/token", None, &json!({ "email": email }))
                .await?;
            let token = tokens.access_token;
            let store: Store = self
                .post(
                    "/api/stores",
                    Some(&token),
                    &json!({ "display_name": "Bench" }),
                )
                .await?;
            people.push(Person {
                token,
                store: store.id,
            });
        }
        Ok(people)
    }

    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &serde_json::Value,
    ) -> anyhow::Result<T> {
        let mut request = self
            .client
            .post(format!("http://{}{path}", self.address))
            .header("x-requested-with", "XMLHttpRequest")
            .json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("POST {path} answered {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("POST {path} answered {text}"))
    }

    /// `GET /api/stores` by the first of `people`.
    pub(crate) fn stores(&self, people: &[Person]) -> Target {
        let asks = people.iter().take(1).map(|person| Ask {
            method: "GET",
            path: "/api/stores",
            token: Some(person.token.clone()),
            body: None,
        });
        Target {
            address: self.address,
            asks: asks.collect(),
            streams: false,
        }
    }

    /// `POST /api/chat` by `people` in turn, each time in a new conversation.
    pub(crate) fn chat(&self, people: &[Person]) -> Target {
        let asks = people.iter().map(|person| Ask {
            method: "POST",
            path: "/api/chat",
            token: Some(person.token.clone()),
            body: Some(
                json!({ "storeIds": [person.store], "question": "How often is the oil changed?" })
                    .to_string(),
            ),
        });
        Target {
            address: self.address,
            asks: asks.collect(),
            streams: true,
        }
    }
}

fn command(launch: Launch<'_>, verb: &str, address: SocketAddr) -> Command {
    let mut command = Command::new(launch.binary);
    command
        .arg(verb)
        .env_clear()
        .current_dir(launch.folder)
        .env("ENVIRONMENT", "development")
        .env("HOST", address.ip().to_string())
        .env("PORT", address.port().to_string())
        .env("PLC_STORAGE_DIR", launch.folder)
        .env("ALLOW_DEV_LOGIN", "true")
        .env("ACCESS_TOKEN_EXPIRE_MINUTES", "60")
        .env("DEFAULT_MONTHLY_LIMIT_USD", "100000")
        .env("GEMINI_MOCK_MODE", "false")
        .env("AI_PROVIDERS", "openai")
        .env("OPENAI_BASE_URL", launch.upstream)
        .env("MAX_CONCURRENT_STREAMS", "2000")
        .env("MAX_STREAMS_PER_USER", "2000");
    for class in ["", "CHAT_", "UPLOAD_", "LOGIN_"] {
        command.env(format!("{class}RATE_LIMIT_PER_MINUTE"), HIGHEST_RATE);
    }
    if let Some(url) = launch.database_url {
        command.env("DATABASE_URL", url);
    }
    command
}
