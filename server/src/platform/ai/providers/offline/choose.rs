//! Chooses the one to three sentences of the passages that answer a question best.
//!
//! A sentence scores by the question's terms that it holds, rare ones more (BM25 over the sentences
//! at hand), by terms in its heading and the sentence before it, by terms standing together, and by
//! whether it holds the kind of thing that is asked for.

use std::collections::HashSet;

use super::language::Language;
use super::question::{Question, Wants};
use super::sentences::{Sentence, sentences};
use super::shape::shape;
use super::terms::words;
use crate::platform::ai::request::PromptPassage;

/// A sentence to quote.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub(super) text: String,
    /// The passage's number.
    pub(super) number: u32,
}

const MOST_SENTENCES: usize = 3;
/// The longest list that answers a question about parts.
const MOST_PARTS: usize = 8;
/// The share of the question's weight that the heading of such a list must hold.
const NAMED_BY_HEADING: f64 = 0.5;
/// The share of the question's weight that a sentence must cover to be an answer.
const LEAST_COVERAGE: f64 = 0.3;
/// The same for a sentence after the first, which must not be a chance find.
const FURTHER_COVERAGE: f64 = 0.5;
/// What a further sentence must score against the first, for what the first does not cover.
const FURTHER_FROM: f64 = 0.5;
/// What a term still counts when an earlier sentence covers it.
const COVERED: f64 = 0.35;
/// What a term counts that no sentence holds: another word may have been used for it.
const ABSENT: f64 = 0.5;
const IN_SECTION: f64 = 0.5;
const IN_PREVIOUS: f64 = 0.25;
const TOGETHER: f64 = 0.3;
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.4;
const LONGEST_WORDS: usize = 60;
const SAME_FROM: f64 = 0.7;

struct Candidate {
    sentence: Sentence,
    number: u32,
    rank: usize,
    stems: Vec<String>,
    /// For each term of the question: how far it is here (1 in the sentence, less around it).
    presence: Vec<f64>,
    counts: Vec<f64>,
    /// For each term, whether the heading above holds it.
    headed: Vec<bool>,
    together: f64,
}

/// The sentences to answer with, the best first; none when the passages hold no answer.
pub(super) fn choose(question: &Question, passages: &[PromptPassage]) -> Vec<Chosen> {
    let candidates = candidates(question, passages);
    if question.is_general() {
        return openings(&candidates);
    }
    let weights = weights(question, &candidates);
    if question.wants == Wants::Parts
        && let Some(whole) = section_of_parts(&candidates, &weights)
    {
        return vec![whole];
    }
    let whole: f64 = weights.iter().sum();
    let average = mean(candidates.iter().map(|candidate| candidate.stems.len()));
    let mut covered = vec![1.0; weights.len()];
    let mut chosen: Vec<&Candidate> = Vec::new();
    let mut least = 0.0;
    while chosen.len() < MOST_SENTENCES {
        let share = if chosen.is_empty() {
            LEAST_COVERAGE
        } else {
            FURTHER_COVERAGE
        };
        let best = candidates
            .iter()
            .filter(|candidate| candidate.coverage(&weights) >= share * whole)
            .filter(|candidate| chosen.iter().all(|before| !candidate.repeats(before)))
            .map(|candidate| {
                let left: Vec<f64> = weights.iter().zip(&covered).map(|(w, c)| w * c).collect();
                (
                    candidate.score(&left, average)
                        * shape(question, &candidate.sentence.text, &candidate.stems),
                    candidate,
                )
            })
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.rank.cmp(&a.1.rank)));
        let Some((score, candidate)) = best.filter(|(score, _)| *score > least) else {
            break;
        };
        if chosen.is_empty() {
            least = score * FURTHER_FROM;
        }
        for (term, present) in candidate.presence.iter().enumerate() {
            if *present >= 1.0 {
                covered[term] = COVERED;
            }
        }
        chosen.push(candidate);
    }
    let quote = |candidate: &Candidate| Chosen {
        text: clip(&candidate.sentence.text, question),
        number: candidate.number,
    };
    chosen.into_iter().map(quote).collect()
}

fn candidates(question: &Question, passages: &[PromptPassage]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (rank, passage) in passages.iter().enumerate() {
        let mut previous: Vec<String> = Vec::new();
        for sentence in sentences(&passage.text) {
            let stems = stems(&sentence.text, question.language);
            let heading = self::stems(&sentence.section, question.language);
            let mut around = stems_of_all(&[&sentence.section, &passage.title], question.language);
            around.sort_unstable();
            let terms = &question.terms;
            let presence = terms.iter().map(|term| {
                if stems.contains(&term.stem) {
                    1.0
                } else if around.binary_search(&term.stem).is_ok() {
                    IN_SECTION
                } else if previous.contains(&term.stem) {
                    IN_PREVIOUS
                } else {
                    0.0
                }
            });
            let counts = terms
                .iter()
                .map(|term| number(stems.iter().filter(|stem| **stem == term.stem).count()));
            let headed = terms.iter().map(|term| heading.contains(&term.stem));
            let candidate = Candidate {
                headed: headed.collect(),
                presence: presence.collect(),
                counts: counts.collect(),
                together: together(question, &stems),
                number: passage.number,
                rank,
                stems: stems.clone(),
                sentence,
            };
            previous = stems;
            found.push(candidate);
        }
    }
    found
}

