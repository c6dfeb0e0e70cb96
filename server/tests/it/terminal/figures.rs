//! What the console takes of the machine it runs on: the program itself in a terminal.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

use super::tmux::{console_program, environment};
use crate::console::bulk::{LATER, add_drills};
use crate::console::follower::Follower;
use crate::support::{House, Sql, on_each_database};

/// A frame is whole.
const FRAME: &str = "\x1b[?2026l";
const PAGE_DOWN: &[u8] = b"\x1b[6~";
/// Anything has to be written within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A machine that builds beside it is slow now and then: the best of so many counts.
const TRIES: usize = 8;
/// Ticks of the processor's clock in a second.
const TICKS: u64 = 100;

/// The console in a terminal of 120 by 36.
struct Program {
    _child: Child,
    keys: ChildStdin,
    out: ChildStdout,
    pid: u32,
    written: String,
    began: Instant,
    _home: tempfile::TempDir,
}

impl Program {
    /// Starts it; its clock begins before the shell that becomes it.
    async fn start(server: &str, token: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let line = format!(
            "stty cols 120 rows 36; echo pid=$$.; exec {}",
            console_program().display()
        );
        let began = Instant::now();
        let mut child = Command::new("script")
            .args(["--quiet", "--flush", "--command", &line, "/dev/null"])
            .env_clear()
            .envs(environment(home.path()))
            .env("SHELL", "/bin/sh")
            .env("BINNACLE_SERVER", server)
            .env("BINNACLE_TOKEN", token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("script runs: it comes with every Debian");
        let mut program = Self {
            keys: child.stdin.take().expect("a pipe"),
            out: child.stdout.take().expect("a pipe"),
            _child: child,
            pid: 0,
            written: String::new(),
            began,
            _home: home,
        };
        let said = program.until(".").await;
        let number = said.trim().trim_start_matches("pid=").trim_end_matches('.');
        program.pid = number.parse().expect("a number");
        program
    }

    /// Waits until it has written that after what was waited for before; what it wrote till then.
    async fn until(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut part = [0; 4_096];
        loop {
            if let Some(at) = self.written.find(text) {
                let rest = self.written.split_off(at + text.len());
                return std::mem::replace(&mut self.written, rest);
            }
            let read = tokio::time::timeout_at(deadline, self.out.read(&mut part)).await;
            let length = read.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.written));
            let length = length.expect("it writes");
            assert!(length > 0, "it ended: {:?}", self.written);
            self.written
                .push_str(&String::from_utf8_lossy(&part[..length]));
        }
    }

    async fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).await.expect("a key");
        self.keys.flush().await.expect("a key");
    }

    /// Processor time so far, in ticks.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("it runs");
        let fields = stat.rsplit_once(") ").expect("a name").1;
        let field = |at: usize| -> u64 {
            let text = fields.split(' ').nth(at).expect("a field");
            text.parse().expect("a number")
        };
        field(11) + field(12)
    }

    /// Memory that is its own or shared with others, in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid));
        let status = status.expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.expect("a number").parse().expect("a number")
    }
}

/// The first frame waits for nothing: a server that takes calls and never answers is no reason. How
/// soon it comes is shown, and is no matter of a test beside others on two cores (docs/console.md).
#[tokio::test(flavor = "multi_thread")]
async fn the_first_frame_comes_before_any_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = format!("http://{}", silent.local_addr().expect("an address"));
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let mut program = Program::start(&server, "token").await;
        let frame = program.until(FRAME).await;
        best = best.min(program.began.elapsed());
        assert!(frame.contains("Overview"), "{frame:?}");
        assert!(frame.contains("connecting"), "{frame:?}");
    }
    let _shown = writeln!(std::io::stderr(), "the first frame came after {best:?}");
    assert!(best < Duration::from_secs(2), "{best:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_console_takes_next_to_nothing() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        add_drills(&mut sql, 10_000, 1, LATER).await;
        let token = admin.token.as_deref().expect("a token");
        let mut program = Program::start(&house.base(), token).await;
        program.until("live").await;
        program.press(b"4").await;
        program.until("drill").await;
        for _ in 0..60 {
            program.press(PAGE_DOWN).await;
            program.until(FRAME).await;
        }
        let mut feed = Follower::open(&admin, "pulse", None).await;
        for _ in 0..3 {
            feed.until("pulse", |_| true).await;
        }
        let (before, since) = (program.ticks(), Instant::now());
        for _ in 0..10 {
            feed.until("pulse", |_| true).await;
        }
        let used = program.ticks() - before;
        // One in a hundred by itself; a busy machine makes each of its wakings dearer.
        let most = since.elapsed().as_secs() * TICKS / 20;
        assert!(used <= most, "{used} ticks of {most}");
        let memory = program.memory();
        assert!(memory < 30 << 10, "{memory} KiB");
        house.stop().await;
    })
    .await;
}
