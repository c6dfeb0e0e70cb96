//! The bare servers as the run sees them: one more process of this program.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use anyhow::Context as _;

use crate::{
    load::{Ask, Target},
    process::{Process, Usage, free_port},
};

/// The bare servers, in one process.
pub(crate) struct Bare {
    process: Process,
    address: SocketAddr,
}

impl Bare {
    pub(crate) async fn start(log: &Path, upstream: &str) -> anyhow::Result<Self> {
        let address = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("bare")
            .args(["--port", &address.port().to_string()])
            .args(["--upstream", upstream]);
        let mut process = Process::start(command, log)?;
        while tokio::net::TcpStream::connect(address).await.is_err() {
            process
                .must_live()
                .with_context(|| std::fs::read_to_string(log).unwrap_or_default())?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { process, address })
    }

    fn target(&self, ask: Ask, streams: bool) -> Target {
        Target {
            address: self.address,
            asks: vec![ask],
            streams,
        }
    }

    /// `GET /hello`.
    pub(crate) fn hello(&self) -> Target {
        let ask = Ask {
            method: "GET",
            path: "/hello",
            token: None,
            body: None,
        };
        self.target(ask, false)
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        self.process.usage()
    }

    /// `POST /chat`.
    pub(crate) fn proxy(&self) -> Target {
        let question = serde_json::json!({
            "model": "gpt-4o-mini",
            "stream": true,
            "messages": [{ "role": "user", "content": "How often is the oil changed?" }],
        });
        let ask = Ask {
            method: "POST",
            path: "/chat",
            token: None,
            body: Some(question.to_string()),
        };
        self.target(ask, true)
    }
}
