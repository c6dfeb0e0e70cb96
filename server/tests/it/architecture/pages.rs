//! The pages tell of the house as it is: what they link and name exists.

use std::path::{Component, Path, PathBuf};

use super::source::{Source, expect_none, pages, root};

/// The folders at the root that pages name files of.
const ROOTS: [&str; 12] = [
    "api/",
    "entities/",
    "migration/",
    "extract/",
    "server/",
    "tui/",
    "bench/",
    "docs/",
    "scripts/",
    "dashboards/",
    "proxy/",
    "deploy/",
];

#[test]
fn every_link_leads_somewhere() {
    let mut breaches = Vec::new();
    for page in pages() {
        let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
        for link in links(&page.text) {
            if link.contains("://") || link.starts_with('#') || link.starts_with("mailto:") {
                continue;
            }
            let target = link.split('#').next().unwrap_or_default();
            if !root().join(plain(&folder.join(target))).exists() {
                breaches.push(format!("{}: {link}", page.path));
            }
        }
    }
    expect_none("Links lead to files that exist", breaches);
}

/// `a/b/../c` as `a/c`: a missing folder must not make a missing file.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect()
}

#[test]
fn every_path_that_a_page_names_exists() {
    let mut breaches = Vec::new();
    for page in pages() {
        for name in code_spans(&page) {
            let is_path = ROOTS.iter().any(|folder| name.starts_with(folder))
                && name
                    .chars()
                    .all(|character| character.is_alphanumeric() || "/_-.".contains(character));
            if is_path && !root().join(name).exists() {
                breaches.push(format!("{}: {name}", page.path));
            }
        }
    }
    expect_none("Paths in `code` exist", breaches);
}

/// What stands between single backticks.
fn code_spans(page: &Source) -> Vec<&str> {
    let mut fenced = false;
    let mut spans = Vec::new();
    for line in page.text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            spans.extend(line.split('`').skip(1).step_by(2));
        }
    }
    spans
}

#[test]
fn decisions_are_numbered_and_listed() {
    let index = std::fs::read_to_string(root().join("docs/README.md")).expect("the index");
    let mut names: Vec<String> = std::fs::read_dir(root().join("docs/decisions"))
        .expect("the decisions")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let mut breaches = Vec::new();
    for (name, number) in names.iter().zip(1..) {
        if !name.starts_with(&format!("{number:04}-")) {
            breaches.push(format!("{name} is not number {number}"));
        }
        if !index.contains(name.as_str()) {
            breaches.push(format!("{name} is not in docs/README.md"));
        }
    }
    expect_none("Decisions are numbered without gaps and listed", breaches);
}
