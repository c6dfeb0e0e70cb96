//! A server in this process, on a free port, over real sockets.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use binnacle::app::{App, ManualClock, Stop, Surroundings};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{Database, User};

/// A running server. Stopped by [`House::stop`]; a test that panics leaves it to the process.
pub struct House {
    pub address: SocketAddr,
    pub folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
    stop: Stop,
    running: Option<JoinHandle<()>>,
}

/// What every house of a test has; a test's own settings come after and win.
const SETTINGS: [(&str, &str); 9] = [
    ("ENVIRONMENT", "test"),
    ("GEMINI_MOCK_MODE", "true"),
    ("PORT", "0"),
    ("RATE_LIMIT_PER_MINUTE", "100000"),
    ("CHAT_RATE_LIMIT_PER_MINUTE", "100000"),
    ("UPLOAD_RATE_LIMIT_PER_MINUTE", "100000"),
    ("LOGIN_RATE_LIMIT_PER_MINUTE", "100000"),
    ("ARGON2_MEMORY_KIB", "1024"),
    ("ARGON2_ITERATIONS", "1"),
];

impl House {
    /// A house on `database` with a folder of its own.
    pub async fn open(database: &Database, settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::open_in(folder, database, settings).await
    }

    /// A house in a folder that another house has had.
    pub async fn open_in(
        folder: Arc<TempDir>,
        database: &Database,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::assemble(folder, database, settings, surroundings()).await
    }

    /// A house whose time stands still until the test moves it.
    pub async fn with_clock(
        database: &Database,
        settings: &[(&str, &str)],
        clock: &ManualClock,
    ) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let surroundings = surroundings().with_clock(Arc::new(clock.clone()));
        Self::assemble(folder, database, settings, surroundings).await
    }

    async fn assemble(
        folder: Arc<TempDir>,
        database: &Database,
        settings: &[(&str, &str)],
        surroundings: Surroundings,
    ) -> Self {
        let pairs = pairs(&folder, database, settings);
        let app = App::from_settings(pairs.clone(), surroundings)
            .await
            .expect("the house starts");
        let listener = app.bind().await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = Stop::default();
        let serving = app.serve(listener, stop.clone());
        let running = tokio::spawn(async move { serving.await.expect("the house serves") });
        Self {
            address,
            folder,
            settings: pairs,
            stop,
            running: Some(running),
        }
    }

    /// Stops softly and waits until everything has ended.
    pub async fn stop(mut self) -> Arc<TempDir> {
        self.stop.soft.cancel();
        if let Some(running) = self.running.take() {
            running.await.expect("the house stops");
        }
        self.folder.clone()
    }

    /// What the settings say; `None` for what they leave to its default.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let pair = self.settings.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// How many files are in the store of originals and in the folder of uploads under way.
    pub fn files(&self) -> usize {
        let folders = ["blobs", "tmp"].map(|name| self.folder.path().join(name));
        folders.iter().map(|folder| files_in(folder)).sum()
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client that has not signed in.
    pub fn stranger(&self) -> User {
        User::anonymous(self.base())
    }

    /// A new user, signed in.
    pub async fn user(&self, name: &str) -> User {
        User::register(self.base(), &format!("{name}@example.org")).await
    }

    /// New users; answers their ids.
    pub async fn users(&self, names: &[&str]) -> Vec<i64> {
        let mut ids = Vec::new();
        for name in names {
            ids.push(self.user(name).await.id().await);
        }
        ids
    }

    /// Runs a command on the house's stores beside it.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        std::process::Command::new(program())
            .args(arguments)
            .env_clear()
            .envs(self.settings.iter().cloned())
            .output()
            .expect("the program runs")
    }

    /// An admin, made by the command line, signed in.
    pub async fn admin(&self) -> User {
        let made = self.command(&["create-first-admin", ADMIN.0, ADMIN.1]);
        assert!(made.status.success(), "{made:?}");
        User::sign_in(self.base(), ADMIN.0, ADMIN.1).await
    }
}

/// The admin that every house has.
pub const ADMIN: (&str, &str) = ("root@example.org", "Root-pass1!");

fn pairs(
    folder: &TempDir,
    database: &Database,
    settings: &[(&str, &str)],
) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = SETTINGS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    pairs.push((
        "PLC_STORAGE_DIR".to_owned(),
        folder.path().display().to_string(),
    ));
    if let Some(url) = database.url() {
        pairs.push(("DATABASE_URL".to_owned(), url));
    }
    for (name, value) in settings {
        pairs.retain(|(known, _)| known != name);
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    pairs
}

/// The program that cargo built beside the tests extracts documents for them.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_binnacle"))
}

fn surroundings() -> Surroundings {
    Surroundings::of_system()
        .expect("surroundings")
        .with_program(program())
}

fn files_in(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| if path.is_dir() { files_in(&path) } else { 1 })
        .sum()
}
