//! The way from a question to hits: words propose, vectors propose, both lists are fused.

use std::{collections::HashMap, sync::Arc};

use entities::PassageId;
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    Hit, Scope, VectorIndex,
    lexical::{Candidate, Proposal, fetch, propose},
    merge::merge,
    query::Query,
    rank::{Ranked, best_first, rank},
};

/// Places of each list that take part in the fusion.
const FUSED_PLACES: usize = 50;
/// Reciprocal rank fusion: how little the first places differ (Cormack et al., 2009).
const FUSION_OFFSET: f32 = 60.0;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) text: &'q str,
    /// The embedded question, when there is an embedder.
    pub(crate) vector: Option<QuestionVector>,
}

/// A question's embedding and the model that made it: only vectors of that model are compared.
#[derive(Clone, Debug)]
pub(crate) struct QuestionVector {
    pub(crate) model: Arc<str>,
    pub(crate) vector: Vec<f32>,
}

/// The passages in `scope` that best answer `question`, best first, at most `limit`.
pub(crate) async fn search<C: ConnectionTrait>(
    connection: &C,
    vectors: &VectorIndex,
    scope: &Scope,
    question: &Question<'_>,
    limit: usize,
) -> Result<Vec<Hit>, DbErr> {
    let query = Query::parse(question.text);
    let Proposal {
        candidates,
        weights,
    } = propose(connection, scope, &query).await?;
    // Reading the candidates takes milliseconds, so it leaves the threads that serve requests.
    let mut ranked = tokio::task::spawn_blocking(move || rank(&query, &weights, candidates))
        .await
        .map_err(|error| DbErr::Custom(format!("ranking ended early: {error}")))?;
    if let Some(vector) = &question.vector {
        let near = vectors
            .nearest(connection, scope, vector, FUSED_PLACES)
            .await?;
        ranked = fuse(connection, scope, ranked, &near).await?;
    }
    Ok(merge(ranked, limit))
}

/// One list of two by reciprocal ranks, because the scores of words and vectors do not compare.
async fn fuse<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    by_words: Vec<Ranked>,
    by_vectors: &[PassageId],
) -> Result<Vec<Ranked>, DbErr> {
    if by_vectors.is_empty() {
        return Ok(by_words);
    }
    let mut known: HashMap<PassageId, Candidate> = HashMap::new();
    let mut word_order = Vec::new();
    for ranked in by_words.into_iter().take(FUSED_PLACES) {
        word_order.push(ranked.candidate.passage_id);
        known.insert(ranked.candidate.passage_id, ranked.candidate);
    }
    let missing: Vec<PassageId> = by_vectors
        .iter()
        .filter(|id| !known.contains_key(id))
        .copied()
        .collect();
    for candidate in fetch(connection, scope, &missing).await? {
        known.insert(candidate.passage_id, candidate);
    }
    let scores = reciprocal_ranks(&[&word_order, by_vectors]);
    let mut fused: Vec<Ranked> = known
        .into_values()
        .map(|candidate| Ranked {
            score: scores.get(&candidate.passage_id).copied().unwrap_or(0.0),
            candidate,
        })
        .collect();
    fused.sort_by(best_first);
    Ok(fused)
}

fn reciprocal_ranks(lists: &[&[PassageId]]) -> HashMap<PassageId, f32> {
    let mut scores = HashMap::new();
    for list in lists {
        let mut place = FUSION_OFFSET;
        for id in *list {
            place += 1.0;
            *scores.entry(*id).or_insert(0.0) += 1.0 / place;
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_both_lists_beats_the_first_place_in_one() {
        let words = [PassageId(1), PassageId(2), PassageId(3)];
        let vectors = [PassageId(4), PassageId(3), PassageId(5)];
        let scores = reciprocal_ranks(&[&words, &vectors]);
        let best = scores
            .iter()
            .max_by(|one, other| one.1.total_cmp(other.1))
            .map(|best| *best.0);
        assert_eq!(best, Some(PassageId(3)));
        assert!(scores[&PassageId(1)] > scores[&PassageId(2)]);
    }
}
