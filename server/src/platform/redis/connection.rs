//! The connection that a process keeps, and when it is left alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use redis::{
    AsyncConnectionConfig, Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

/// What one exchange may take: a request waits for it (trust R-23).
const ANSWER_LIMIT: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// After a failure nobody asks for this long; then one exchange is the trial.
const REST: Duration = Duration::from_secs(2);

/// Redis does not answer right now; the caller goes on without it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisUnavailable {
    /// It failed a moment ago.
    #[error("Redis is left alone after a failure")]
    Resting,
    /// It failed now.
    #[error("Redis failed")]
    Failed(#[source] RedisError),
}

/// A connection that mends itself. Cheap to clone; many exchanges share it at once.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Inner>);

struct Inner {
    prefix: String,
    client: Client,
    manager: ConnectionManager,
    limit: Duration,
    rests_until: Mutex<Option<Instant>>,
    degraded: AtomicBool,
}

impl Redis {
    /// Connects at the first exchange; must be called on the async runtime.
    pub(crate) fn at(url: &SecretString, prefix: &str) -> Result<Self, RedisUnavailable> {
        Self::within(url, prefix, ANSWER_LIMIT)
    }

    /// As [`Redis::at`], with another limit for an exchange.
    pub(super) fn within(
        url: &SecretString,
        prefix: &str,
        limit: Duration,
    ) -> Result<Self, RedisUnavailable> {
        super::ping::use_ring();
        let client = Client::open(url.expose_secret()).map_err(RedisUnavailable::Failed)?;
        // A lost connection is made anew in the background.
        let config = ConnectionManagerConfig::new()
            .set_max_delay(REST)
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(None);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(RedisUnavailable::Failed)?;
        Ok(Self(Arc::new(Inner {
            prefix: prefix.to_owned(),
            client,
            manager,
            limit,
            rests_until: Mutex::default(),
            degraded: AtomicBool::new(false),
        })))
    }

    /// Connects now, so that the first request does not wait for it.
    pub(crate) async fn connect(&self) -> Result<(), RedisUnavailable> {
        let ping = |mut manager| async move { redis::cmd("PING").exec_async(&mut manager).await };
        self.exchange(CONNECT_LIMIT, ping).await
    }

    /// The name of a key of this house.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.0.prefix)
    }

    /// Whether the last exchange failed.
    pub(crate) fn is_degraded(&self) -> bool {
        self.0.degraded.load(Ordering::Relaxed)
    }

    /// One exchange over the shared connection; it must not block on the server.
    pub(crate) async fn ask<T, F>(
        &self,
        exchange: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, RedisUnavailable>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        self.admit()?;
        self.exchange(self.0.limit, exchange).await
    }

    /// As [`Redis::ask`], for exchanges that carry much and that no request waits for.
    pub(crate) async fn ask_patiently<T, F>(
        &self,
        exchange: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, RedisUnavailable>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        self.admit()?;
        self.exchange(PATIENCE, exchange).await
    }

    async fn exchange<T, F>(
        &self,
        limit: Duration,
        exchange: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, RedisUnavailable>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let answered = tokio::time::timeout(limit, exchange(self.0.manager.clone())).await;
        let outcome = answered.unwrap_or_else(|_| Err(late()));
        self.record(&outcome);
        outcome.map_err(RedisUnavailable::Failed)
    }

    /// A connection of its own, for exchanges that wait on the server, at most for `longest`.
    pub(crate) async fn own_connection(
        &self,
        longest: Duration,
    ) -> Result<MultiplexedConnection, RedisUnavailable> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(longest));
        let client = &self.0.client;
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(RedisUnavailable::Failed)
    }

    /// While it rests nobody asks; at the end of the rest one does, and the others wait for what
    /// becomes of that.
    fn admit(&self) -> Result<(), RedisUnavailable> {
        let mut rests_until = self.0.rests_until.lock();
        match *rests_until {
            Some(until) if Instant::now() < until => Err(RedisUnavailable::Resting),
            Some(_) => {
                *rests_until = Some(Instant::now() + REST);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn record<T>(&self, outcome: &Result<T, RedisError>) {
        let failed = outcome.is_err();
        let rest = failed.then(|| Instant::now() + REST);
        *self.0.rests_until.lock() = rest;
        let was_degraded = self.0.degraded.swap(failed, Ordering::Relaxed);
        match outcome {
            Err(error) if !was_degraded => {
                tracing::warn!(event = "redis_lost", error = ?error.kind());
            }
            Ok(_) if was_degraded => tracing::info!(event = "redis_back"),
            _ => {}
        }
    }
}

fn late() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
