//! Who asks: tokens, kept fresh. Several consoles share one sign-in through the file of tokens.

use std::sync::Arc;
use std::time::Duration;

use api::accounts::{Credentials as Named, RefreshRequest, Tokens};
use tokio::sync::{Mutex, oneshot};
use tokio_util::task::TaskTracker;
use url::Url;

use super::credentials::{Credentials, CredentialsError, Saved};
use super::{Failure, Reply, Request, http};

/// How often a lock that another console holds is looked at.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// The feed has to begin within this.
const OPEN: Duration = Duration::from_secs(15);

/// Where the token comes from.
enum Source {
    /// Given for this run; never refreshed, never kept.
    Given(String),
    /// Of the file.
    File(Credentials),
}

/// A client of one server: it can be cloned and shared.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    server: String,
    source: Arc<Source>,
    /// The token in use. Whoever exchanges it holds this.
    token: Arc<Mutex<Option<Saved>>>,
    /// Exchanges under way.
    exchanges: TaskTracker,
}

impl Client {
    /// A client with a token of the environment, or with the file of tokens.
    pub fn new(
        http: reqwest::Client,
        base: Url,
        given: Option<String>,
        credentials: Credentials,
    ) -> Client {
        let server = base.origin().ascii_serialization();
        let source = match given {
            Some(token) => Source::Given(token),
            None => Source::File(credentials),
        };
        Client {
            http,
            base,
            server,
            source: Arc::new(source),
            token: Arc::new(Mutex::new(None)),
            exchanges: TaskTracker::new(),
        }
    }

    /// With exchanges of tokens that the caller waits for before it ends.
    #[must_use]
    pub fn tracked_by(mut self, exchanges: TaskTracker) -> Client {
        self.exchanges = exchanges;
        self
    }

