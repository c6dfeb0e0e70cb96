//! Each expensive or dangerous thing has one door; here, that nobody climbs through a window.

use super::source::{Source, expect_none, rust_files};

/// A word that only the files of its door may contain.
struct Door {
    word: &'static str,
    /// Prefixes of paths in the server's `src`.
    owners: &'static [&'static str],
    why: &'static str,
}

const DOORS: [Door; 9] = [
    Door {
        word: "tokio::spawn(",
        owners: &["platform/tasks.rs"],
        why: "tasks are tracked and stopped: platform/tasks.rs",
    },
    Door {
        word: "Utc::now(",
        owners: &["platform/clock.rs"],
        why: "time is injected: platform/clock.rs",
    },
    Door {
        word: "rand::",
        owners: &["platform/entropy.rs"],
        why: "randomness is injected: platform/entropy.rs",
    },
    Door {
        word: "env::var",
        // `main.rs` reads where a test wants the process to die, in builds with failpoints alone.
        owners: &["platform/config/", "main.rs"],
        why: "settings are read once: platform/config",
    },
    Door {
        word: "reqwest::",
        owners: &["platform/outbound.rs", "platform/ai/providers/"],
        why: "clients are built with their limits: platform/outbound.rs",
    },
    Door {
        word: ".begin().await",
        owners: &["platform/db/"],
        why: "every write passes the write door: platform/db",
    },
    Door {
        word: "begin_with_options(",
        owners: &["platform/db/"],
        why: "every write passes the write door: platform/db",
    },
    Door {
        word: "object_store::",
        owners: &["platform/storage/"],
        why: "blobs have typed keys: platform/storage",
    },
    Door {
        word: "use redis::",
        owners: &[
            "platform/config/",
            "platform/redis/",
            "platform/limits/redis_buckets.rs",
            "platform/streams/mirrored/",
        ],
        why: "what Redis holds may be lost: few modules know it",
    },
];

/// Where statements are written. Elsewhere `sea_orm` is only the name of its error, of
/// `Set` and of the list of an enum's values.
const STATEMENTS: [&str; 9] = [
    "platform/db/",
    "platform/paging/",
    "platform/retrieval/index.rs",
    "platform/retrieval/lexical.rs",
    "platform/retrieval/postgres.rs",
    "platform/retrieval/search.rs",
    "platform/retrieval/sqlite.rs",
    "platform/retrieval/vector_index.rs",
    "eval/corpus.rs",
];

/// Where requests and answers are known. Elsewhere poem is only its status codes.
const HTTP: [&str; 5] = [
    "platform/http/",
    "features/chat/request.rs",
    "routes.rs",
    "app",
    "cli/",
];

fn production() -> impl Iterator<Item = Source> {
    rust_files()
        .into_iter()
        .filter(|file| file.in_server().is_some() && !file.is_test())
}

fn stands_in(file: &Source, places: &[&str]) -> bool {
    file.in_server()
        .is_some_and(|path| places.iter().any(|place| path.starts_with(place)))
}

#[test]
fn each_expensive_thing_has_one_door() {
    let mut breaches = Vec::new();
    for file in production() {
        for door in DOORS.iter().filter(|door| !stands_in(&file, door.owners)) {
            for (number, line) in before_tests(&file) {
                if names(line, door.word) {
                    breaches.push(format!("{}:{number}: {}", file.path, door.why));
                }
            }
        }
    }
    expect_none("Each expensive thing has one door", breaches);
}

/// The lines before a `#[cfg(test)] mod tests {`.
fn before_tests(file: &Source) -> impl Iterator<Item = (usize, &str)> {
    file.code()
        .take_while(|(_, line)| !line.starts_with("mod tests {"))
}

/// Whether `word` stands in `line` and is not the end of a longer name.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let longer = line[..at]
            .chars()
            .next_back()
            .is_some_and(|before| before.is_alphanumeric() || matches!(before, '_' | ':'));
        word.starts_with('.') || !longer || line[..at].ends_with("std::")
    })
}

#[test]
fn a_word_is_not_found_inside_a_longer_one() {
    assert!(names("let a = rand::rng();", "rand::"));
    assert!(names("std::env::var(name)", "env::var"));
    assert!(!names("operand::of(x)", "rand::"));
    assert!(!names("use crate::platform::redis::ping", "use redis::"));
}

#[test]
fn statements_are_written_in_queries() {
    let mut breaches = Vec::new();
    for file in production() {
        let in_queries = file
            .path
            .split('/')
            .any(|part| part.trim_end_matches(".rs") == "queries");
        if in_queries || stands_in(&file, &STATEMENTS) {
            continue;
        }
        let dense: String = before_tests(&file)
            .flat_map(|(_, line)| line.chars())
            .filter(|character| !character.is_whitespace())
            .collect();
        for rest in dense.split("sea_orm::").skip(1) {
            let used: String = rest
                .chars()
                .take_while(|character| character.is_alphanumeric() || "_:{},".contains(*character))
                .collect();
            let only_names = used
                .split(['{', '}', ','])
                .filter(|name| !name.is_empty())
                .all(|name| matches!(name, "DbErr" | "ActiveValue::Set" | "Iterable"));
            if !only_names {
                breaches.push(format!("{}: sea_orm::{used}", file.path));
            }
        }
    }
    expect_none(
        "Statements stand in `queries` of the part that owns the table",
        breaches,
    );
}

#[test]
fn http_ends_at_the_edge() {
    let mut breaches = Vec::new();
    for file in production() {
        let in_api = file
            .path
            .split('/')
            .any(|part| part.trim_end_matches(".rs") == "api");
        if in_api || stands_in(&file, &HTTP) {
            continue;
        }
        for (number, line) in before_tests(&file) {
            let framework = line.contains("poem_openapi::")
                || line
                    .match_indices("poem::")
                    .any(|(at, _)| !line[at..].starts_with("poem::http::"));
            if framework {
                breaches.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none("Below a feature's `api` nobody knows of HTTP", breaches);
}

/// Poem's extractor believes forwarding headers of everybody.
#[test]
fn client_addresses_come_from_trusted_proxies_only() {
    let extractor = concat!("Real", "Ip");
    let breaches = rust_files()
        .into_iter()
        .filter(|file| file.text.contains(extractor))
        .map(|file| file.path)
        .collect();
    expect_none(
        "The client's address is platform/http/middleware/client_address.rs's to say",
        breaches,
    );
}
