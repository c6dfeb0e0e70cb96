//! The page of the console says what the tables say.

use std::fmt::Write as _;
use std::path::Path;

use binnacle_tui::screens::help;

const MARK: &str = "<!-- keys: made from the code by UPDATE_GENERATED=1 -->\n";

/// The keys as a page shows them.
fn keys() -> String {
    let mut text = String::new();
    for line in help::lines(&[]) {
        match line.keys {
            None => {
                writeln!(text, "\n### {}\n\n| Key | Does |\n|---|---|", line.text).expect("text");
            }
            Some(keys) => {
                let keys = keys.replace('|', "\\|");
                writeln!(text, "| {keys} | {} |", line.text).expect("text");
            }
        }
    }
    text
}

#[test]
fn the_keys_of_the_page_are_those_of_the_console() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/console.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, _) = page.split_once(MARK).expect("the mark");
    let wanted = format!("{before}{MARK}{}", keys());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &wanted).expect("written");
        return;
    }
    assert!(
        page == wanted,
        "docs/console.md is old: run this test with UPDATE_GENERATED=1"
    );
}
