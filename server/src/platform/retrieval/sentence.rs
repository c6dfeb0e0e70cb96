//! Where sentences end. One pass, no look-back beyond a word, so that cost grows with the text alone.

use std::ops::Range;

/// Words whose full stop does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "bzw", "ca", "cf", "dr", "e.g", "eg", "etc", "i.e", "ie", "inc", "jr", "mr",
    "mrs", "ms", "prof", "resp", "sr", "usw", "vgl", "vs", "z.b", "d.h", "u.a",
];

/// Words whose full stop does not end a sentence when a number follows.
const NUMBERED: &[&str] = &[
    "ch", "fig", "figs", "no", "nos", "nr", "p", "pp", "sec", "vol",
];

/// The sentences of `text` as byte ranges without surrounding white space; every other character
/// belongs to exactly one of them.
pub(crate) fn sentences(text: &str) -> Sentences<'_> {
    Sentences { text, at: 0 }
}

/// See [`sentences`].
#[derive(Clone, Debug)]
pub(crate) struct Sentences<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Sentences<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(|character: char| !character.is_whitespace())?;
        let end = start + sentence_length(&self.text[start..]);
        self.at = end;
        Some(start..start + self.text[start..end].trim_end().len())
    }
}

/// Bytes up to the end of the first sentence of `text`.
fn sentence_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '。' | '！' | '？' | '｡' => {
                while characters.next_if(|(_, next)| is_closer(*next)).is_some() {}
                return characters.peek().map_or(text.len(), |(next, _)| *next);
            }
            '.' | '!' | '?' | '…' => {
                while characters
                    .next_if(|(_, next)| is_closer(*next) || matches!(next, '.' | '!' | '?'))
                    .is_some()
                {}
                let Some(&(end, next)) = characters.peek() else {
                    return text.len();
                };
                if next.is_whitespace()
                    && begins_sentence(&text[end..])
                    && !(character == '.' && is_abbreviation(&text[..at], &text[end..]))
                {
                    return end;
                }
            }
            '\n' if characters.peek().is_some_and(|(_, next)| *next == '\n') => return at,
            _ => {}
        }
    }
    text.len()
}

/// Quotes and brackets that close after the stop.
fn is_closer(character: char) -> bool {
    matches!(
        character,
        ')' | ']' | '}' | '"' | '\'' | '»' | '”' | '’' | '」' | '』' | '）'
    )
}

/// Whether what follows the stop may open a sentence. Looks at a bounded stretch of white space.
fn begins_sentence(rest: &str) -> bool {
    rest.chars()
        .take(64)
        .find(|character| !character.is_whitespace())
        .is_none_or(|character| !character.is_lowercase())
}

/// Whether the text before a full stop ends with an abbreviation or an initial.
fn is_abbreviation(before: &str, after: &str) -> bool {
    let tail_start = before.ceil_char_boundary(before.len().saturating_sub(12));
    let tail = &before[tail_start..];
    let word = tail
        .rsplit(|character: char| !(character.is_alphanumeric() || character == '.'))
        .next()
        .unwrap_or_default();
    let is_in = |list: &[&str]| list.iter().any(|entry| word.eq_ignore_ascii_case(entry));
    let mut characters = word.chars();
    let initial = characters.next().is_some_and(char::is_uppercase) && characters.next().is_none();
    let number_follows = after
        .trim_start()
        .starts_with(|next: char| next.is_ascii_digit());
    initial || is_in(ABBREVIATIONS) || (number_follows && is_in(NUMBERED))
}

/// Cuts `range` of `text` into parts of at most `limit` characters: after white space where there
/// is some, else between characters.
pub(crate) fn split_long(text: &str, range: Range<usize>, limit: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let rest = &text[start..range.end];
        let Some((hard, _)) = rest.char_indices().nth(limit) else {
            push_trimmed(text, start..range.end, &mut parts);
            break;
        };
        let cut = rest[..hard]
            .rfind(char::is_whitespace)
            .filter(|space| *space > hard / 2)
            .unwrap_or(hard);
        push_trimmed(text, start..start + cut, &mut parts);
        start += cut;
    }
    parts
}

fn push_trimmed(text: &str, range: Range<usize>, parts: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = range.start + part.trim_end().len();
    if start < end {
        parts.push(start..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<&str> {
        sentences(text).map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_at_stops() {
        assert_eq!(
            list("One. Two! Three?  Four"),
            ["One.", "Two!", "Three?", "Four"]
        );
        assert_eq!(
            list("He said \"no.\" Then left."),
            ["He said \"no.\"", "Then left."]
        );
        assert_eq!(list("これは犬。あれは猫。"), ["これは犬。", "あれは猫。"]);
    }

    #[test]
    fn abbreviations_versions_and_names_do_not_end_them() {
        assert_eq!(
            list("See e.g. Fig. 3 of Dr. J. Smith."),
            ["See e.g. Fig. 3 of Dr. J. Smith."]
        );
        assert_eq!(
            list("Edit sources.list in 3.11 now."),
            ["Edit sources.list in 3.11 now."]
        );
    }

    #[test]
    fn an_empty_line_ends_a_sentence() {
        assert_eq!(list("A heading\n\nIts text"), ["A heading", "Its text"]);
        assert_eq!(list("wrapped\nline"), ["wrapped\nline"]);
    }

    #[test]
    fn long_runs_are_cut_at_words() {
        let text = "word ".repeat(100);
        let parts = split_long(&text, 0..text.len(), 50);
        assert!(
            parts
                .iter()
                .all(|part| text[part.clone()].chars().count() <= 50)
        );
        assert!(
            parts
                .iter()
                .all(|part| text[part.clone()].starts_with("word"))
        );
        let solid = "x".repeat(1_000_000);
        assert_eq!(split_long(&solid, 0..solid.len(), 1_000).len(), 1_000);
    }
}