    /// Sends a request. A token that has run out is exchanged once.
    pub async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        let token = self.token().await?;
        match http::send(&self.http, &self.base, request, Some(&token)).await {
            Err(Failure::Refused { status: 401, .. }) => {
                let token = self.renewed(&token).await?;
                match http::send(&self.http, &self.base, request, Some(&token)).await {
                    Err(Failure::Refused { status: 401, .. }) => Err(Failure::SignIn),
                    outcome => outcome,
                }
            }
            outcome => outcome,
        }
    }

    /// The feed's answer, to be read as it comes.
    pub(super) async fn open(
        &self,
        request: &Request,
        last_id: Option<&str>,
    ) -> Result<reqwest::Response, Failure> {
        let mut token = self.token().await?;
        for again in [true, false] {
            let mut builder = http::prepare(&self.http, &self.base, request, Some(&token))?
                .header("accept", "text/event-stream");
            if let Some(id) = last_id {
                builder = builder.header("last-event-id", id);
            }
            let answered = tokio::time::timeout(OPEN, builder.send()).await;
            let response = answered
                .map_err(|_| Failure::TimedOut {
                    seconds: OPEN.as_secs(),
                })?
                .map_err(|error| http::network(&error))?;
            let status = response.status().as_u16();
            if status == 401 && again {
                token = self.renewed(&token).await?;
            } else if status == 401 {
                return Err(Failure::SignIn);
            } else if status == 200 {
                return Ok(response);
            } else {
                let headers = response.headers().clone();
                let body = response.bytes().await.unwrap_or_default();
                return Err(http::refused(status, &headers, &body));
            }
        }
        Err(Failure::SignIn)
    }

    async fn token(&self) -> Result<String, Failure> {
        let credentials = match &*self.source {
            Source::Given(token) => return Ok(token.clone()),
            Source::File(credentials) => credentials,
        };
        let mut token = self.token.lock().await;
        if token.is_none() {
            *token = credentials
                .load(&self.server)
                .map_err(|error| told(&error))?;
        }
        match &*token {
            Some(saved) => Ok(saved.access_token.clone()),
            None => Err(Failure::SignIn),
        }
    }

    /// A token that is not `old`. The exchange goes on when nobody waits for it any more: cut
    /// between the server's answer and the file, it would end the sign-in.
    async fn renewed(&self, old: &str) -> Result<String, Failure> {
        let (tell, told) = oneshot::channel();
        let (client, old) = (self.clone(), old.to_owned());
        self.exchanges.spawn(async move {
            // Who asked may have gone.
            let _told = tell.send(client.exchanged(&old).await);
        });
        told.await.unwrap_or(Err(Failure::SignIn))
    }

    /// Another console's token, or a new one of the server.
    async fn exchanged(&self, old: &str) -> Result<String, Failure> {
        let Source::File(credentials) = &*self.source else {
            return Err(Failure::SignIn);
        };
        let mut held = self.token.lock().await;
        if let Some(saved) = held.as_ref().filter(|saved| saved.access_token != old) {
            return Ok(saved.access_token.clone());
        }
        let mut lock = credentials.lock().map_err(|error| told(&error))?;
        // Another console may be exchanging the token; keys must not wait for it.
        while lock.try_write().is_err() {
            tokio::time::sleep(LOCK_POLL).await;
        }
        let _guard = lock
            .write()
            .map_err(|error| Failure::Credentials(error.to_string()))?;
        let kept = credentials;
        let read = || kept.load(&self.server).map_err(|error| told(&error));
        let Some(saved) = read()? else {
            *held = None;
            return Err(Failure::SignIn);
        };
        if saved.access_token != old {
            let token = saved.access_token.clone();
            *held = Some(saved);
            return Ok(token);
        }
        if saved.refresh_token.is_empty() {
            return Err(Failure::SignIn);
        }
        let request = Request::post("/api/auth/refresh").json(&RefreshRequest {
            refresh_token: saved.refresh_token,
        });
        match http::send(&self.http, &self.base, &request, None).await {
            Ok(reply) => {
                let saved = of_tokens(reply.decode()?);
                kept.save(&self.server, Some(&saved))
                    .map_err(|error| told(&error))?;
                let token = saved.access_token.clone();
                *held = Some(saved);
                Ok(token)
            }
            Err(Failure::Refused {
                status: 400..=403, ..
            }) => {
                kept.save(&self.server, None)
                    .map_err(|error| told(&error))?;
                *held = None;
                Err(Failure::SignIn)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Signs in, and keeps the tokens.
    pub async fn sign_in(&self, email: String, password: String) -> Result<(), Failure> {
        let request = Request::post("/api/auth/login").json(&Named { email, password });
        let reply = http::send(&self.http, &self.base, &request, None).await?;
        self.keep(of_tokens(reply.decode()?)).await
    }

    /// Keeps tokens that came by another way, such as an API key.
    pub async fn keep(&self, saved: Saved) -> Result<(), Failure> {
        let Source::File(credentials) = &*self.source else {
            return Err(Failure::Credentials(
                "BINNACLE_TOKEN is set: unset it to sign in".to_owned(),
            ));
        };
        let mut held = self.token.lock().await;
        let mut lock = credentials.lock().map_err(|error| told(&error))?;
        let _guard = lock
            .write()
            .map_err(|error| Failure::Credentials(error.to_string()))?;
        credentials
            .save(&self.server, Some(&saved))
            .map_err(|error| told(&error))?;
        *held = Some(saved);
        Ok(())
    }

    /// Signs out, and forgets the tokens.
    pub async fn sign_out(&self) -> Result<(), Failure> {
        let outcome = self.send(&Request::post("/api/auth/logout")).await;
        if let Source::File(credentials) = &*self.source {
            let mut held = self.token.lock().await;
            *held = None;
            let mut lock = credentials.lock().map_err(|error| told(&error))?;
            let _guard = lock
                .write()
                .map_err(|error| Failure::Credentials(error.to_string()))?;
            credentials
                .save(&self.server, None)
                .map_err(|error| told(&error))?;
        }
        match outcome {
            Ok(_) | Err(Failure::SignIn) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

fn told(error: &CredentialsError) -> Failure {
    Failure::Credentials(error.to_string())
}

fn of_tokens(tokens: Tokens) -> Saved {
    Saved {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
    }
}
