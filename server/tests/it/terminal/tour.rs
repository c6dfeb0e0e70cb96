//! The tour: frames of a run, kept as a page. Values that differ from run to run are left out of the
//! comparison: what stands where does not differ.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where the README shows a frame.
const BEGIN: &str = "<!-- frame: made by UPDATE_GENERATED=1 scripts/test terminal::journey -->\n";
const END: &str = "<!-- end of frame -->\n";
const HEAD: &str = "\
# A tour of the console

Every frame is of a terminal of 120 by 36, taken while the tests drive `binnacle-tui` against a running
house: `UPDATE_GENERATED=1 scripts/test terminal::journey` takes them anew. [What the console is and does](console.md).
";

/// Frames in their order, each with a heading and what it shows.
#[derive(Default)]
pub struct Tour {
    stops: Vec<(&'static str, &'static str, String)>,
}

impl Tour {
    pub fn stop(&mut self, heading: &'static str, text: &'static str, frame: String) {
        self.stops.push((heading, text, frame));
    }

    fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for (heading, text, frame) in &self.stops {
            write!(page, "\n## {heading}\n\n{text}\n\n```text\n{frame}```\n").expect("text");
        }
        page
    }

    /// Fails unless the page and the README show these frames; writes them when asked to.
    #[track_caller]
    pub fn is_current(&self, shown_in_readme: &str) {
        let shown = self.stops.iter().find(|stop| stop.0 == shown_in_readme);
        let (.., frame) = shown.expect("a stop");
        let frame = format!("{BEGIN}```text\n{frame}```\n{END}");
        let (tour, readme) = (root().join("docs/tour.md"), root().join("README.md"));
        let text = std::fs::read_to_string(&readme).expect("the README");
        let (before, rest) = text.split_once(BEGIN).expect("the frame begins");
        let (inside, after) = rest.split_once(END).expect("the frame ends");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&tour, self.page()).expect("written");
            let text = format!("{before}{frame}{after}");
            std::fs::write(&readme, text).expect("written");
            return;
        }
        let old = std::fs::read_to_string(&tour).expect("the tour");
        pretty_assertions::assert_eq!(
            masked(&old),
            masked(&self.page()),
            "docs/tour.md is old: run this test with UPDATE_GENERATED=1"
        );
        let inside = format!("{BEGIN}{inside}{END}");
        pretty_assertions::assert_eq!(masked(&inside), masked(&frame), "README.md is old");
    }
}

fn root() -> PathBuf {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    server.parent().expect("the workspace").to_owned()
}

/// Values without a digit: what is not known yet, ages, units, months, and who is signed in, which the
/// header leaves out when a long round trip takes its room.
const VARIES: [&str; 22] = [
    "root@example.org",
    "admin",
    "-",
    "now",
    "%",
    "over",
    "B",
    "KiB",
    "MiB",
    "GiB",
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
];

/// Of a text what stays from run to run: words, but no numbers, ages, bars and blanks.
fn masked(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words: Vec<&str> = Vec::new();
        for word in line.split_whitespace() {
            let word = word.trim_matches(|letter: char| "▁▂▃▄▅▆▇█▒·│[]─*".contains(letter));
            let varies = VARIES.contains(&word)
                || word.contains(|letter: char| letter.is_ascii_digit())
                || is_short_id(word);
            let word = if varies { "#" } else { word };
            let repeats = word == "#" && words.last() == Some(&"#");
            if !word.is_empty() && !repeats {
                words.push(word);
            }
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

/// The beginning of an id, which may be without a digit.
fn is_short_id(word: &str) -> bool {
    word.len() == 4 && word.chars().all(|letter| letter.is_ascii_hexdigit())
}

#[test]
fn words_are_compared_and_numbers_are_not() {
    let one = " rate  18.4/s  ▁▂▃  p95 - [███·│] 46 %  streams 3 / 50";
    let other = " rate  0.0/s  ▁  p95 210ms [█····] 4 %  streams 12 / 50";
    assert_eq!(masked(one), masked(other));
    assert_ne!(masked(one), masked("rate 18.4/s p95 - 46 % stream 3 / 50"));
}
