//! The order of the passages that the database proposes: BM25 over the stores' own frequencies, then
//! how much of the question a passage covers, how close its words stand, and what its headings say.

use std::{cmp::Ordering, collections::HashMap};

use super::{
    language::Language,
    lexical::Candidate,
    query::Query,
    terms::{Analyzers, fold, words},
};

/// BM25: how soon repetition stops to count, and how much long passages are discounted.
const SATURATION: f32 = 1.2;
const LENGTH_DISCOUNT: f32 = 0.5;
/// Occurrences that a word in the innermost heading is worth, and in the headings above it.
const HEADING_OCCURRENCES: f32 = 2.0;
const OUTER_HEADING_OCCURRENCES: f32 = 0.7;
/// Share of the rank that depends on how much of the question is covered.
const COVERAGE_SHARE: f32 = 0.5;
/// What two words of the question side by side add, per unit of the rarer one's weight.
const PROXIMITY_BONUS: f32 = 0.6;
/// Words apart from which nothing is added.
const PROXIMITY_REACH: usize = 12;
/// What a word of the document's name adds, per unit of its weight.
const TITLE_BONUS: f32 = 0.3;

/// What is left of the rank of a table of contents or an index: it names everything and says nothing.
const LIST_OF_PAGES: f32 = 0.3;

/// A passage with its rank; higher is better.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranked {
    pub(super) candidate: Candidate,
    pub(super) score: f32,
}

/// Orders `candidates`, best first. `weights` belong to the query's terms, in order.
pub(super) fn rank(query: &Query, weights: &[f32], candidates: Vec<Candidate>) -> Vec<Ranked> {
    let mut reader = Ranker::new(query, weights);
    let read: Vec<Reading> = candidates
        .iter()
        .map(|candidate| reader.read(candidate))
        .collect();
    let average = average_length(&read);
    let mut ranked: Vec<Ranked> = candidates
        .into_iter()
        .zip(&read)
        .map(|(candidate, reading)| Ranked {
            score: reader.score(reading, average),
            candidate,
        })
        .collect();
    ranked.sort_by(best_first);
    ranked
}

/// Ties keep the order of the documents, so that the same question gives the same answer.
pub(super) fn best_first(one: &Ranked, other: &Ranked) -> Ordering {
    other
        .score
        .total_cmp(&one.score)
        .then(one.candidate.passage_id.cmp(&other.candidate.passage_id))
}

/// Where the question's terms stand in a passage.
struct Reading {
    /// For each term its positions, in words.
    positions: Vec<Vec<usize>>,
    in_heading: Vec<f32>,
    in_title: Vec<bool>,
    length: usize,
    lists_pages: bool,
}

struct Ranker<'q> {
    query: &'q Query,
    weights: &'q [f32],
    terms_of_form: HashMap<&'q str, Vec<usize>>,
    analyzers: Analyzers,
}

