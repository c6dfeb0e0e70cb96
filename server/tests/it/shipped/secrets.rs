//! `scripts/secrets`: made once, never over what is there, and good enough for the gate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::ExitStatusExt,
    },
    path::Path,
    process::{Command, Output},
};

use super::compose;
use crate::architecture::source::root;

fn command(act: &str, folder: &Path) -> Command {
    let mut command = Command::new(root().join("scripts/secrets"));
    command.arg(act).arg(folder);
    command
}

fn run(act: &str, folder: &Path) -> Output {
    command(act, folder).output().expect("the script runs")
}

/// As [`run`], but cut off where this program would have put or removed this file.
fn cut_off(act: &str, folder: &Path, place: (&str, &str)) {
    cut_off_with(act, folder, place, &[]);
}

fn cut_off_with(
    act: &str,
    folder: &Path,
    (program, file): (&str, &str),
    settings: &[(&str, &Path)],
) {
    let programs = tempfile::tempdir().expect("a folder");
    let stand_in = programs.path().join(program);
    let lines = format!(
        "#!/bin/sh\nfor last; do :; done\nif [ \"${{last##*/}}\" = {file} ]; then\n\
         kill -9 $PPID\nexit 1\nfi\nexec /bin/{program} \"$@\"\n"
    );
    std::fs::write(&stand_in, lines).expect("a file");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&stand_in, executable).expect("its mode");
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let mut cut = command(act, folder);
    cut.env("PATH", path).envs(settings.iter().copied());
    let cut = cut.output().expect("the script runs");
    assert_eq!(cut.status.signal(), Some(9), "{program} {file}: {cut:?}");
}

fn contents(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn every_secret_of_the_compose_file_is_made_or_asked_for() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    let made = run("init", &folder);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    // The certificate and the provider's key are the operator's.
    assert!(!made.status.success(), "{said}");
    let permissions = std::fs::metadata(&folder)
        .expect("the folder")
        .permissions();
    assert_eq!(permissions.mode() & 0o777, 0o700);
    let there = contents(&folder);
    let file = compose::read("docker-compose.prod.yml");
    let declared = file["secrets"].as_mapping().expect("secrets");
    for name in declared.keys().map(compose::text) {
        assert!(
            there.contains_key(&name) || said.contains(&format!("/{name}:")),
            "{name}: {said}"
        );
    }
    for (name, value) in &there {
        assert!(!value.ends_with('\n') && !value.is_empty(), "{name}");
        let told =
            [&made.stdout, &made.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let secret = value != "not-set";
        assert!(
            !secret || told.iter().all(|text| !text.contains(value.as_str())),
            "{name} is printed"
        );
    }
    let random: BTreeSet<&String> = there.values().filter(|value| *value != "not-set").collect();
    let count = there.values().filter(|value| *value != "not-set").count();
    assert_eq!(random.len(), count, "no two are the same");
    for name in ["tls_certificate", "tls_key", "gemini_api_key"] {
        std::fs::remove_file(folder.join(name)).ok();
        std::fs::write(folder.join(name), "given").expect("a file");
    }
    assert!(run("check", &folder).status.success());
}

#[test]
fn a_second_init_changes_nothing_and_a_rotation_keeps_the_secret_before() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    run("init", &folder);
    let first = contents(&folder);
    run("init", &folder);
    assert_eq!(contents(&folder), first);

    assert!(run("rotate", &folder).status.success());
    let second = contents(&folder);
    let before: Vec<&str> = second["jwt_secret_previous"].lines().collect();
    let earlier = first["jwt_secret_previous"].as_str();
    assert_eq!(before, [first["jwt_secret"].as_str(), earlier]);
    assert_ne!(second["jwt_secret"], first["jwt_secret"]);
    assert_ne!(second["metrics_token"], first["metrics_token"]);
    assert_eq!(second["database_url"], first["database_url"]);

    // Announced first, it is accepted before anybody signs with it. Asked twice it is the same.
    assert!(run("announce", &folder).status.success());
    let announced = contents(&folder);
    assert!(run("announce", &folder).status.success());
    assert_eq!(contents(&folder), announced);
    assert_eq!(announced["jwt_secret"], second["jwt_secret"]);
    let next = announced["jwt_secret_next"].as_str();
    let accepted: Vec<&str> = announced["jwt_secret_previous"].lines().collect();
    assert_eq!(accepted, [&[next], &before[..]].concat());
    assert!(run("rotate", &folder).status.success());
    let third = contents(&folder);
    assert_eq!(third["jwt_secret"], next);
    let accepted: Vec<&str> = third["jwt_secret_previous"].lines().collect();
    assert_eq!(
        accepted,
        [&[second["jwt_secret"].as_str()], &before[..]].concat()
    );
    assert!(!third.contains_key("jwt_secret_next"));
}

