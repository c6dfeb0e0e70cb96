//! Redis, as far as it is used today: whether it answers.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

const TIMEOUT: Duration = Duration::from_secs(2);

/// Why Redis cannot be used. Without the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisError {
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("{0}")]
    Refused(String),
}

/// Asks whether Redis is there.
pub(crate) async fn ping(url: &SecretString) -> Result<(), RedisError> {
    tokio::time::timeout(TIMEOUT, ask(url)).await.map_err(|_| RedisError::Timeout)?
}

async fn ask(url: &SecretString) -> Result<(), RedisError> {
    let refused = |error: redis::RedisError| RedisError::Refused(error.category().to_owned());
    let client = redis::Client::open(url.expose_secret()).map_err(refused)?;
    let mut connection = client.get_multiplexed_async_connection().await.map_err(refused)?;
    redis::cmd("PING").query_async::<()>(&mut connection).await.map_err(refused)
}