impl<'q> Ranker<'q> {
    fn new(query: &'q Query, weights: &'q [f32]) -> Self {
        let mut terms_of_form: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, term) in query.terms.iter().enumerate() {
            for form in &term.forms {
                terms_of_form.entry(form).or_default().push(number);
            }
        }
        Self {
            query,
            weights,
            terms_of_form,
            analyzers: Analyzers::default(),
        }
    }

    fn read(&mut self, candidate: &Candidate) -> Reading {
        let count = self.query.terms.len();
        let language = self.analyzers.of(&candidate.body).language();
        let mut reading = Reading {
            positions: vec![Vec::new(); count],
            in_heading: vec![0.0; count],
            in_title: vec![false; count],
            length: 0,
            lists_pages: lists_pages(&candidate.body),
        };
        for (position, terms) in self.matches(language, &candidate.body) {
            reading.length = position + 1;
            for term in terms {
                reading.positions[term].push(position);
            }
        }
        let heading = candidate.heading.as_deref().unwrap_or_default();
        let (outer, inner) = heading.rsplit_once(" › ").unwrap_or(("", heading));
        for (text, worth) in [
            (outer, OUTER_HEADING_OCCURRENCES),
            (inner, HEADING_OCCURRENCES),
        ] {
            for (_, terms) in self.matches(language, text) {
                for term in terms {
                    reading.in_heading[term] = reading.in_heading[term].max(worth);
                }
            }
        }
        for (_, terms) in self.matches(language, &candidate.title) {
            for term in terms {
                reading.in_title[term] = true;
            }
        }
        reading
    }

    /// Each word's position with the terms that it counts for.
    fn matches(&mut self, language: Language, text: &str) -> Vec<(usize, Vec<usize>)> {
        let analyzer = self.analyzers.get(language);
        words(text)
            .enumerate()
            .map(|(position, word)| {
                let stem = self.terms_of_form.get(analyzer.term(&word.lower));
                let plain = if language == Language::English {
                    None
                } else {
                    self.terms_of_form.get(fold(&word.lower).as_ref())
                };
                let terms = stem.or(plain).cloned().unwrap_or_default();
                (position, terms)
            })
            .collect()
    }

    fn score(&self, reading: &Reading, average: f32) -> f32 {
        let mut concepts = vec![Concept::default(); self.query.concepts()];
        for (number, (term, weight)) in self.query.terms.iter().zip(self.weights).enumerate() {
            let occurrences = to_f32(reading.positions[number].len()) + reading.in_heading[number];
            let concept = &mut concepts[term.concept];
            concept.whole = concept.whole.max(*weight);
            concept.position = term.position;
            if occurrences > 0.0 && *weight > 0.0 {
                concept.covered = concept.covered.max(*weight);
                concept.words = concept
                    .words
                    .max(saturated(occurrences, reading.length, average) * weight);
                concept
                    .positions
                    .extend_from_slice(&reading.positions[number]);
            }
            if reading.in_title[number] {
                concept.title = concept.title.max(weight * TITLE_BONUS);
            }
        }
        let whole: f32 = concepts.iter().map(|concept| concept.whole).sum();
        if whole <= 0.0 {
            return 0.0;
        }
        for concept in &mut concepts {
            concept.positions.sort_unstable();
        }
        let words: f32 = concepts
            .iter()
            .map(|concept| concept.words + concept.title)
            .sum();
        let covered: f32 = concepts.iter().map(|concept| concept.covered).sum();
        let coverage = 1.0 - COVERAGE_SHARE + COVERAGE_SHARE * covered / whole;
        let share = if reading.lists_pages {
            LIST_OF_PAGES
        } else {
            1.0
        };
        (words + proximity(&concepts)) * coverage * share
    }
}

/// What a passage says about one thing of the question.
#[derive(Clone, Debug, Default)]
struct Concept {
    /// The weight of its best term.
    whole: f32,
    /// The weight of its best term that the passage has.
    covered: f32,
    words: f32,
    title: f32,
    /// Place in the question.
    position: usize,
    /// Places in the passage, sorted.
    positions: Vec<usize>,
}

/// What so many occurrences of a term in a passage of so many words count, per unit of its weight.
fn saturated(occurrences: f32, length: usize, average: f32) -> f32 {
    let length = 1.0 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * to_f32(length) / average;
    occurrences * (SATURATION + 1.0) / (occurrences + SATURATION * length)
}

/// What words of the question add by standing close together, most when they stand as asked.
fn proximity(concepts: &[Concept]) -> f32 {
    let mut bonus = 0.0;
    for (index, one) in concepts.iter().enumerate() {
        for other in &concepts[index + 1..] {
            let Some(apart) = nearest(&one.positions, &other.positions) else {
                continue;
            };
            let asked = other.position.abs_diff(one.position).max(1);
            let extra = apart.saturating_sub(asked.min(3));
            if extra < PROXIMITY_REACH {
                let neighbours = if asked <= 2 { 1.0 } else { 0.4 };
                let weight = one.covered.min(other.covered);
                bonus += PROXIMITY_BONUS * weight * neighbours / (1.0 + to_f32(extra));
            }
        }
    }
    bonus
}

