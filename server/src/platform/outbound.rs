//! The one owner of outgoing HTTP: nothing else builds a client.

use std::time::Duration;

pub(crate) use reqwest::{Client, Response, multipart};

const CONNECT: Duration = Duration::from_secs(10);
const IDLE_CONNECTION: Duration = Duration::from_mins(1);
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// Why no client could be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    /// On Debian the package `ca-certificates` brings the system's trusted certificates.
    #[error(
        "the HTTPS client could not be built: no usable certificate authorities were found on \
         this system; install the package ca-certificates"
    )]
    Tls,
}

/// Builds the client that every outgoing call shares.
///
/// It follows no redirects (a redirect would carry a key to another host), reads no proxy from the
/// environment, sends no `Referer`, and has no overall timeout: an answer may stream for minutes,
/// so each caller sets the deadlines that fit its call.
pub(crate) fn client() -> Result<Client, OutboundError> {
    // An error says that a provider is installed already, which is what is wanted.
    let _already = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_keepalive(TCP_KEEPALIVE)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .build()
        .map_err(|_| OutboundError::Tls)
}
