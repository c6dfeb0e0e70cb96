//! Splits a passage into what can stand in an answer: sentences, list items, rows of tables.

use unicode_segmentation::UnicodeSegmentation as _;

use super::tables;

/// A part of a passage that can be quoted by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) text: String,
    /// The heading above it, empty when there is none.
    pub(super) section: String,
}

/// List items that are quoted together with the line that announces them.
const ITEMS_WITH_LEAD: usize = 4;
const LONGEST_HEADING: usize = 80;
/// A line this much shorter than the longest was broken on purpose, not wrapped.
const WRAPPED_FROM: f64 = 0.6;
const NARROWEST_WRAP: usize = 40;
const ABBREVIATIONS: &str = "Abb. Art. Aufl. Bd. Co. Dr. Fig. Inc. Jr. Ltd. Mr. Mrs. Ms. No. Nr. \
    Prof. Sec. Sr. St. Vol. approx. bzw. ca. cf. ch. d.h. dt. e.g. eg. engl. etc. evtl. ex. fig. \
    ggf. i.e. ie. inkl. max. min. no. p. pp. resp. sec. sog. u.a. usw. vgl. vol. vs. z.B.";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Prose,
    Item,
}

#[derive(Default)]
struct Splitter {
    found: Vec<(Kind, Sentence)>,
    section: String,
    /// Whether anything stands under the heading yet.
    has_content: bool,
    paragraph: String,
    in_item: bool,
}

/// The quotable parts of a passage, in order.
pub(super) fn sentences(passage: &str) -> Vec<Sentence> {
    let passage = without_markers(passage);
    let lines: Vec<&str> = passage.lines().map(str::trim_end).collect();
    let longest = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let mut splitter = Splitter::default();
    let mut at = 0;
    let mut in_code = false;
    while at < lines.len() {
        let line = lines[at];
        let block = table_at(&lines[at..]);
        if line.trim_start().starts_with("```") {
            splitter.flush();
            in_code = !in_code;
        } else if block > 0 {
            splitter.flush();
            let rows = tables::rows(&lines[at..at + block]);
            for row in &rows {
                splitter.push(Kind::Prose, row);
            }
            at += block - 1;
        } else if in_code {
            splitter.push(Kind::Item, line);
        } else {
            let alone = lines.get(at + 1).is_none_or(|next| next.trim().is_empty());
            let previous = if at == 0 { "" } else { lines[at - 1] };
            splitter.line(line.trim(), previous, longest, alone);
        }
        at += 1;
    }
    splitter.flush();
    splitter.open_section("");
    with_leads(&splitter.found)
}

/// How many lines from here on are a table.
fn table_at(lines: &[&str]) -> usize {
    let filled = lines
        .iter()
        .take_while(|line| !line.trim().is_empty())
        .count();
    (2..=filled)
        .rev()
        .find(|count| tables::separator(&lines[..*count]).is_some())
        .unwrap_or(0)
}

impl Splitter {
    fn line(&mut self, line: &str, previous: &str, longest: usize, alone: bool) {
        if line.is_empty() || is_rule(line) {
            self.flush();
        } else if let Some(heading) = heading(line, self.paragraph.is_empty() && alone) {
            self.flush();
            self.open_section(heading);
        } else if let Some(item) = item(line) {
            self.flush();
            item.clone_into(&mut self.paragraph);
            self.in_item = true;
        } else {
            let wrapped = wraps(previous, line, longest);
            if !wrapped && !self.in_item {
                self.flush();
            }
            self.append(line);
        }
    }

    /// What looked like a heading but has nothing under it was a line of its own.
    fn open_section(&mut self, heading: &str) {
        let before = std::mem::replace(&mut self.section, heading.to_owned());
        if !self.has_content {
            self.push(Kind::Prose, &before);
        }
        self.has_content = false;
    }

    fn append(&mut self, line: &str) {
        let continues = line.starts_with(char::is_lowercase);
        if continues && self.paragraph.ends_with('-') {
            self.paragraph.pop();
        } else if !self.paragraph.is_empty() {
            self.paragraph.push(' ');
        }
        self.paragraph.push_str(line);
    }

    fn flush(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let kind = if std::mem::take(&mut self.in_item) {
            Kind::Item
        } else {
            Kind::Prose
        };
        for sentence in split(&paragraph) {
            self.push(kind, &sentence);
        }
    }

    fn push(&mut self, kind: Kind, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().filter(|c| c.is_alphanumeric()).count() >= 3 {
            let section = self.section.clone();
            self.found.push((kind, Sentence { text, section }));
            self.has_content = true;
        }
    }
}

/// Joins a line that announces a list ("The steps are:") with the items that follow it, or with the
/// one line that does.
fn with_leads(found: &[(Kind, Sentence)]) -> Vec<Sentence> {
    let mut joined = Vec::with_capacity(found.len());
    for (at, (_, sentence)) in found.iter().enumerate() {
        let mut sentence = sentence.clone();
        if sentence.text.ends_with(':') {
            let items = found[at + 1..]
                .iter()
                .take_while(|(kind, _)| *kind == Kind::Item);
            let items: Vec<&str> = items
                .take(ITEMS_WITH_LEAD)
                .map(|(_, item)| item.text.trim_end_matches('.'))
                .collect();
            if !items.is_empty() {
                sentence.text = format!("{} {}.", sentence.text, items.join("; "));
            } else if let Some((_, announced)) = found.get(at + 1)
                && announced.section == sentence.section
            {
                // A command or a formula that the reader left on a line of its own.
                sentence.text = format!("{} {}", sentence.text, announced.text);
            }
        }
        joined.push(sentence);
    }
    joined
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3
        && line
            .chars()
            .all(|c| matches!(c, '-' | '=' | '*' | '_' | '~' | ' '))
}

