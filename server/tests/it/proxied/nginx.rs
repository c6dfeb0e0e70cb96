//! `proxy/start` with Debian's nginx, as somebody who is not root.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{
    architecture::source::root,
    faults::outage::is_root,
    support::{User, client::eventually, free_port, memory::peak_of},
};

/// A running proxy. Ended when dropped.
pub(super) struct Proxy {
    process: Child,
    folder: TempDir,
    pub(super) http: u16,
    pub(super) https: u16,
}

impl Proxy {
    /// Stands before this server, or several separated by blanks; settings are those of `proxy/start`.
    pub(super) async fn before(upstream: &str, settings: &[(&str, &str)]) -> Self {
        let folder = folder();
        let (http, https) = (free_port(), free_port());
        let mut command = start(&folder);
        command
            .env("UPSTREAMS", upstream.trim_start_matches("http://"))
            .env("HTTP_PORT", http.to_string())
            .env("HTTPS_PORT", https.to_string())
            .envs(settings.iter().copied());
        let process = command.spawn().expect("the proxy starts");
        let proxy = Self {
            process,
            folder,
            http,
            https,
        };
        eventually(|| async { proxy.is_up() }).await;
        proxy
    }

    /// Whether it listens. The check of its configuration before its start does too, and goes away again:
    /// only who serves writes down its number.
    fn is_up(&self) -> Option<()> {
        let number = std::fs::read_to_string(self.folder.path().join("run/nginx.pid"));
        number.ok()?.trim().parse::<u32>().ok()?;
        let connection = std::net::TcpStream::connect(("127.0.0.1", self.https));
        connection.ok().map(drop)
    }

    pub(super) fn base(&self) -> String {
        format!("https://127.0.0.1:{}", self.https)
    }

    /// Somebody outside who takes any certificate, and follows no redirect.
    pub(super) fn stranger(&self) -> User {
        User {
            http: client(false),
            ..User::anonymous(self.base())
        }
    }

    /// As [`Proxy::stranger`], over HTTP/1.1 alone.
    pub(super) fn client_of_http1() -> reqwest::Client {
        client(true)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn reload(&self) {
        kill(self.master(), Signal::SIGHUP).expect("the signal is sent");
    }

    /// The most memory that any of its processes has ever had, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        let master = self.master().as_raw();
        let children = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children"));
        let children = children.expect("its processes");
        let all = children
            .split_whitespace()
            .map(str::to_owned)
            .chain([master.to_string()]);
        all.map(|process| peak_of(&process)).max().unwrap_or(0)
    }

    fn master(&self) -> Pid {
        let file = std::fs::read_to_string(self.folder.path().join("run/nginx.pid"));
        Pid::from_raw(file.expect("it runs").trim().parse().expect("a process id"))
    }

    /// Bytes as they are, over TLS; everything that comes back until the proxy closes or is silent.
    pub(super) fn raw(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(&self.raw_of(&[], bytes)).into_owned()
    }

    /// As [`Proxy::raw`], with more options of `openssl s_client`, and what comes back as it is.
    pub(super) fn raw_of(&self, options: &[&str], bytes: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut connection = Command::new("timeout")
            .args(["3", "openssl", "s_client", "-quiet", "-ign_eof", "-connect"])
            .arg(format!("127.0.0.1:{}", self.https))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let mut pipe = connection.stdin.take().expect("a pipe");
        // A proxy that has refused may be gone before all is sent.
        let _closed = pipe.write_all(bytes);
        connection.wait_with_output().expect("it ends").stdout
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.process.id()) {
            let _gone = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _gone = self.process.wait();
    }
}

/// Runs `proxy/start` to its end.
pub(super) fn start_to_its_end(settings: &[(&str, &str)]) -> Output {
    let folder = folder();
    let mut command = start(&folder);
    command.envs(settings.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().expect("the script runs")
}

/// The scripts and a place to write, for somebody who may see nothing else.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp")
        .args(["-r"])
        .args([root().join("proxy"), root().join("docs/runbooks")])
        .arg(folder.path())
        .status();
    assert!(copied.expect("cp runs").success());
    if is_root() {
        let owned = Command::new("chown")
            .args(["-R", "nobody"])
            .arg(folder.path())
            .status();
        assert!(owned.expect("chown runs").success());
    }
    folder
}

fn start(folder: &TempDir) -> Command {
    let script = folder.path().join("proxy/start");
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", "nobody", "--clear-groups", "--inh-caps=-all"])
            .arg(script);
        command
    } else {
        Command::new(script)
    };
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("RUN_DIR", folder.path().join("run"))
        .env("RUNBOOKS", folder.path().join("runbooks"))
        .env("REQUESTS_PER_SECOND", "1000")
        .env("REQUEST_BURST", "1000")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn client(of_http1: bool) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .timeout(Duration::from_mins(5))
        .redirect(reqwest::redirect::Policy::none())
        .tls_danger_accept_invalid_certs(true);
    let builder = if of_http1 {
        builder.http1_only()
    } else {
        builder
    };
    builder.build().expect("a client")
}
