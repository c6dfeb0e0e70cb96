//! `deploy/backup-daily`, run once: a backup, read back, and no more kept than were asked for.

use std::{
    fs::File,
    process::Command,
    time::{Duration, SystemTime},
};

use crate::{
    architecture::source::root,
    support::{Database, House, house::program},
};

/// Of a backup that was killed days ago, and of one that may still be running.
const LEFT: &str = "2026-01-03T021500Z.partial";
const GROWING: &str = "2026-01-04T021500Z.partial";

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_backup_is_read_back_and_the_oldest_go() {
    let house = House::open(&Database::Sqlite, &[]).await;
    house.user("ada").await;
    let backups = tempfile::tempdir().expect("a folder");
    for name in [
        "2026-01-01T021500Z",
        "2026-01-02T021500Z",
        "of-somebody-else",
        // What backups that were killed have left, or are about to finish.
        LEFT,
        GROWING,
    ] {
        std::fs::create_dir(backups.path().join(name)).expect("a folder");
    }
    let left = File::open(backups.path().join(LEFT)).expect("the folder");
    let two_days = Duration::from_hours(48);
    left.set_modified(SystemTime::now() - two_days)
        .expect("a time");
    let programs = program();
    let path = format!(
        "{}:/usr/bin:/bin",
        programs.parent().expect("its folder").display()
    );
    let output = Command::new(root().join("deploy/backup-daily"))
        .arg("once")
        .env_clear()
        .env("PATH", path)
        .env("ENVIRONMENT", "test")
        .env("PLC_STORAGE_DIR", house.folder.path())
        .env("BACKUP_FOLDER", backups.path())
        .env("BACKUP_KEEP", "2")
        .output()
        .expect("the script runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut names: Vec<String> = std::fs::read_dir(backups.path())
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[0], "2026-01-02T021500Z");
    assert_eq!(names[1], GROWING);
    assert_eq!(names[3], "of-somebody-else");
    assert!(
        backups
            .path()
            .join(&names[2])
            .join("manifest.json")
            .exists()
    );
    house.stop().await;
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for (name, value) in [
        ("BACKUP_AT", "25:00"),
        ("BACKUP_AT", "soon"),
        ("BACKUP_KEEP", "0"),
        ("BACKUP_KEEP", "all"),
    ] {
        let output = Command::new(root().join("deploy/backup-daily"))
            .env(name, value)
            .output();
        let output = output.expect("the script runs");
        assert_eq!(output.status.code(), Some(64), "{name}={value}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(name));
    }
}
