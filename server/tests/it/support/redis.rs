//! A Redis of one test's own, to be stopped, killed, or given another password.

use std::process::Stdio;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::client::eventually;

pub struct Redis {
    process: Child,
    pub port: u16,
    _folder: TempDir,
}

impl Redis {
    /// One that listens on a free port, with these options beside.
    pub async fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(options)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server");
        eventually(|| async {
            let connected = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            connected.ok()
        })
        .await;
        Self {
            process,
            port,
            _folder: folder,
        }
    }

    /// Its URL, for who needs no password.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn signal(&self, signal: Signal) {
        let id = self.process.id().expect("it runs");
        let pid = Pid::from_raw(i32::try_from(id).expect("a process id"));
        kill(pid, signal).expect("it runs");
    }

    pub async fn kill(&mut self) {
        self.process.kill().await.expect("it runs");
    }
}
