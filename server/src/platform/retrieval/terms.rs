//! Words of a text as the index knows them: one analysis for both databases, for questions, for
//! ranking and for checking citations, so that they never disagree.
//!
//! A word is a run of letters and digits. It is put into compatibility form and lower case, reduced
//! to its stem, and loses its diacritics. Scripts without spaces become pairs of characters.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use rust_stemmers::Stemmer;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::language::Language;

/// Longer runs are cut: they are encodings, not words, and PostgreSQL refuses long lexemes.
const MAX_WORD_CHARACTERS: usize = 64;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    /// Bytes in the text.
    pub(crate) range: Range<usize>,
    /// In compatibility form and lower case, diacritics kept.
    pub(crate) lower: Cow<'t, str>,
}

/// The words of `text`, in order.
pub(crate) fn words(text: &str) -> Words<'_> {
    Words {
        text,
        at: 0,
        pending: None,
    }
}

/// See [`words`].
#[derive(Clone, Debug)]
pub(crate) struct Words<'t> {
    text: &'t str,
    at: usize,
    /// A run of a script without spaces whose pairs are being handed out.
    pending: Option<Range<usize>>,
}

impl<'t> Iterator for Words<'t> {
    type Item = Word<'t>;

    fn next(&mut self) -> Option<Word<'t>> {
        if let Some(run) = self.pending.take()
            && let Some(word) = self.pair(run)
        {
            return Some(word);
        }
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(char::is_alphanumeric)?;
        let first = self.text[start..].chars().next()?;
        if is_unspaced(first) {
            let end = self.run_end(start, is_unspaced);
            self.at = end;
            if start + first.len_utf8() == end {
                return Some(self.word(start..end));
            }
            return self.pair(start..end);
        }
        let end = self.run_end(start, |character| {
            (character.is_alphanumeric() && !is_unspaced(character)) || is_combining_mark(character)
        });
        self.at = end;
        let end = self.text[start..end]
            .char_indices()
            .nth(MAX_WORD_CHARACTERS)
            .map_or(end, |(offset, _)| start + offset);
        Some(self.word(start..end))
    }
}

impl<'t> Words<'t> {
    fn run_end(&self, start: usize, belongs: impl Fn(char) -> bool) -> usize {
        self.text[start..]
            .find(|character| !belongs(character))
            .map_or(self.text.len(), |length| start + length)
    }

    /// The first pair of `run`; the rest of the run stays pending.
    fn pair(&mut self, run: Range<usize>) -> Option<Word<'t>> {
        let mut characters = self.text[run.clone()].chars();
        let first = characters.next()?.len_utf8();
        let second = characters.next()?.len_utf8();
        self.pending = Some(run.start + first..run.end);
        Some(self.word(run.start..run.start + first + second))
    }

    fn word(&self, range: Range<usize>) -> Word<'t> {
        let raw = &self.text[range.clone()];
        let lower = if !raw.is_ascii() {
            Cow::Owned(raw.nfkc().flat_map(char::to_lowercase).collect())
        } else if raw.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(raw.to_ascii_lowercase())
        } else {
            Cow::Borrowed(raw)
        };
        Word { range, lower }
    }
}

/// Scripts written without spaces between words.
fn is_unspaced(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x0EFF // Thai, Lao
        | 0x1780..=0x17FF // Khmer
        | 0x3040..=0x30FF // Hiragana, Katakana
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF // Han
        | 0xAC00..=0xD7AF // Hangul
        | 0x20000..=0x3FFFF) // Han, further planes
}

/// Reduces words to terms, remembering what it has reduced.
pub(crate) struct Analyzer {
    language: Language,
    stemmer: Stemmer,
    known: HashMap<String, String>,
}

/// Distinct words remembered at the most.
const KNOWN_WORDS: usize = 50_000;

impl Analyzer {
    pub(crate) fn new(language: Language) -> Self {
        Self {
            language,
            stemmer: language.stemmer(),
            known: HashMap::new(),
        }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The term of a word in lower case.
    pub(crate) fn term(&mut self, lower: &str) -> &str {
        if !self.known.contains_key(lower) {
            if self.known.len() >= KNOWN_WORDS {
                self.known.clear();
            }
            let term = fold(&self.stemmer.stem(lower)).into_owned();
            self.known.insert(lower.to_owned(), term);
        }
        self.known.get(lower).map_or("", String::as_str)
    }
}

/// One analyser for each language met.
#[derive(Default)]
pub(crate) struct Analyzers(HashMap<Language, Analyzer>);

impl Analyzers {
    /// The analyser of the language that `text` is in.
    pub(crate) fn of(&mut self, text: &str) -> &mut Analyzer {
        let sample = words(text).take(400).collect::<Vec<_>>();
        self.get(Language::of(sample.iter().map(|word| word.lower.as_ref())))
    }

    pub(crate) fn get(&mut self, language: Language) -> &mut Analyzer {
        self.0
            .entry(language)
            .or_insert_with(|| Analyzer::new(language))
    }

    /// What the index stores for a passage: its terms in order. A passage that is not in English
    /// also holds its plain words, so that a name is found by a question in another language.
    pub(crate) fn index_terms(&mut self, text: &str) -> Vec<String> {
        let analyzer = self.of(text);
        let mut terms = Vec::new();
        for word in words(text) {
            let term = analyzer.term(&word.lower).to_owned();
            if term.is_empty() {
                continue;
            }
            if analyzer.language() != Language::English {
                let plain = fold(&word.lower);
                if plain != term {
                    terms.push(plain.into_owned());
                }
            }
            terms.push(term);
        }
        terms
    }
}

/// Without diacritics: `é` and `e` are one letter to who searches.
pub(crate) fn fold(lower: &str) -> Cow<'_, str> {
    if lower.is_ascii() {
        Cow::Borrowed(lower)
    } else {
        Cow::Owned(
            lower
                .nfd()
                .filter(|character| !is_combining_mark(*character))
                .nfc()
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        words(text).map(|word| word.lower.into_owned()).collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            list("apt-get, pg_dump; Café №7"),
            ["apt", "get", "pg", "dump", "café", "7"]
        );
        assert_eq!(list("… !? "), Vec::<String>::new());
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        assert_eq!(list("東京都 a"), ["東京", "京都", "a"]);
        assert_eq!(list("犬"), ["犬"]);
        assert_eq!(list("Linuxの設定"), ["linux", "の設", "設定"]);
    }

    #[test]
    fn ranges_point_at_the_text() {
        let text = "Ein Schöner Tag – 東京都";
        for word in words(text) {
            assert_eq!(text[word.range.clone()].to_lowercase(), word.lower);
        }
    }

    #[test]
    fn inflections_meet_in_one_term() {
        let mut analyzers = Analyzers::default();
        let english = analyzers.get(Language::English);
        assert_eq!(english.term("deleting").to_owned(), english.term("delete"));
        let german = analyzers.get(Language::German);
        assert_eq!(german.term("löschen").to_owned(), german.term("lösche"));
    }

    #[test]
    fn long_runs_are_cut_not_lost() {
        let run = "x".repeat(1_000_000);
        let found = list(&run);
        assert_eq!(found, ["x".repeat(MAX_WORD_CHARACTERS)]);
    }

    #[test]
    fn diacritics_do_not_separate() {
        assert_eq!(fold("café"), "cafe");
        assert_eq!(fold("パ"), "ハ");
    }
}
