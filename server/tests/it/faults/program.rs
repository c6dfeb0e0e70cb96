//! The real binary: started, watched through its log, signalled, killed, started again.

use std::{
    process::{ExitStatus, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinSet,
};

use super::state::State;
use crate::support::{
    Database, User, eventually, free_port,
    house::{ADMIN, program},
};

/// How long a process may take for anything on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder, a database and settings on which processes run, one after another or together.
pub struct Site {
    pub folder: TempDir,
    database: Arc<Database>,
    settings: Vec<(String, String)>,
}

/// What every process has; a test's own settings come after and win.
const SETTINGS: [(&str, &str); 14] = [
    ("ENVIRONMENT", "test"),
    ("HOST", "127.0.0.1"),
    ("PORT", "0"),
    ("GEMINI_MOCK_MODE", "true"),
    ("JWT_SECRET", "a-secret-of-the-tests-with-enough-length"),
    ("RATE_LIMIT_PER_MINUTE", "100000"),
    ("CHAT_RATE_LIMIT_PER_MINUTE", "100000"),
    ("UPLOAD_RATE_LIMIT_PER_MINUTE", "100000"),
    ("LOGIN_RATE_LIMIT_PER_MINUTE", "100000"),
    ("ARGON2_MEMORY_KIB", "1024"),
    ("ARGON2_ITERATIONS", "1"),
    ("JOB_LEASE_SECONDS", "2"),
    ("JOB_HEARTBEAT_SECONDS", "1"),
    ("JOB_POLL_MS", "100"),
];

impl Site {
    pub fn new(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            database,
            settings: owned(settings),
        }
    }

    /// The database, looked at from outside.
    pub async fn state(&self) -> State {
        State::open(&self.database, &self.folder.path().join("binnacle.db")).await
    }

    fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments);
        self.on_site(command, settings)
    }

    fn on_site(&self, mut command: Command, settings: &[(&str, &str)]) -> Command {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(SETTINGS)
            .env("PLC_STORAGE_DIR", self.folder.path())
            .envs(self.database.url().map(|url| ("DATABASE_URL", url)))
            .envs(self.settings.clone())
            .envs(owned(settings))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let output = self.command(arguments, settings).output();
        tokio::time::timeout(PATIENCE, output)
            .await
            .expect("the command ends")
            .expect("the command runs")
    }

    /// Makes the first admin, by the command line.
    pub async fn create_admin(&self) {
        let made = self.run(&["create-first-admin", ADMIN.0, ADMIN.1], &[]);
        let made = made.await;
        assert!(made.status.success(), "{made:?}");
    }

    /// The first admin, made and signed in to a process.
    pub async fn admin(&self, at: &Program) -> User {
        self.create_admin().await;
        User::sign_in(at.base.clone(), ADMIN.0, ADMIN.1).await
    }

    /// Starts `serve` and waits until it listens.
    pub async fn serve(&self, settings: &[(&str, &str)]) -> Program {
        Self::listening(self.begin("serve", settings)).await
    }

    /// As [`Site::serve`], for a process that is told by an error, and not by a signal, that a file
    /// may not grow any more: as on a full disk.
    pub async fn serve_told_of_full_files(&self, settings: &[(&str, &str)]) -> Program {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" serve"]);
        shell.arg(program());
        Self::listening(Self::run_beside(self.on_site(shell, settings))).await
    }

    /// As [`Site::serve`], with a log that nobody reads.
    pub async fn serve_unread(&self) -> Program {
        let port = free_port().to_string();
        let mut command = self.command(&["serve"], &[("PORT", &port)]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let program = Program {
            child: command.spawn().expect("the program starts"),
            base: format!("http://127.0.0.1:{port}"),
            log: Arc::default(),
            readers: JoinSet::new(),
        };
        let ready = format!("{}/ready", program.base);
        eventually(|| async { reqwest::get(&ready).await.ok() }).await;
        program
    }

    async fn listening(mut program: Program) -> Program {
        let line = program.logged("listening", |line| line["event"] == "listening");
        let line = line.await;
        program.base = format!("http://{}", line["address"].as_str().expect("an address"));
        program
    }

    /// Starts `worker` and waits until it works.
    pub async fn work(&self, settings: &[(&str, &str)]) -> Program {
        let program = self.begin("worker", settings);
        program
            .logged("working", |line| line["event"] == "working")
            .await;
        program
    }

    /// Starts a command and does not wait for anything.
    pub fn begin(&self, command: &str, settings: &[(&str, &str)]) -> Program {
        Self::run_beside(self.command(&[command], settings))
    }

    fn run_beside(mut command: Command) -> Program {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(watch::Sender::new(Log::default()));
        let mut readers = JoinSet::new();
        readers.spawn(read(child.stdout.take().expect("a pipe"), log.clone()));
        readers.spawn(read(child.stderr.take().expect("a pipe"), log.clone()));
        Program {
            child,
            base: String::new(),
            log,
            readers,
        }
    }
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A running process. Killed when dropped.
pub struct Program {
    child: Child,
    pub base: String,
    log: Arc<watch::Sender<Log>>,
    readers: JoinSet<()>,
}

/// What it said, line by line: JSON objects, and text that was not JSON.
#[derive(Default)]
struct Log {
    lines: Vec<Value>,
}

async fn read(pipe: impl AsyncRead + Unpin, log: Arc<watch::Sender<Log>>) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
        log.send_modify(|log| log.lines.push(line));
    }
}