/// Whether a passage is mostly lines that lead to a page: by dots, or by ending in its number.
fn lists_pages(body: &str) -> bool {
    let (mut lines, mut leading) = (0_usize, 0_usize);
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        lines += 1;
        let named = line.starts_with(char::is_alphabetic)
            || line.starts_with(|first: char| first.is_ascii_digit());
        let numbered = line.len() < 120
            && line.ends_with(|last: char| last.is_ascii_digit())
            && line.contains([' ', ',']);
        leading +=
            usize::from(named && (numbered || line.contains("....") || line.contains(". . . .")));
    }
    lines >= 4 && leading * 2 > lines
}

fn average_length(read: &[Reading]) -> f32 {
    let total: usize = read.iter().map(|reading| reading.length).sum();
    (to_f32(total) / to_f32(read.len().max(1))).max(1.0)
}

/// The least distance between a position of one list and one of the other; both are sorted.
fn nearest(first: &[usize], second: &[usize]) -> Option<usize> {
    let (mut one, mut other, mut best) = (0, 0, None);
    while let (Some(left), Some(right)) = (first.get(one), second.get(other)) {
        let apart = left.abs_diff(*right);
        best = Some(best.map_or(apart, |best: usize| best.min(apart)));
        if left < right {
            one += 1;
        } else {
            other += 1;
        }
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "counts of words in one passage")]
fn to_f32(count: usize) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests {
    use entities::{DocumentId, PassageId, StoreId};

    use super::*;

    fn candidate(id: i64, heading: Option<&str>, body: &str) -> Candidate {
        Candidate {
            passage_id: PassageId(id),
            document_id: DocumentId(1),
            store_id: StoreId(1),
            ordinal: i32::try_from(id).unwrap(),
            page: None,
            char_start: 0,
            char_end: body.chars().count() as u64,
            heading: heading.map(str::to_owned),
            body: body.to_owned(),
            title: "manual.pdf".to_owned(),
        }
    }

    fn order(question: &str, candidates: Vec<Candidate>) -> Vec<i64> {
        let query = Query::parse(question);
        let weights: Vec<f32> = query.terms.iter().map(|term| term.weight).collect();
        rank(&query, &weights, candidates)
            .into_iter()
            .map(|ranked| ranked.candidate.passage_id.0)
            .collect()
    }

    #[test]
    fn covering_the_question_beats_repeating_a_word() {
        let candidates = vec![
            candidate(1, None, "delete delete delete delete delete the thing"),
            candidate(2, None, "to delete a remote branch, push nothing to it"),
        ];
        assert_eq!(
            order("How do I delete a remote branch?", candidates),
            [2, 1]
        );
    }

    #[test]
    fn words_close_together_beat_words_apart() {
        let filler = "and so on ".repeat(20);
        let candidates = vec![
            candidate(
                1,
                None,
                &format!("the remote {filler} has a branch {filler} to go"),
            ),
            candidate(
                2,
                None,
                &format!("the remote branch has {filler} {filler} to go to"),
            ),
        ];
        assert_eq!(order("remote branch", candidates), [2, 1]);
    }

    #[test]
    fn a_heading_that_says_it_wins() {
        let candidates = vec![
            candidate(
                1,
                Some("Branches › Listing"),
                "A remote branch may be deleted.",
            ),
            candidate(
                2,
                Some("Branches › Deleting a remote branch"),
                "A remote branch may be deleted.",
            ),
        ];
        assert_eq!(order("deleting remote branches", candidates), [2, 1]);
    }

    #[test]
    fn distances_are_least_ones() {
        assert_eq!(nearest(&[1, 10, 20], &[15, 18, 40]), Some(2));
        assert_eq!(nearest(&[], &[1]), None);
    }
}
