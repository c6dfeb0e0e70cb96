//! Whether a sentence and the passage that it cites speak of the same things.

use std::collections::HashSet;

use super::{
    language::Language,
    sentence::sentences,
    terms::{Analyzers, Word, fold, words},
};

/// A sentence with more content words than this must share two of them.
const FEW_WORDS: usize = 4;

/// A passage as the check sees it.
pub(super) struct Evidence {
    /// Stems and plain words.
    terms: HashSet<String>,
    language: Language,
    latin: bool,
}

impl Evidence {
    pub(super) fn of(passage: &str, analyzers: &mut Analyzers) -> Self {
        let analyzer = analyzers.of(passage);
        let mut terms = HashSet::new();
        for word in words(passage) {
            terms.insert(analyzer.term(&word.lower).to_owned());
            terms.insert(fold(&word.lower).into_owned());
        }
        Self {
            language: analyzer.language(),
            latin: is_latin(passage),
            terms,
        }
    }

    /// Whether the end of `before`, the text in front of a marker, is supported. A sentence that
    /// cannot be judged is: one that follows the marker, or one in another language.
    pub(super) fn supports(&self, before: &str, analyzers: &mut Analyzers) -> bool {
        let line = before.rsplit('\n').next().unwrap_or_default();
        let language = Language::of(
            words(line)
                .map(|word| word.lower)
                .collect::<Vec<_>>()
                .iter()
                .map(AsRef::as_ref),
        );
        let last = sentences(line).last().map_or("", |range| &line[range]);
        let mut content = content_words(last, language);
        if content.is_empty() {
            content = content_words(line, language);
        }
        if content.is_empty() || language != self.language || is_latin(line) != self.latin {
            return true;
        }
        let analyzer = analyzers.get(language);
        let shared: HashSet<String> = content
            .iter()
            .filter_map(|word| {
                let term = analyzer.term(&word.lower);
                (self.terms.contains(term) || self.terms.contains(fold(&word.lower).as_ref()))
                    .then(|| term.to_owned())
            })
            .collect();
        let needed = if content.len() > FEW_WORDS { 2 } else { 1 };
        shared.len() >= needed
    }
}

fn content_words(text: &str, language: Language) -> Vec<Word<'_>> {
    words(text)
        .filter(|word| !language.is_stop_word(&word.lower) && word.lower != "according")
        .collect()
}

/// Whether most letters are of the Latin alphabet, or there are none.
fn is_latin(text: &str) -> bool {
    let (mut latin, mut other) = (0_usize, 0_usize);
    for character in text.chars().filter(|character| character.is_alphabetic()) {
        if u32::from(character) < 0x250 {
            latin += 1;
        } else {
            other += 1;
        }
    }
    latin >= other
}
