//! What a question asks about, and what kind of answer it wants.

use super::language::Language;
use super::terms::{Word, words};
use crate::platform::ai::request::{Role, Turn};

/// The kind of sentence that would answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    Number,
    Time,
    Name,
    Reason,
    /// How something is done.
    Way,
    Definition,
    /// An amount in one of these units.
    Measure(&'static [&'static str]),
    /// The parts of something, in order.
    Parts,
    Anything,
}

const TIME_UNITS: &[&str] = &["second", "minute", "hour", "day", "week", "month", "year"];
const MONEY_UNITS: &[&str] = &[
    "euro", "eur", "dollar", "usd", "pound", "cent", "€", "$", "£",
];
const WEIGHT_UNITS: &[&str] = &["kilogram", "gram", "kg", "tonne", "ton", "pound"];
const SPEED_UNITS: &[&str] = &["per second", "per hour", "km/h", "m/s", "per minute"];
const HEAT_UNITS: &[&str] = &["degree", "°", "celsius", "kelvin"];
const RATE_UNITS: &[&str] = &[
    "every", "once", "twice", "times", "hour", "daily", "weekly", "monthly",
];

/// A word of the question that a sentence should hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) stem: String,
    /// 1 for a word of the question's subject, less for words that ask rather than name.
    pub(super) weight: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) language: Language,
    pub(super) wants: Wants,
    pub(super) terms: Vec<Term>,
}

/// Phrases that say what is wanted, longest first; their words name no subject.
const PHRASES: [(&str, Wants); 52] = [
    ("what is the number of", Wants::Number),
    ("what are the steps", Wants::Parts),
    ("what are the stages", Wants::Parts),
    ("what are the phases", Wants::Parts),
    ("which steps", Wants::Parts),
    ("which stages", Wants::Parts),
    ("what steps", Wants::Parts),
    ("list the", Wants::Parts),
    ("how many", Wants::Number),
    ("how much", Wants::Number),
    ("how heavy", Wants::Measure(WEIGHT_UNITS)),
    ("how hot", Wants::Measure(HEAT_UNITS)),
    ("how cold", Wants::Measure(HEAT_UNITS)),
    ("how quickly", Wants::Measure(TIME_UNITS)),
    ("how long", Wants::Measure(TIME_UNITS)),
    ("how often", Wants::Measure(RATE_UNITS)),
    ("how old", Wants::Number),
    ("how large", Wants::Number),
    ("how big", Wants::Number),
    ("how far", Wants::Number),
    ("how fast", Wants::Measure(SPEED_UNITS)),
    ("how high", Wants::Number),
    ("what percentage", Wants::Number),
    ("what year", Wants::Time),
    ("which year", Wants::Time),
    ("what date", Wants::Time),
    ("what time", Wants::Time),
    ("when", Wants::Time),
    ("who", Wants::Name),
    ("why", Wants::Reason),
    ("how do", Wants::Way),
    ("how can", Wants::Way),
    ("how to", Wants::Way),
    ("how is", Wants::Way),
    ("how are", Wants::Way),
    ("how should", Wants::Way),
    ("what is", Wants::Definition),
    ("what are", Wants::Definition),
    ("wie viele", Wants::Number),
    ("wie viel", Wants::Number),
    ("wie lange", Wants::Number),
    ("wie oft", Wants::Number),
    ("wann", Wants::Time),
    ("wer", Wants::Name),
    ("warum", Wants::Reason),
    ("was ist", Wants::Definition),
    ("combien", Wants::Number),
    ("quand", Wants::Time),
    ("pourquoi", Wants::Reason),
    ("cuántos", Wants::Number),
    ("cuántas", Wants::Number),
    ("cuándo", Wants::Time),
];

const WEIGHING: [&str; 3] = ["weigh", "weighs", "weight"];
const PAYING: [&str; 16] = [
    "money", "cost", "costs", "price", "pay", "pays", "paid", "get", "gets", "earn", "earns",
    "spend", "receive", "receives", "buy", "order",
];

/// Words with which a text asks a second question.
const ASKING_AGAIN: [&str; 9] = [
    "what",
    "who",
    "when",
    "where",
    "why",
    "how",
    "which",
    "until when",
    "since when",
];

