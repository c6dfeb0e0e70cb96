//! `scripts/restore`, on a house on SQLite, with a container engine that writes down what it is asked and
//! runs in place of the container what it is told to run there.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use pretty_assertions::assert_eq;
use tempfile::TempDir;

use crate::{
    architecture::source::root,
    support::{Database, House, PASSWORD, User, house::program},
};

const NAME: &str = "2026-11-21T021500Z";

/// The volume `backups` is a folder of the test's.
const ENGINE: &str = r#"#!/bin/sh
case "$*" in 'compose version') exit ;; esac
while [ "$1" != exec ] && [ "$1" != stop ] && [ "$1" != up ]; do shift; done
echo "$*" >>"$HOME/asked"
[ "$1" = exec ] || exit 0
shift 3
case $1 in
  ls) exec ls "$HOME/backups" ;;
  binnacle) shift; exec "$PROGRAM" "$1" "$HOME$2" "$3" ;;
esac
exit 64
"#;

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("a mode");
}

/// The scripts as an operator has them, the engine, and a folder of backups.
struct Scripts(TempDir);

impl Scripts {
    fn new() -> Self {
        let scripts = Self(tempfile::tempdir().expect("a folder"));
        for folder in ["programs", "scripts", "backups"] {
            std::fs::create_dir(scripts.path(folder)).expect("a folder");
        }
        for name in ["restore", "compose"] {
            let to = scripts.path("scripts").join(name);
            std::fs::copy(root().join("scripts").join(name), to).expect("a copy");
        }
        std::fs::write(scripts.path(".env.prod"), "").expect("a file");
        executable(&scripts.path("programs/docker"), ENGINE);
        // It asks from outside, which has tests of its own.
        let smoke = "#!/bin/sh\necho smoke >>\"$HOME/asked\"\n";
        executable(&scripts.path("scripts/smoke"), smoke);
        scripts
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn backup(&self) -> String {
        self.path("backups").join(NAME).display().to_string()
    }

    /// Puts a backup back into the house of a folder; what was asked of the engine meanwhile.
    fn restore(&self, house: &TempDir, name: &str) -> (Output, Vec<String>) {
        let asked = self.path("asked");
        std::fs::write(&asked, "").expect("a file");
        let path = format!("{}:/usr/bin:/bin", self.path("programs").display());
        let output = Command::new(self.path("scripts/restore"))
            .arg(name)
            .env_clear()
            .env("HOME", self.0.path())
            .env("PATH", path)
            .env("PROGRAM", program())
            .env("ENVIRONMENT", "test")
            .env("PLC_STORAGE_DIR", house.path())
            .output()
            .expect("the script runs");
        let asked = std::fs::read_to_string(asked).expect("what was asked");
        (output, asked.lines().map(str::to_owned).collect())
    }
}

/// Whether somebody may sign in.
async fn knows(house: &House, name: &str) -> bool {
    let stranger = house.stranger();
    let email = format!("{name}@example.org");
    let proof = serde_json::json!({"email": email, "password": PASSWORD});
    stranger.post("/api/auth/login", &proof).await.status == 200
}

/// A house that was backed up when there was Ada alone; Bob came later.
async fn backed_up(scripts: &Scripts) -> std::sync::Arc<TempDir> {
    let house = House::open(&Database::Sqlite, &[]).await;
    let ada = house.user("ada").await;
    let store = ada.store("Papers").await;
    let text = b"The ferry leaves the north pier at nine in the morning.".to_vec();
    ada.indexed(store, "ferry.txt", "text/plain", text).await;
    let taken = house.command(&["backup", &scripts.backup()]);
    assert!(taken.status.success(), "{taken:?}");
    house.user("bob").await;
    house.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_is_put_back_while_nobody_serves() {
    let scripts = Scripts::new();
    let folder = backed_up(&scripts).await;

    let (output, asked) = scripts.restore(&folder, NAME);

    assert!(output.status.success(), "{output:?}");
    let restore = format!("exec -T backup binnacle restore /backups/{NAME}");
    let expected = [
        &format!("{restore} --verify"),
        "stop server worker",
        &format!("{restore} --replace"),
        "up --detach server worker",
        "exec -T proxy nginx -s reload -c /tmp/binnacle-proxy/nginx.conf",
        "smoke",
    ];
    assert_eq!(asked, expected);
    let house = House::open_in(folder, &Database::Sqlite, &[]).await;
    assert!(knows(&house, "ada").await);
    assert!(!knows(&house, "bob").await, "who came after the backup");
    let ada = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
    let stores = ada.get("/api/stores").await.expect(200);
    let store = stores[0]["id"].as_i64().expect("a store");
    let answer = ada.ask(store, "When does the ferry leave?").await;
    assert!(!answer.sources().is_empty(), "{:?}", answer.frames);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_stops_nothing() {
    let scripts = Scripts::new();
    let folder = backed_up(&scripts).await;
    let database = scripts.path("backups").join(NAME).join("database.sqlite");
    let mut bytes = std::fs::read(&database).expect("the database");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&database, bytes).expect("the database");

    let (output, asked) = scripts.restore(&folder, NAME);

    assert!(!output.status.success(), "{output:?}");
    let verify = format!("exec -T backup binnacle restore /backups/{NAME} --verify");
    assert_eq!(asked, [verify]);
    let house = House::open_in(folder, &Database::Sqlite, &[]).await;
    assert!(knows(&house, "bob").await);
    house.stop().await;
}

#[test]
fn a_name_that_is_none_is_answered_with_those_there_are() {
    let scripts = Scripts::new();
    std::fs::create_dir(scripts.path("backups").join(NAME)).expect("a folder");
    let house = tempfile::tempdir().expect("a folder");
    for name in [
        "",
        "latest",
        "../2026-11-21T021500Z",
        "2026-11-21T021500Z/..",
    ] {
        let (output, asked) = scripts.restore(&house, name);
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        assert_eq!(asked, ["exec -T backup ls /backups"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("make restore") && said.contains(NAME),
            "{said}"
        );
    }
    // One that is not there stops nothing.
    let (output, asked) = scripts.restore(&house, "2026-01-01T000000Z");
    assert!(!output.status.success());
    assert_eq!(asked.len(), 1, "{asked:?}");
}