impl Program {
    /// Waits for a line of the log.
    pub async fn logged(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut log = self.log.subscribe();
        let found = log.wait_for(|log| log.lines.iter().any(&is_it));
        let found = tokio::time::timeout(PATIENCE, found).await.is_ok();
        let log = self.log.borrow();
        let line = log.lines.iter().find(|line| is_it(line));
        match line {
            Some(line) if found => line.clone(),
            _ => panic!("no line says `{what}`:\n{}", said(&log)),
        }
    }

    pub fn pid(&self) -> i32 {
        let id = self.child.id().expect("it runs");
        i32::try_from(id).expect("a process id")
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("the signal is sent");
    }

    /// Sets a limit of the running process, as `prlimit` spells it; what may not be gone beyond is
    /// left as it is.
    pub async fn limit(&self, what: &str, value: &str) {
        let set = Command::new("prlimit")
            .args(["--pid", &self.pid().to_string()])
            .arg(format!("--{what}={value}:"))
            .status();
        assert!(set.await.expect("prlimit runs").success());
    }

    /// How many lines of the log so far are such.
    pub fn count_logged(&self, is_it: impl Fn(&Value) -> bool) -> usize {
        let log = self.log.borrow();
        log.lines.iter().filter(|line| is_it(line)).count()
    }

    /// Waits until this many lines of the log are such; answers them.
    pub async fn logged_times(&self, times: usize, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut log = self.log.subscribe();
        let such = |log: &Log| -> Vec<Value> {
            let lines = log.lines.iter().filter(|line| is_it(line));
            lines.cloned().collect()
        };
        let found = log.wait_for(|log| such(log).len() >= times);
        let found = tokio::time::timeout(PATIENCE, found).await.is_ok();
        let log = self.log.borrow();
        assert!(found, "fewer than {times} such lines:\n{}", said(&log));
        such(&log)
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let Ok(status) = tokio::time::timeout(PATIENCE, self.child.wait()).await else {
            panic!("it does not end:\n{}", said(&self.log.borrow()));
        };
        while self.readers.join_next().await.is_some() {}
        status.expect("a status")
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    /// SIGTERM, and a good end.
    pub async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let status = self.ended().await;
        assert!(status.success(), "{status}:\n{}", said(&self.log.borrow()));
    }
}

impl Program {
    /// As [`Program::stop`], with everything that it has said.
    pub async fn stop_and_read(mut self) -> String {
        self.signal(Signal::SIGTERM);
        let status = self.ended().await;
        let log = said(&self.log.borrow());
        assert!(status.success(), "{status}:\n{log}");
        log
    }
}

fn said(log: &Log) -> String {
    let lines: Vec<String> = log.lines.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