/// Words that ask for a form of answer more than they name its subject.
const ASKING: &str = "answer briefly define describe detail document documents exactly explain \
    find give happen happens list mean means meaning name overview passage passages point purpose \
    say says show summarise summarize summary tell text use used using way work works \
    beschreibe dokument erkläre nenne zusammenfassung document explique résumé explica resumen";
const ASKING_WEIGHT: f64 = 0.35;
const EARLIER_WEIGHT: f64 = 0.5;
/// A question with fewer subject words than this leans on the one before it.
const ENOUGH_TERMS: usize = 2;

impl Question {
    /// The questions that a text asks, one after another: "what is it, and who may use it?" asks two.
    /// Each leans on the words of those before it, as a further turn of a conversation does.
    pub(super) fn read_all(text: &str, history: &[Turn]) -> Vec<Self> {
        let mut starts = vec![0];
        starts.extend(text.match_indices(" and ").filter_map(|(at, and)| {
            let rest = text[at + and.len()..].to_lowercase();
            let asks = ASKING_AGAIN.iter().any(|word| {
                rest.strip_prefix(word)
                    .is_some_and(|after| !after.starts_with(char::is_alphanumeric))
            });
            asks.then_some(at)
        }));
        starts.push(text.len());
        let mut turns = history.to_vec();
        let mut questions = Vec::new();
        for bounds in starts.windows(2) {
            let part = &text[bounds[0]..bounds[1]];
            let mut question = Self::read(part, &turns);
            if let Some(first) = questions.first() {
                question.lean_on(first);
            }
            turns.push(Turn {
                role: Role::User,
                text: part.to_owned(),
            });
            questions.push(question);
        }
        questions
    }

    /// What is asked next is about the same thing.
    fn lean_on(&mut self, before: &Self) {
        self.language = before.language;
        for term in &before.terms {
            if self.terms.iter().all(|own| own.stem != term.stem) {
                let weight = term.weight * EARLIER_WEIGHT;
                self.terms.push(Term {
                    weight,
                    stem: term.stem.clone(),
                });
            }
        }
    }

    pub(super) fn read(text: &str, history: &[Turn]) -> Self {
        let language = Language::guess(text);
        let lower = text.to_lowercase();
        let phrase = PHRASES
            .iter()
            .find(|(phrase, _)| holds_phrase(&lower, phrase));
        let wants = match phrase {
            None => Wants::Anything,
            Some(("how much", _)) => amount(&lower),
            Some((_, wants)) => *wants,
        };
        let phrase_words: Vec<&str> = phrase
            .map(|(phrase, _)| phrase.split(' ').collect())
            .unwrap_or_default();
        let mut question = Self {
            language,
            wants,
            terms: Vec::new(),
        };
        question.add(text, &phrase_words, 1.0);
        let subject = question
            .terms
            .iter()
            .filter(|term| term.weight >= 1.0)
            .count();
        if subject < ENOUGH_TERMS {
            let earlier = history.iter().rev().find(|turn| turn.role == Role::User);
            if let Some(earlier) = earlier {
                question.add(&earlier.text, &[], EARLIER_WEIGHT);
            }
        }
        question
    }

    fn add(&mut self, text: &str, without: &[&str], weight: f64) {
        for Word { plain, stem } in words(text, &self.language.stemmer()) {
            let nothing = self.language.is_stop_word(&plain)
                || without.contains(&plain.as_str())
                || self.terms.iter().any(|term| term.stem == stem);
            if nothing {
                continue;
            }
            let asking = ASKING.split_ascii_whitespace().any(|word| word == plain);
            let weight = if asking {
                weight * ASKING_WEIGHT
            } else {
                weight
            };
            self.terms.push(Term { stem, weight });
        }
    }

    /// Whether nothing is asked about in particular, as in "what is this about?".
    pub(super) fn is_general(&self) -> bool {
        self.terms.iter().all(|term| term.weight <= ASKING_WEIGHT)
    }
}

/// What "how much" asks for, by the verb that goes with it.
fn amount(lower: &str) -> Wants {
    let asks = |verbs: &[&str]| verbs.iter().any(|verb| holds_phrase(lower, verb));
    if asks(&WEIGHING) {
        Wants::Measure(WEIGHT_UNITS)
    } else if asks(&PAYING) {
        Wants::Measure(MONEY_UNITS)
    } else {
        Wants::Number
    }
}

fn holds_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