#[test]
fn a_rotation_that_was_cut_off_goes_on_where_it_was() {
    for announced in [true, false] {
        for cut in [
            ("mv", "jwt_secret_previous"),
            ("mv", "jwt_secret"),
            ("rm", "jwt_secret_next"),
        ] {
            let home = tempfile::tempdir().expect("a folder");
            let folder = home.path().join("secrets");
            run("init", &folder);
            let first = contents(&folder);
            if announced {
                assert!(run("announce", &folder).status.success());
            }
            let next = contents(&folder).remove("jwt_secret_next");

            cut_off("rotate", &folder, cut);
            let there = contents(&folder);
            let accepted = [&there["jwt_secret"], &there["jwt_secret_previous"]];
            let accepted: Vec<&str> = accepted.iter().flat_map(|file| file.lines()).collect();
            let first_secret = first["jwt_secret"].as_str();
            assert!(accepted.contains(&first_secret), "nobody is signed out");

            assert!(run("rotate", &folder).status.success());
            let after = contents(&folder);
            let before: Vec<&str> = after["jwt_secret_previous"].lines().collect();
            let earliest = first["jwt_secret_previous"].as_str();
            assert_eq!(before.iter().filter(|one| **one == first_secret).count(), 1);
            assert_eq!(before.last(), Some(&earliest), "{cut:?}");
            assert!(!before.contains(&after["jwt_secret"].as_str()), "{cut:?}");
            assert_ne!(after["jwt_secret"], first_secret);
            assert_ne!(after["metrics_token"], first["metrics_token"]);
            assert!(!after.contains_key("jwt_secret_next"));
            if let Some(next) = next {
                assert_eq!(after["jwt_secret"], next, "what was announced signs");
                assert_eq!(before, [first_secret, earliest], "{cut:?}");
            }
        }
    }
}

/// `set NAME` with this on its standard input.
fn set(name: &str, value: &str, folder: &Path) -> Output {
    let given = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(given.path(), value).expect("it is written");
    let mut command = Command::new(root().join("scripts/secrets"));
    command.args(["set", name]).arg(folder);
    command.stdin(File::open(given.path()).expect("it is there"));
    command.output().expect("the script runs")
}

#[test]
fn an_operators_own_secret_is_put_over_the_placeholder() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    run("init", &folder);
    let path = folder.join("gemini_api_key");
    let done = set("gemini_api_key", "a-key-of-ours\n", &folder);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(contents(&folder)["gemini_api_key"], "a-key-of-ours");
    let mode = std::fs::metadata(&path).expect("it is there").mode();
    assert_eq!(mode & 0o777, 0o444);
    let said = [done.stdout, done.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("a-key"));

    let before = contents(&folder);
    for (name, value) in [
        ("jwt_secret", "x"),
        ("../escaped", "x"),
        ("no_such", "x"),
        ("", "x"),
        ("openai_api_key", "\n"),
    ] {
        let refused = set(name, value, &folder);
        assert!(!refused.status.success(), "{name}");
    }
    assert_eq!(contents(&folder), before);

    // A proxy has this very file mounted, and reads it again.
    assert!(set("tls_key", "first\n", &folder).status.success());
    let file = |name: &str| std::fs::metadata(folder.join(name)).expect("it is there");
    let first = file("tls_key").ino();
    assert!(set("tls_key", "second\nline\n", &folder).status.success());
    assert_eq!(file("tls_key").ino(), first);
    assert_eq!(contents(&folder)["tls_key"], "second\nline\n");
    assert_eq!(file("tls_key").mode() & 0o777, 0o444);
}

/// Takes whatever it is told, and keeps it beside: the stores, as `scripts/secrets` reaches them.
const STORES: &str = "#!/bin/sh\ncat >>\"$0.told\"\nprintf 'OK\\nOK\\n'\n";

#[test]
fn a_change_of_passwords_that_was_cut_off_goes_on_with_the_same_ones() {
    for cut in [
        "database_url",
        "postgres_password",
        "redis_url",
        "redis_conf",
    ] {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("secrets");
        run("init", &folder);
        let first = contents(&folder);
        let store = home.path().join("store");
        std::fs::write(&store, STORES).expect("a file");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&store, executable).expect("its mode");
        let stores = [("PSQL", store.as_path()), ("REDIS_CLI", store.as_path())];

        cut_off_with("passwords", &folder, ("mv", cut), &stores);
        let of_cut = if cut.starts_with("redis") {
            "redis_password_next"
        } else {
            "postgres_password_next"
        };
        let next = contents(&folder)[of_cut].clone();
        let again = command("passwords", &folder).envs(stores).output();
        let again = again.expect("the script runs");
        assert!(again.status.success(), "{cut}: {again:?}");

        let there = contents(&folder);
        assert!(there.keys().all(|name| !name.ends_with("_next")), "{cut}");
        let of_postgres = there["postgres_password"].as_str();
        assert!(there["database_url"].contains(of_postgres), "{cut}");
        let of_redis = there["redis_conf"].strip_prefix("requirepass ");
        assert!(there["redis_url"].contains(of_redis.expect("a password")));
        assert_ne!(there["postgres_password"], first["postgres_password"]);
        let kept = [of_postgres, of_redis.expect("a password")];
        assert!(kept.contains(&next.as_str()), "{cut}: another was made");
    }
}

#[test]
fn two_do_not_change_the_same_secrets_at_once() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    run("init", &folder);
    let before = contents(&folder);
    let mut at_work = Command::new("flock");
    at_work.arg(&folder).arg(root().join("scripts/secrets"));
    let refused = at_work.arg("rotate").arg(&folder).output();
    let refused = refused.expect("the script runs");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("somebody else is at work"), "{said}");
    assert_eq!(contents(&folder), before);
}
