//! The image without a container: its start command, from a tree that nobody can write, as nobody.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    architecture::source::root,
    faults::outage::is_root,
    support::{User, client::eventually, free_port, house::program},
};

/// The instructions of the Dockerfile, continued lines joined.
fn instructions() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("Dockerfile")).expect("the Dockerfile");
    let text = text.replace("\\\n", " ");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Those of one stage.
fn stage(name: &str) -> Vec<String> {
    let instructions = instructions().into_iter();
    let from = instructions
        .skip_while(|line| !(line.starts_with("FROM ") && line.ends_with(&format!(" AS {name}"))));
    let mut from = from.peekable();
    let head = from.next().unwrap_or_else(|| panic!("no stage {name}"));
    std::iter::once(head)
        .chain(from.take_while(|line| !line.starts_with("FROM ")))
        .collect()
}

#[test]
fn every_image_runs_as_somebody_and_says_what_it_is() {
    for name in ["binnacle", "proxy", "backup"] {
        let stage = stage(name);
        let has = |start: &str| stage.iter().any(|line| line.starts_with(start));
        assert!(
            has("USER ") && !has("USER 0") && !has("USER root"),
            "{name}"
        );
        assert!(has("LABEL org.opencontainers.image.title="), "{name}");
        assert!(has("ENTRYPOINT [\""), "{name} starts through a shell");
    }
    let stage = stage("binnacle");
    assert!(stage[0].contains("distroless/cc-debian12:nonroot"));
    let healthcheck = stage.iter().find(|line| line.starts_with("HEALTHCHECK"));
    assert!(
        healthcheck
            .is_some_and(|line| line.ends_with("[\"/usr/local/bin/binnacle\", \"healthcheck\"]"))
    );
    assert!(!instructions().iter().any(|line| line.contains(":latest")));
    let built: Vec<String> = instructions()
        .into_iter()
        .filter(|line| line.contains("cargo "))
        .collect();
    assert!(built.iter().all(|line| !line.starts_with("RUN cargo")
        || line.contains("--locked")
        || line.contains("prepare")));
}

#[test]
fn the_build_is_given_what_it_reads_and_nothing_of_the_operator() {
    let ignored = std::fs::read_to_string(root().join(".dockerignore")).expect("the file");
    let mut lines = ignored.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("*"));
    for line in ignored.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root().join(line).exists(), "{line}");
        assert!(!line.contains("secret") && !line.contains("env"), "{line}");
    }
    // Everything that is compiled in or copied.
    for name in [
        "api",
        "entities",
        "migration",
        "extract",
        "server",
        "tui",
        "bench",
        "docs",
        "proxy",
        "Cargo.lock",
    ] {
        assert!(
            ignored.lines().any(|line| line == format!("!{name}")),
            "{name}"
        );
    }
}

/// A tree as in the image, that its user may read and not write.
struct Tree(TempDir);

impl Tree {
    /// What `deploy/image-root` has put into the folder IMAGE_ROOT; without it, this build's program at
    /// its place.
    fn of_the_image() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = Self(folder);
        if let Some(image) = std::env::var_os("IMAGE_ROOT") {
            let mut from = image;
            from.push("/.");
            done(Command::new("cp").arg("-r").arg(from).arg(tree.path("")));
        } else {
            let programs = tree.path("usr/local/bin");
            std::fs::create_dir_all(&programs).expect("a folder");
            std::fs::copy(program(), programs.join("binnacle")).expect("the program");
            std::fs::create_dir(tree.path("data")).expect("a folder");
        }
        // A volume and a file system in memory, beside a root that is mounted to be read alone.
        std::fs::create_dir(tree.path("tmp")).expect("a folder");
        done(
            Command::new("chmod")
                .args(["-R", "a-w,a+rX"])
                .arg(tree.path("usr")),
        );
        done(Command::new("chmod").arg("555").arg(tree.path("")));
        let own = [tree.path("data"), tree.path("tmp")];
        done(Command::new("chmod").arg("700").args(&own));
        if is_root() {
            done(Command::new("chown").arg("65532:65532").args(&own));
        }
        tree
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn as_nobody(&self, program: &Path) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65532", "--regid", "65532", "--clear-groups"]);
            command
                .args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .env_clear()
            .current_dir(self.path(""))
            .env("TMPDIR", self.path("tmp"));
        command
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // So that the folder can be removed.
        let mut chmod = Command::new("chmod");
        let _left = chmod.args(["-R", "u+w"]).arg(self.path("")).status();
    }
}

fn done(command: &mut Command) {
    let status = command.status().expect("the program runs");
    assert!(status.success(), "{command:?}: {status}");
}

/// A process that does not outlive its test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_serves_from_a_tree_that_it_cannot_write() {
    let tree = Tree::of_the_image();
    let binary = tree.path("usr/local/bin/binnacle");
    let port = free_port().to_string();
    let server = tree
        .as_nobody(&binary)
        .arg("serve")
        .env("PLC_STORAGE_DIR", tree.path("data"))
        .env("PORT", &port)
        .env("GEMINI_MOCK_MODE", "true")
        .stdout(Stdio::null())
        .spawn();
    let mut server = Serving(server.expect("it starts"));
    let base = format!("http://127.0.0.1:{port}");
    let stranger = User::anonymous(base.clone());
    eventually(|| async {
        let ready = stranger
            .http
            .get(format!("{base}/ready"))
            .send()
            .await
            .ok()?;
        ready.status().is_success().then_some(())
    })
    .await;
    let healthy = tree
        .as_nobody(&binary)
        .arg("healthcheck")
        .env("PORT", &port)
        .status();
    assert!(healthy.expect("it runs").success());
    // The main job needs the child that reads documents, and room for uploads.
    let ada = User::register(base, "ada@example.org").await;
    let store = ada.store("Papers").await;
    let checklist = include_bytes!("../../../../docs/samples/release-checklist.md").to_vec();
    ada.indexed(store, "checklist.md", "text/markdown", checklist)
        .await;
    let answer = ada.ask(store, "What must be done before a release?").await;
    assert!(answer.done && !answer.text().is_empty());
    // Nobody but root writes where they may only read.
    if is_root() {
        for place in ["", "usr/local/bin", "usr/local/bin/binnacle"] {
            let writable = tree.as_nobody(Path::new("/usr/bin/test"));
            let writable = { writable }.arg("-w").arg(tree.path(place)).status();
            assert!(!writable.expect("it runs").success(), "{place}");
        }
    }
    let written: Vec<_> = std::fs::read_dir(tree.path(""))
        .expect("the tree")
        .flatten()
        .collect();
    assert_eq!(written.len(), 3, "{written:?}");
    let id = i32::try_from(server.0.id()).expect("a process id");
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(id),
        nix::sys::signal::Signal::SIGTERM,
    )
    .expect("the signal is sent");
    assert!(server.0.wait().expect("it ends").success());
    let unhealthy = tree
        .as_nobody(&binary)
        .arg("healthcheck")
        .env("PORT", &port)
        .stderr(Stdio::null())
        .status();
    assert!(!unhealthy.expect("it runs").success());
}
