//! The place of a passage that says most about a question, short enough to show.

use std::{collections::HashMap, ops::Range};

use super::{
    query::Query,
    sentence::{sentences, split_long},
    terms::{Analyzers, words},
};

/// Characters of a snippet at the most.
pub(crate) const SNIPPET_CHARACTERS: usize = 600;

/// The best window of `passage` for `query`: whole sentences, or words where a sentence is too long.
pub(crate) fn snippet<'p>(passage: &'p str, query: &Query) -> &'p str {
    let passage = passage.trim();
    if passage.chars().count() <= SNIPPET_CHARACTERS {
        return passage;
    }
    let parts: Vec<Part> = read(passage, query);
    best_window(&parts).map_or("", |window| passage[window].trim())
}

/// A sentence and what it holds of the question.
struct Part {
    bytes: Range<usize>,
    characters: usize,
    /// White space before it, in characters.
    gap: usize,
    terms: Vec<usize>,
}

fn read(passage: &str, query: &Query) -> Vec<Part> {
    let mut of_form: HashMap<&str, usize> = HashMap::new();
    for (number, term) in query.terms.iter().enumerate() {
        for form in &term.forms {
            of_form.entry(form).or_insert(number);
        }
    }
    let mut analyzers = Analyzers::default();
    let analyzer = analyzers.of(passage);
    let mut before = 0;
    sentences(passage)
        .flat_map(|sentence| split_long(passage, sentence, SNIPPET_CHARACTERS / 3))
        .map(|bytes| {
            let text = &passage[bytes.clone()];
            let mut terms: Vec<usize> = words(text)
                .filter_map(|word| of_form.get(analyzer.term(&word.lower)).copied())
                .collect();
            terms.sort_unstable();
            terms.dedup();
            let gap = passage[before..bytes.start].chars().count();
            before = bytes.end;
            Part {
                gap,
                characters: text.chars().count(),
                bytes,
                terms,
            }
        })
        .collect()
}

/// The run of parts that holds most distinct terms, then most terms; the earlier one of equals.
fn best_window(parts: &[Part]) -> Option<Range<usize>> {
    let mut best: Option<((usize, usize), Range<usize>)> = None;
    for first in 0..parts.len() {
        let (mut characters, mut last, mut all) = (0, first, Vec::new());
        for (index, part) in parts.iter().enumerate().skip(first) {
            characters += part.characters + if index == first { 0 } else { part.gap };
            if characters > SNIPPET_CHARACTERS {
                break;
            }
            last = index;
            all.extend_from_slice(&part.terms);
        }
        let total = all.len();
        all.sort_unstable();
        all.dedup();
        let value = (all.len(), total);
        if best.as_ref().is_none_or(|(known, _)| value > *known) {
            best = Some((value, parts[first].bytes.start..parts[last].bytes.end));
        }
    }
    best.map(|(_, window)| window)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_window_holds_what_was_asked() {
        let filler = "Nothing of note happened on that day at all. ".repeat(20);
        let passage =
            format!("{filler}To delete a remote branch, push with the delete option. {filler}");
        let found = snippet(&passage, &Query::parse("how are remote branches deleted"));
        assert!(found.contains("delete a remote branch"));
        assert!(found.chars().count() <= SNIPPET_CHARACTERS);
        assert!(found.ends_with('.'));
    }

    #[test]
    fn short_passages_are_shown_whole() {
        assert_eq!(
            snippet("  All of it.  ", &Query::parse("anything")),
            "All of it."
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_snippet_is_a_bounded_part_of_the_passage(
            passage in "([a-z東 .\n]|\\PC){0,3000}",
            question in "\\PC{0,60}",
        ) {
            let found = snippet(&passage, &Query::parse(&question));
            prop_assert!(found.chars().count() <= SNIPPET_CHARACTERS);
            prop_assert!(passage.contains(found));
            prop_assert_eq!(found.is_empty(), passage.trim().is_empty());
        }
    }
}
