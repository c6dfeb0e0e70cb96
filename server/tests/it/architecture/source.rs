//! The files that the rules are about.

use std::path::{Path, PathBuf};

/// One file of the repository.
pub struct Source {
    /// From the root of the repository, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The lines that are not comments, numbered from 1, without what follows `//`.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(number, line)| (number + 1, without_comment(line)))
    }

    /// The code as one text without white space, so that a rule sees a path as one word however it
    /// was wrapped.
    pub fn dense(&self) -> String {
        self.code()
            .flat_map(|(_, line)| line.chars())
            .filter(|character| !character.is_whitespace())
            .collect()
    }

    /// Whether the file is compiled for tests only.
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| {
            matches!(part, "tests" | "tests.rs" | "testing.rs" | "fixtures.rs")
                || part.trim_end_matches(".rs").ends_with("_tests")
        })
    }

    /// Where the file stands in the server's `src`, such as `platform/clock.rs`.
    pub fn in_server(&self) -> Option<&str> {
        self.path.strip_prefix("server/src/")
    }
}

fn without_comment(line: &str) -> &str {
    match line.find("//") {
        // `https://` in a text is no comment.
        Some(at) if !line[..at].ends_with(':') => &line[..at],
        _ => line,
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file of the workspace.
pub fn rust_files() -> Vec<Source> {
    let members = [
        "api",
        "entities",
        "migration",
        "extract",
        "server",
        "tui",
        "bench",
    ];
    let mut found = Vec::new();
    for member in members {
        collect(&root().join(member), member, "rs", &mut found);
    }
    assert!(found.len() > 100, "the sources were not found");
    found
}

/// Every page: those of the root and those under `docs`.
pub fn pages() -> Vec<Source> {
    let mut found = Vec::new();
    for name in ["README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(name)).expect(name);
        let path = name.to_owned();
        found.push(Source { path, text });
    }
    collect(&root().join("docs"), "docs", "md", &mut found);
    found
}

fn collect(folder: &Path, name: &str, extension: &str, found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{name}: {error}"));
    for entry in entries {
        let entry = entry.expect("an entry");
        let path = entry.path();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            if entry.file_name() != "target" {
                collect(&path, &name, extension, found);
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = std::fs::read_to_string(&path).expect("a text file");
            found.push(Source { path: name, text });
        }
    }
}

/// Fails with one line for each breach of a rule.
pub fn expect_none(rule: &str, mut breaches: Vec<String>) {
    breaches.sort();
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}
