//! From ranked passages to the hits that are cited: neighbours become one hit, so that the few
//! places of an answer are not spent on one page.

use super::{Hit, lexical::Candidate, rank::Ranked};

/// Passages of one hit at the most.
const MAX_PASSAGES: usize = 3;

/// The best `limit` hits of `ranked`, best first.
pub(super) fn merge(ranked: Vec<Ranked>, limit: usize) -> Vec<Hit> {
    let mut growing: Vec<Growing> = Vec::new();
    for ranked in ranked {
        if let Some(hit) = growing
            .iter_mut()
            .find(|hit| hit.touches(&ranked.candidate))
        {
            hit.grow(&ranked.candidate);
        } else if growing.len() < limit {
            growing.push(Growing::new(ranked));
        } else {
            break;
        }
    }
    growing.into_iter().map(|growing| growing.hit).collect()
}

/// A hit with the stretch of the document's passages that it covers.
struct Growing {
    hit: Hit,
    first: i32,
    last: i32,
}

impl Growing {
    fn new(ranked: Ranked) -> Self {
        let Ranked { candidate, score } = ranked;
        Self {
            first: candidate.ordinal,
            last: candidate.ordinal,
            hit: Hit {
                passage_id: candidate.passage_id,
                document_id: candidate.document_id,
                store_id: candidate.store_id,
                title: candidate.title,
                page: candidate.page,
                heading: candidate.heading,
                char_start: candidate.char_start,
                char_end: candidate.char_end,
                focus: 0..candidate.body.len(),
                body: candidate.body,
                score,
            },
        }
    }

    fn touches(&self, candidate: &Candidate) -> bool {
        let passages = self.last.abs_diff(self.first) as usize + 1;
        passages < MAX_PASSAGES
            && candidate.document_id == self.hit.document_id
            && (candidate.ordinal == self.first - 1 || candidate.ordinal == self.last + 1)
    }

    /// Adds the passage before or after, without the sentence that both may hold.
    fn grow(&mut self, candidate: &Candidate) {
        let hit = &mut self.hit;
        if candidate.ordinal < self.first {
            let kept = without_overlap(&candidate.body, candidate.char_end, hit.char_start, true);
            let before = format!("{kept}\n\n");
            hit.focus = hit.focus.start + before.len()..hit.focus.end + before.len();
            hit.body.insert_str(0, &before);
            hit.char_start = candidate.char_start;
            self.first = candidate.ordinal;
        } else {
            let kept = without_overlap(&candidate.body, hit.char_end, candidate.char_start, false);
            hit.body.push_str("\n\n");
            hit.body.push_str(kept);
            hit.char_end = candidate.char_end;
            self.last = candidate.ordinal;
        }
    }
}

/// `body` without the characters that lie between `start` of the later passage and `end` of the
/// earlier one: taken from its end when it is the earlier one, else from its start.
fn without_overlap(body: &str, end: u64, start: u64, earlier: bool) -> &str {
    let overlap = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
    if overlap == 0 {
        return body;
    }
    if earlier {
        let cut = body
            .char_indices()
            .rev()
            .nth(overlap - 1)
            .map_or(0, |(at, _)| at);
        body[..cut].trim_end()
    } else {
        let cut = body
            .char_indices()
            .nth(overlap)
            .map_or(body.len(), |(at, _)| at);
        body[cut..].trim_start()
    }
}

#[cfg(test)]
mod tests {
    use entities::{DocumentId, PassageId, StoreId};

    use super::*;

    fn ranked(document: i64, ordinal: i32, start: u64, body: &str, score: f32) -> Ranked {
        Ranked {
            candidate: Candidate {
                passage_id: PassageId(document * 100 + i64::from(ordinal)),
                document_id: DocumentId(document),
                store_id: StoreId(1),
                ordinal,
                page: u32::try_from(ordinal).ok(),
                char_start: start,
                char_end: start + body.chars().count() as u64,
                heading: None,
                body: body.to_owned(),
                title: "a.txt".to_owned(),
            },
            score,
        }
    }

    #[test]
    fn neighbours_become_one_hit_around_the_better_one() {
        let hits = merge(
            vec![
                ranked(1, 5, 100, "Two. Three.", 3.0),
                ranked(2, 5, 0, "Elsewhere.", 2.0),
                ranked(1, 4, 89, "Zero. One. Two.", 1.0),
                ranked(1, 6, 113, "Four.", 0.5),
            ],
            8,
        );
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].body, "Zero. One.\n\nTwo. Three.\n\nFour.");
        assert_eq!(&hits[0].body[hits[0].focus.clone()], "Two. Three.");
        assert_eq!((hits[0].char_start, hits[0].char_end), (89, 118));
        assert_eq!(hits[0].page, Some(5));
    }

    #[test]
    fn hits_are_limited_in_number_and_size() {
        let many: Vec<Ranked> = (0_u16..20)
            .map(|n| ranked(1, i32::from(n), u64::from(n) * 10, "x", 1.0))
            .collect();
        let hits = merge(many, 3);
        assert_eq!(hits.len(), 3);
        assert!(
            hits.iter()
                .all(|hit| hit.body.matches('x').count() <= MAX_PASSAGES)
        );
        assert!(merge(vec![ranked(1, 0, 0, "x", 1.0)], 0).is_empty());
    }
}