/// Inverse document frequency over the sentences, times the term's own weight.
fn weights(question: &Question, candidates: &[Candidate]) -> Vec<f64> {
    let total = number(candidates.len());
    let weight = |(at, term): (usize, &super::question::Term)| {
        let holders = candidates
            .iter()
            .filter(|candidate| candidate.presence[at] >= IN_SECTION)
            .count();
        let holders_count = number(holders);
        let rarity = ((total - holders_count + 0.5) / (holders_count + 0.5)).ln_1p();
        term.weight * rarity * if holders == 0 { ABSENT } else { 1.0 }
    };
    question.terms.iter().enumerate().map(weight).collect()
}

impl Candidate {
    fn coverage(&self, weights: &[f64]) -> f64 {
        self.presence
            .iter()
            .zip(weights)
            .map(|(present, weight)| present * weight)
            .sum()
    }

    fn score(&self, weights: &[f64], average: f64) -> f64 {
        let relative = number(self.stems.len()) / average.max(1.0);
        let length = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative);
        let mut sum = 0.0;
        for ((count, present), weight) in self.counts.iter().zip(&self.presence).zip(weights) {
            let frequency = count * (SATURATION + 1.0) / (count + length);
            sum += weight * if *count > 0.0 { frequency } else { *present };
        }
        let prior = 1.0 + 0.15 / number(self.rank + 1);
        sum * (1.0 + TOGETHER * self.together) * prior
    }

    /// Whether it says nearly the same as the other, as overlapping passages do.
    fn repeats(&self, other: &Self) -> bool {
        let shared = self
            .stems
            .iter()
            .filter(|stem| other.stems.contains(stem))
            .count();
        let smaller = self.stems.len().min(other.stems.len()).max(1);
        number(shared) / number(smaller) > SAME_FROM
    }
}

/// The share of the question's neighbouring terms that stand together here too.
fn together(question: &Question, stems: &[String]) -> f64 {
    let pairs = question.terms.windows(2);
    let all = pairs.len();
    if all == 0 {
        return 0.0;
    }
    let places = |stem: &str| -> Vec<usize> {
        stems
            .iter()
            .enumerate()
            .filter(|(_, s)| *s == stem)
            .map(|(at, _)| at)
            .collect()
    };
    let near = pairs
        .filter(|pair| {
            let (first, second) = (places(&pair[0].stem), places(&pair[1].stem));
            first
                .iter()
                .any(|a| second.iter().any(|b| a.abs_diff(*b) <= 2))
        })
        .count();
    number(near) / number(all)
}

/// For a question about the parts of something: everything that stands under the heading which names
/// it, as one list. `None` when no heading does.
fn section_of_parts(candidates: &[Candidate], weights: &[f64]) -> Option<Chosen> {
    let whole: f64 = weights.iter().sum();
    let named = |candidate: &Candidate| -> f64 {
        let under = candidate.headed.iter().zip(weights);
        under
            .filter(|(headed, _)| **headed)
            .map(|(_, weight)| weight)
            .sum()
    };
    let first = candidates
        .iter()
        .filter(|candidate| named(candidate) >= NAMED_BY_HEADING * whole)
        .max_by(|a, b| named(a).total_cmp(&named(b)).then(b.rank.cmp(&a.rank)))?;
    let parts: Vec<&str> = candidates
        .iter()
        .filter(|part| part.rank == first.rank && part.sentence.section == first.sentence.section)
        .take(MOST_PARTS)
        .map(|part| part.sentence.text.trim_end_matches('.'))
        .collect();
    (parts.len() > 1).then(|| Chosen {
        text: format!("{}.", parts.join("; ")),
        number: first.number,
    })
}

/// For a question without a subject: how the passages begin.
fn openings(candidates: &[Candidate]) -> Vec<Chosen> {
    let mut opened = HashSet::new();
    candidates
        .iter()
        .filter(|candidate| candidate.stems.len() >= 5)
        .filter(|candidate| opened.insert(candidate.number))
        .take(MOST_SENTENCES)
        .map(|candidate| Chosen {
            text: first_words(&candidate.sentence.text, 0),
            number: candidate.number,
        })
        .collect()
}

/// Cuts a sentence that is too long to the stretch that holds most of the question's terms.
fn clip(text: &str, question: &Question) -> String {
    let all: Vec<&str> = text.split_whitespace().collect();
    if all.len() <= LONGEST_WORDS {
        return text.to_owned();
    }
    let stemmer = question.language.stemmer();
    let hits: Vec<usize> = all
        .iter()
        .map(|word| {
            let stems = words(word, &stemmer);
            stems
                .iter()
                .filter(|w| question.terms.iter().any(|t| t.stem == w.stem))
                .count()
        })
        .collect();
    let starts = 0..=all.len() - LONGEST_WORDS;
    let best = starts.max_by_key(|start| {
        let held: usize = hits[*start..start + LONGEST_WORDS].iter().sum();
        (held, std::cmp::Reverse(*start))
    });
    first_words(text, best.unwrap_or(0))
}

fn first_words(text: &str, start: usize) -> String {
    let all: Vec<&str> = text.split_whitespace().collect();
    let end = all.len().min(start + LONGEST_WORDS);
    let before = if start > 0 { "… " } else { "" };
    let after = if end < all.len() { " …" } else { "" };
    format!("{before}{}{after}", all[start..end].join(" "))
}

fn stems(text: &str, language: Language) -> Vec<String> {
    words(text, &language.stemmer())
        .into_iter()
        .map(|word| word.stem)
        .collect()
}

fn stems_of_all(texts: &[&str], language: Language) -> Vec<String> {
    texts
        .iter()
        .flat_map(|text| stems(text, language))
        .collect()
}

fn mean(lengths: impl ExactSizeIterator<Item = usize>) -> f64 {
    let count = lengths.len().max(1);
    number(lengths.sum()) / number(count)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of words are far below 2^52"
)]
const fn number(count: usize) -> f64 {
    count as f64
}