fn heading(line: &str, alone: bool) -> Option<&str> {
    if let Some(marked) = line.strip_prefix('#') {
        return Some(marked.trim_matches(['#', ' ']));
    }
    let unended = !line.ends_with(['.', '!', '?', ':', ';', ',', '。']);
    let short = line.chars().count() <= LONGEST_HEADING && line.split(' ').count() <= 10;
    let titled = line.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    ((alone || is_numbered(line)) && unended && short && titled).then_some(line)
}

/// Whether the line begins like `1.2 Annual leave`.
fn is_numbered(line: &str) -> bool {
    let Some((number, title)) = line.split_once(' ') else {
        return false;
    };
    let dotted = number.contains('.') && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    dotted && title.trim_start().starts_with(char::is_uppercase)
}

/// The text of a list item without its mark.
fn item(line: &str) -> Option<&str> {
    for mark in ["- ", "* ", "+ ", "• ", "– ", "◦ ", "▪ ", "> "] {
        if let Some(text) = line.strip_prefix(mark) {
            let text = text.trim_start();
            let boxes = ["[ ] ", "[x] ", "[X] "];
            return Some(
                boxes
                    .iter()
                    .find_map(|mark| text.strip_prefix(mark))
                    .unwrap_or(text),
            );
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    line[digits..]
        .strip_prefix([')', '.'])?
        .strip_prefix(' ')
        .map(str::trim_start)
}

fn wraps(previous: &str, line: &str, longest: usize) -> bool {
    if previous.trim().is_empty() {
        return false;
    }
    let length = previous.chars().count();
    #[expect(
        clippy::cast_precision_loss,
        reason = "line lengths are far below 2^52"
    )]
    let full = length as f64 >= longest as f64 * WRAPPED_FROM && longest >= NARROWEST_WRAP;
    full || line.starts_with(char::is_lowercase)
}

fn split(paragraph: &str) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for piece in paragraph.unicode_sentences() {
        match sentences.last_mut() {
            Some(before) if is_unfinished(before) => before.push_str(piece),
            _ => sentences.push(piece.to_owned()),
        }
    }
    sentences
}

fn is_unfinished(text: &str) -> bool {
    let Some(last) = text.split_whitespace().next_back() else {
        return false;
    };
    let last = last.trim_start_matches(['(', '"', '\'', '„', '“']);
    let initial = last.len() == 2 && last.starts_with(char::is_uppercase) && last.ends_with('.');
    initial
        || ABBREVIATIONS
            .split_ascii_whitespace()
            .any(|known| known == last)
}

/// Removes reference marks such as `[3]` of the source, which would read as our citations.
fn without_markers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, bracket) = rest.split_at(open);
        out.push_str(before);
        let digits = bracket[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && bracket[1 + digits..].starts_with(']') {
            rest = &bracket[digits + 2..];
            if rest.starts_with(['.', ',', ';', ':', '!', '?', ')']) {
                out.truncate(out.trim_end().len());
            }
        } else {
            out.push('[');
            rest = &bracket[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(passage: &str) -> Vec<String> {
        sentences(passage)
            .into_iter()
            .map(|sentence| sentence.text)
            .collect()
    }

    #[test]
    fn wrapped_lines_are_joined_and_hyphens_closed() {
        let passage = "The binnacle houses the compass where the helms-\nman can see it at all \
                       times. It is made\nof brass.";
        let wanted = [
            "The binnacle houses the compass where the helmsman can see it at all times.",
            "It is made of brass.",
        ];
        assert_eq!(texts(passage), wanted);
    }

    #[test]
    fn headings_belong_to_what_follows_them() {
        let found = sentences("# Care\n\nOil the hinges.\n\nStorage\n\nKeep it dry.");
        let wanted = [("Oil the hinges.", "Care"), ("Keep it dry.", "Storage")];
        let found: Vec<_> = found
            .iter()
            .map(|s| (s.text.as_str(), s.section.as_str()))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_lead_is_quoted_with_its_items() {
        let found = texts("To reset the lamp:\n- unplug it\n- wait ten seconds\n\nDone.");
        assert_eq!(found[0], "To reset the lamp: unplug it; wait ten seconds.");
        assert_eq!(found[1..], ["unplug it", "wait ten seconds", "Done."]);
    }

    #[test]
    fn abbreviations_end_no_sentence_and_reference_marks_go() {
        let found = texts("Dr. Ada Bell built it in 1876.[3] See Fig. 2 for details [12].");
        assert_eq!(
            found,
            ["Dr. Ada Bell built it in 1876.", "See Fig. 2 for details."]
        );
    }
}
