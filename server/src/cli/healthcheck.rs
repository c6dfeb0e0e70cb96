//! `healthcheck`: asks a running process how it is and says so by the exit code, for container
//! engines and service managers. It needs no shell and no other program.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use clap::Args;
use url::Url;

use super::{CliError, say};
use crate::platform::{
    config::{Config, EnvSource, HttpConfig},
    outbound,
};

#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// Ask whether requests can be served (/ready), not only whether the process runs (/live)
    #[arg(long)]
    ready: bool,
    /// Ask the listener of METRICS_BIND, the only one that a worker has
    #[arg(long)]
    worker: bool,
    /// Ask this server instead of the configured one, such as http://127.0.0.1:8000
    #[arg(long, conflicts_with = "worker")]
    url: Option<Url>,
}

/// How long everything may take.
const LIMIT: Duration = Duration::from_secs(2);

impl Healthcheck {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let url = self.url()?;
        let client = outbound::client().map_err(CliError::other)?;
        let asked = async { client.get(url.clone()).send().await };
        let answer = tokio::time::timeout(LIMIT, asked).await.map_err(|_| {
            let seconds = LIMIT.as_secs();
            CliError::Other(format!("{url} did not answer within {seconds} seconds"))
        })?;
        let status = answer.map_err(CliError::other)?.status();
        if status.is_success() {
            say("ok");
            return Ok(ExitCode::SUCCESS);
        }
        Err(CliError::Other(format!("{url} answered {status}")))
    }

    fn url(&self) -> Result<Url, CliError> {
        let mut url = if let Some(url) = &self.url {
            url.clone()
        } else {
            let (config, _) = Config::load(&EnvSource::process())?;
            own_address(&config.http, self.worker)?
        };
        if matches!(url.path(), "" | "/") {
            url.set_path(if self.ready { "/ready" } else { "/live" });
        }
        Ok(url)
    }
}

fn own_address(http: &HttpConfig, worker: bool) -> Result<Url, CliError> {
    let (variable, address) = if worker {
        let bind = http.metrics.bind.ok_or_else(|| {
            let text = "METRICS_BIND is not set, so a worker cannot be asked. \
                        Set it, such as to 127.0.0.1:9464.";
            CliError::Other(text.to_owned())
        })?;
        ("METRICS_BIND", bind)
    } else {
        ("PORT", SocketAddr::new(http.host, http.port))
    };
    if address.port() == 0 {
        let text = format!("{variable} takes any free port, which is not known here. Use --url.");
        return Err(CliError::Other(text));
    }
    Url::parse(&format!("http://{}", reachable(address))).map_err(CliError::other)
}

/// A process that listens on every address is asked on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => [127, 0, 0, 1].into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        _ => address.ip(),
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_on_this_machine() {
        for (given, asked) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:8000", "[::1]:8000"),
            ("10.1.2.3:80", "10.1.2.3:80"),
        ] {
            assert_eq!(reachable(given.parse().unwrap()).to_string(), asked);
        }
    }
}
