//! The program itself in a terminal of 120 by 36, by tmux: keys go in, the screen is read.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::Instant;

use crate::support::eventually_or;
use crate::support::house::program;

/// Longer than a dialog takes keys for keys of the screen before.
const READING: Duration = Duration::from_millis(400);

/// The console's program, which cargo builds beside the house's.
pub fn console_program() -> PathBuf {
    let path = program().with_file_name("binnacle-tui");
    assert!(path.exists(), "{} is not built", path.display());
    path
}

/// What the console's program is run with: a home of its own and a terminal with UTF-8.
pub fn environment(home: &Path) -> Vec<(String, String)> {
    let home = |name: &str| home.join(name).display().to_string();
    [
        ("HOME", home("")),
        ("XDG_CONFIG_HOME", home("config")),
        ("XDG_DATA_HOME", home("data")),
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("TERM", "tmux-256color".to_owned()),
        ("PS1", "$ ".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// A terminal with a shell in it.
pub struct Tmux {
    socket: PathBuf,
    pub home: TempDir,
}

impl Tmux {
    pub async fn open() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let tmux = Self {
            socket: home.path().join("tmux"),
            home,
        };
        let settings = tmux.home.path().join("tmux.conf");
        let text = "set -g status off\nset -s escape-time 0\nset -g remain-on-exit on\n";
        std::fs::write(&settings, text).expect("written");
        let mut new = tmux.command();
        new.args(["-u", "-f"]).arg(&settings);
        new.args(["new-session", "-d", "-s", "it", "-x", "120", "-y", "36"]);
        new.args(["sh", "-i"]);
        finished(new).await;
        tmux.until("$").await;
        tmux
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .env_clear()
            .envs(environment(self.home.path()))
            .current_dir(self.home.path())
            .arg("-S")
            .arg(&self.socket);
        command
    }

    /// Presses keys by tmux's names: `Enter`, `C-c`, `Tab`.
    pub async fn keys(&self, keys: &[&str]) {
        let mut send = self.command();
        send.args(["send-keys", "-t", "it"]).args(keys);
        finished(send).await;
    }

    /// Types text.
    pub async fn types(&self, text: &str) {
        let mut send = self.command();
        send.args(["send-keys", "-t", "it", "-l", text]);
        finished(send).await;
    }

    pub async fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        let mut resize = self.command();
        resize.args(["resize-window", "-t", "it", "-x", &width, "-y", &height]);
        finished(resize).await;
    }

    /// What the terminal shows.
    pub async fn frame(&self) -> String {
        let mut capture = self.command();
        capture.args(["capture-pane", "-p", "-t", "it"]);
        let text = finished(capture).await;
        text.trim_end().to_owned() + "\n"
    }

    /// Waits until the screen is such, and answers it.
    pub async fn wait_for(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
        let last = Mutex::new(String::new());
        let look = || async {
            let frame = self.frame().await;
            last.lock().clone_from(&frame);
            seen(&frame).then_some(frame)
        };
        eventually_or(look, || format!("not seen: {what}\n{}", last.lock())).await
    }

    /// Waits until the screen shows it.
    pub async fn until(&self, text: &str) -> String {
        self.wait_for(text, |frame| frame.contains(text)).await
    }

    /// Waits until a line of the screen shows all of these.
    pub async fn until_line(&self, words: &[&str]) -> String {
        let shows = |line: &str| words.iter().all(|word| line.contains(word));
        self.wait_for(&words.join(" "), |frame| frame.lines().any(shows))
            .await
    }

    /// Waits until the screen has stood still for as long as a person needs to read a question:
    /// keys that come sooner are not meant for it.
    pub async fn still(&self) {
        let mut since = Instant::now();
        let mut before = self.frame().await;
        while since.elapsed() < READING {
            let frame = self.frame().await;
            if frame != before {
                (before, since) = (frame, Instant::now());
            }
        }
    }
}

/// Runs a command to its good end; what it printed.
async fn finished(mut command: Command) -> String {
    let run = command.stdin(Stdio::null()).output().await;
    let output = run.expect("tmux runs: scripts/install installs it");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _gone = std::process::Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .arg("kill-server")
            .stderr(Stdio::null())
            .status();
    }
}
