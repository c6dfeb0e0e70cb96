//! From a question in plain words to the terms that are looked for.

use super::{
    language::Language,
    synonyms::synonyms,
    terms::{Analyzers, Word, fold, words},
};

/// Terms looked for at the most.
const MAX_TERMS: usize = 32;
/// Words read of a question: beyond them it is a text.
const MAX_WORDS: usize = 200;
/// What a joined pair counts beside its two words.
const JOINED_WEIGHT: f32 = 0.6;
/// What another word of the same meaning counts beside the word itself.
const SYNONYM_WEIGHT: f32 = 0.5;

/// A question, analysed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
}

/// One thing looked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    /// Forms that count as this term: the stem, and the plain word for passages in other languages.
    pub(crate) forms: Vec<String>,
    /// Which thing is meant: terms of one concept are ways to say it.
    pub(crate) concept: usize,
    /// Place among the question's words.
    pub(crate) position: usize,
    /// 1, less for guesses.
    pub(crate) weight: f32,
}

impl Term {
    /// A word of the question itself, not another one for it.
    pub(super) fn is_asked(&self) -> bool {
        self.weight > SYNONYM_WEIGHT
    }
}

impl Query {
    /// Analyses a question. Stop words are left out unless nothing else is there.
    pub(crate) fn parse(question: &str) -> Self {
        let found: Vec<Word<'_>> = words(question).take(MAX_WORDS).collect();
        let language = Language::of(found.iter().map(|word| word.lower.as_ref()));
        let content = |word: &Word<'_>| !language.is_stop_word(&word.lower);
        let keep_all = !found.iter().any(content);
        let mut parser = Parser {
            analyzers: Analyzers::default(),
            language,
            terms: Vec::new(),
        };
        for (position, word) in found.iter().enumerate() {
            if keep_all || content(word) {
                parser.add(&word.lower, position, 1.0);
            }
        }
        // "back up" finds "backup", "file system" finds "filesystem".
        for (position, pair) in found.windows(2).enumerate() {
            if (content(&pair[0]) || content(&pair[1])) && may_join(&pair[0].lower, &pair[1].lower)
            {
                let joined = format!("{}{}", pair[0].lower, pair[1].lower);
                parser.add(&joined, position, JOINED_WEIGHT);
            }
        }
        if language == Language::English {
            parser.add_synonyms();
        }
        Self {
            terms: parser.terms,
        }
    }

    /// How many concepts the terms belong to.
    pub(crate) fn concepts(&self) -> usize {
        self.terms
            .iter()
            .map(|term| term.concept + 1)
            .max()
            .unwrap_or(0)
    }

    /// Nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

struct Parser {
    analyzers: Analyzers,
    language: Language,
    terms: Vec<Term>,
}

impl Parser {
    fn add(&mut self, lower: &str, position: usize, weight: f32) {
        let mut forms: Vec<String> = Vec::new();
        for form in [
            self.analyzers.get(self.language).term(lower).to_owned(),
            self.analyzers.get(Language::English).term(lower).to_owned(),
            fold(lower).into_owned(),
        ] {
            if !form.is_empty() && !forms.contains(&form) {
                forms.push(form);
            }
        }
        let known = self
            .terms
            .iter()
            .any(|term| term.forms.first() == forms.first());
        if !forms.is_empty() && !known && self.terms.len() < MAX_TERMS {
            self.terms.push(Term {
                forms,
                concept: self.terms.len(),
                position,
                weight,
            });
        }
    }

    /// Adds to each word of the question what else it may be called, as one term.
    fn add_synonyms(&mut self) {
        let asked: Vec<String> = self
            .terms
            .iter()
            .filter_map(|term| term.forms.first().cloned())
            .collect();
        for number in 0..self.terms.len() {
            let term = &self.terms[number];
            let forms: Vec<String> = term
                .forms
                .first()
                .map_or(&[][..], |form| synonyms(form))
                .iter()
                .filter(|form| !asked.contains(form))
                .cloned()
                .collect();
            if !forms.is_empty() && term.weight >= 1.0 && self.terms.len() < MAX_TERMS {
                let (concept, position) = (term.concept, term.position);
                self.terms.push(Term {
                    forms,
                    concept,
                    position,
                    weight: SYNONYM_WEIGHT,
                });
            }
        }
    }
}

/// Whether two words may be one in other spelling: letters only, and not an article.
fn may_join(first: &str, second: &str) -> bool {
    let plain = |word: &str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    plain(first) && plain(second)
}

#[cfg(test)]
mod tests {
    use super::Query;

    fn stems(question: &str) -> Vec<String> {
        Query::parse(question)
            .terms
            .into_iter()
            .filter(|term| term.weight >= 1.0)
            .map(|mut term| term.forms.swap_remove(0))
            .collect()
    }

    #[test]
    fn questions_are_reduced_to_what_they_are_about() {
        assert_eq!(
            stems("How do I delete the old branches?"),
            ["delet", "old", "branch"]
        );
        assert_eq!(
            stems("Wie lösche ich alte Zweige?"),
            ["losch", "alt", "zweig"]
        );
    }

    #[test]
    fn other_words_of_one_meaning_belong_to_its_concept() {
        let query = Query::parse("delete a folder");
        let delete: Vec<&super::Term> = query
            .terms
            .iter()
            .filter(|term| term.concept == 0)
            .collect();
        assert_eq!(delete.len(), 2);
        assert!(delete[1].forms.contains(&"remov".to_owned()) && delete[1].weight < 1.0);
        assert_eq!(query.concepts(), 2);
    }

    #[test]
    fn a_question_of_stop_words_is_kept() {
        assert!(!Query::parse("To be or not to be").is_empty());
    }

    #[test]
    fn other_spellings_of_two_words_are_looked_for() {
        let query = Query::parse("back up a file system");
        let forms: Vec<&str> = query
            .terms
            .iter()
            .map(|term| term.forms[0].as_str())
            .collect();
        assert!(
            forms.contains(&"backup") && forms.contains(&"filesystem"),
            "{forms:?}"
        );
    }

    #[test]
    fn hostile_questions_are_only_words() {
        assert!(Query::parse("\"; * ( ) : ^ - +'").is_empty());
        assert!(Query::parse("").is_empty());
        let long = "lighthouse ".repeat(1_000_000);
        assert_eq!(Query::parse(&long).terms.len(), 2);
        let many: Vec<String> = (0..500).map(|number| format!("w{number}")).collect();
        assert_eq!(Query::parse(&many.join(" ")).terms.len(), 32);
        assert!(
            Query::parse("NEAR(a b) scope:zs1z OR body:x")
                .terms
                .iter()
                .all(|term| {
                    term.forms
                        .iter()
                        .all(|form| form.chars().all(char::is_alphanumeric))
                })
        );
    }
}
