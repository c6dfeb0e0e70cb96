//! Dependencies point down: cli -> app -> routes -> features -> platform -> entities, api.

use std::collections::BTreeMap;

use super::source::{Source, expect_none, root, rust_files};

/// Which crates of ours a crate may name.
const CRATES: [(&str, &[&str]); 7] = [
    ("api", &[]),
    ("entities", &[]),
    ("migration", &[]),
    ("extract", &[]),
    ("server", &["api", "entities", "migration", "extract"]),
    ("tui", &["api"]),
    ("bench", &["api", "server"]),
];

/// The platform's modules: each may import those before it.
const PLATFORM: [&str; 29] = [
    "clock",
    "tasks",
    "secrets",
    "entropy",
    "config",
    "outbound",
    "redis",
    "telemetry",
    "rates",
    "db",
    "feed",
    "paging",
    "storage",
    "retention",
    "idempotency",
    "streams",
    "audit",
    "auth",
    "limits",
    "budgets",
    "jobs",
    "ai",
    "retrieval",
    "media",
    "backup",
    "governance",
    "console",
    "http",
    "observe",
];

/// What a feature may use of another: its face only. Anything else sinks into the platform.
const FEATURES: [(&str, &str); 2] = [("admin", "*"), ("chat", "documents")];

/// What is above the platform and the features.
const ABOVE: [&str; 3] = ["crate::routes", "crate::app", "crate::cli"];

#[test]
fn crates_name_only_those_below_them() {
    let mut breaches = Vec::new();
    for (name, allowed) in CRATES {
        let manifest = root().join(name).join("Cargo.toml");
        let text = std::fs::read_to_string(manifest).expect("a manifest");
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        for (other, _) in CRATES {
            let named = dependencies
                .lines()
                .filter_map(|line| line.split([' ', '.', '=']).next())
                .any(|dependency| dependency == other);
            if named && !allowed.contains(&other) {
                breaches.push(format!("{name} depends on {other}"));
            }
        }
    }
    expect_none("Crates depend downwards", breaches);
}

#[test]
fn the_platform_knows_no_feature() {
    let mut breaches = Vec::new();
    for file in rust_files() {
        if !file.path.starts_with("server/src/platform/") {
            continue;
        }
        for (number, line) in file.code() {
            let up = line.contains("features::") || ABOVE.iter().any(|name| line.contains(name));
            if up {
                breaches.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none(
        "The platform names no feature, no route list, no composition",
        breaches,
    );
}

#[test]
fn features_know_nothing_above_them() {
    let mut breaches = Vec::new();
    for file in rust_files() {
        if !file.path.starts_with("server/src/features/") {
            continue;
        }
        for (number, line) in file.code() {
            if ABOVE.iter().any(|name| line.contains(name)) {
                breaches.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none("A feature is mounted; it does not mount", breaches);
}

#[test]
fn features_use_each_other_along_the_table_only() {
    let names = modules_of("features");
    let mut breaches = Vec::new();
    for file in rust_files() {
        let Some(feature) = owner(&file, "features") else {
            continue;
        };
        for (other, rest) in uses(&file.dense(), "features::", &names) {
            if other == feature {
                continue;
            }
            let listed = FEATURES
                .iter()
                .any(|(from, to)| *from == feature && (*to == "*" || *to == other));
            if !listed {
                breaches.push(format!("{}: {feature} uses {other}", file.path));
            } else if reaches_inside(&rest) {
                breaches.push(format!("{}: reaches inside {other}: {rest}", file.path));
            }
        }
    }
    expect_none("Features do not import each other", breaches);
}

/// Whether `::queries::find` follows the feature's name rather than `::Documents`.
fn reaches_inside(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("::") else {
        return false;
    };
    let name: String = rest
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect();
    rest[name.len()..].starts_with("::") && name.starts_with(char::is_lowercase)
}

#[test]
fn the_platform_is_in_order() {
    let names = modules_of("platform");
    let place: BTreeMap<&str, usize> = PLATFORM.iter().copied().zip(0..).collect();
    let mut breaches: Vec<String> = names
        .iter()
        .filter(|name| !place.contains_key(name.as_str()))
        .map(|name| format!("{name} has no place in the order"))
        .collect();
    for file in rust_files().iter().filter(|file| !file.is_test()) {
        let Some(module) = owner(file, "platform") else {
            continue;
        };
        let dense = file.dense();
        let mut used = uses(&dense, "platform::", &names);
        // `super::x` is a sibling only in the module's own file.
        let own_file = file.path.ends_with(&format!("platform/{module}.rs"))
            || file.path.ends_with(&format!("platform/{module}/mod.rs"));
        if own_file {
            used.extend(uses(&dense, "super::", &names));
        }
        for (other, _) in used {
            let (Some(here), Some(there)) = (place.get(module), place.get(other.as_str())) else {
                continue;
            };
            if there > here {
                breaches.push(format!("{}: {module} uses {other}", file.path));
            }
        }
    }
    breaches.dedup();
    expect_none("A platform module imports those before it", breaches);
}

/// The modules directly inside a folder of the server's `src`.
fn modules_of(folder: &str) -> Vec<String> {
    let path = root().join("server/src").join(folder);
    std::fs::read_dir(path)
        .expect(folder)
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().trim_end_matches(".rs").to_owned())
        .filter(|name| name != "mod")
        .collect()
}

/// The module of `folder` that a file belongs to.
fn owner<'a>(file: &'a Source, folder: &str) -> Option<&'a str> {
    let inside = file.in_server()?.strip_prefix(folder)?.strip_prefix('/')?;
    let name = inside.split('/').next()?.trim_end_matches(".rs");
    (name != "mod").then_some(name)
}

/// The modules of `names` that follow `prefix`, singly or in braces, each with what follows it.
fn uses(dense: &str, prefix: &str, names: &[String]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for rest in dense.split(prefix).skip(1) {
        let heads = match rest.strip_prefix('{') {
            Some(group) => top_level(group),
            None => vec![rest],
        };
        for head in heads {
            let name: String = head
                .chars()
                .take_while(|character| character.is_alphanumeric() || *character == '_')
                .collect();
            if names.contains(&name) {
                let rest = head[name.len()..].chars().take(60).collect();
                found.push((name, rest));
            }
        }
    }
    found
}

/// The members of a `{…}` whose opening brace is already gone.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut members) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                members.push(&group[begin..at]);
                return members;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                members.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    members
}

#[test]
fn grouped_imports_are_seen() {
    let names = ["clock".to_owned(), "db".to_owned()];
    let dense = "usecrate::platform::{clock::Clock,db::{self,Txn}};platform::db::Db";
    let found: Vec<String> = uses(dense, "platform::", &names)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(found, ["clock", "db", "db"]);
    assert!(reaches_inside("::queries::find"));
    assert!(!reaches_inside("::Documents::new"));
}
