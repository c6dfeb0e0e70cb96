//! Whether Redis answers.

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client};
use secrecy::{ExposeSecret, SecretString};

/// Why Redis did not answer. The text holds no part of the URL.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisError {
    /// The URL cannot be used, or the server refused, or it cannot be reached.
    #[error("Redis does not answer PING")]
    Refused(#[source] redis::RedisError),
    /// Nothing came in time.
    #[error("Redis did not answer PING within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// Makes `rediss` work.
pub(super) fn use_ring() {
    // An error says that a provider is installed already, which is what is wanted.
    let _already = rustls::crypto::ring::default_provider().install_default();
}

/// Connects, signs in and asks for a PONG, all within `limit`.
pub(crate) async fn ping(url: &SecretString, limit: Duration) -> Result<(), RedisError> {
    use_ring();
    let exchange = async {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit));
        let client = Client::open(url.expose_secret())?;
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        redis::cmd("PING").exec_async(&mut connection).await
    };
    tokio::time::timeout(limit, exchange)
        .await
        .map_err(|_| RedisError::TimedOut(limit))?
        .map_err(RedisError::Refused)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers every command, or none of them.
    async fn server(answers: bool) -> SecretString {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tasks = crate::platform::tasks::Tasks::default();
        tasks.spawn("redis", async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1_024];
            while let Ok(read @ 1..) = socket.read(&mut buffer).await {
                let sent = String::from_utf8_lossy(&buffer[..read]).into_owned();
                for command in sent.split('*').skip(1).filter(|_| answers) {
                    let ping = command.contains("PING");
                    let reply: &[u8] = if ping { b"+PONG\r\n" } else { b"+OK\r\n" };
                    socket.write_all(reply).await.unwrap();
                }
            }
        });
        format!("redis://:canary@{address}/").into()
    }

    #[tokio::test]
    async fn a_server_that_answers_is_there() {
        let url = server(true).await;
        ping(&url, Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_is_silent_or_gone_is_not_and_no_secret_is_told() {
        let silent = server(false).await;
        let error = ping(&silent, Duration::from_millis(50)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://:canary@{}/", closed.local_addr().unwrap()).into();
        drop(closed);
        let error = ping(&url, Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(error, RedisError::Refused(_)), "{error:?}");
        assert!(error.source().is_some());
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
