//! The passages that an answer was given, as citations.

use api::chat::Citation;

use crate::platform::{
    ai::PromptPassage,
    retrieval::{Hit, Query},
};

/// Passages shown when the answer names none.
const UNCITED_SHOWN: usize = 3;

/// The numbered passages of one answer.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    hits: Vec<Hit>,
    query: Query,
}

impl Sources {
    pub(super) fn new(hits: Vec<Hit>, question: &str) -> Self {
        Self {
            hits,
            query: Query::parse(question),
        }
    }

    /// What the model is given; numbers begin at 1.
    pub(super) fn for_prompt(&self) -> Vec<PromptPassage> {
        self.hits
            .iter()
            .zip(1..)
            .map(|(hit, number)| PromptPassage {
                number,
                title: hit.title.clone(),
                page: hit.page,
                text: hit.body.clone(),
            })
            .collect()
    }

    /// The texts, for the filter that checks citations against them.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.hits.iter().map(|hit| hit.body.clone())
    }

    /// The citations of an answer that names the passages `cited` (from 1). When it names none, the
    /// best three, marked as not cited.
    pub(super) fn citations(&self, cited: &[usize]) -> Vec<Citation> {
        let named: Vec<usize> = cited
            .iter()
            .copied()
            .filter(|number| (1..=self.hits.len()).contains(number))
            .collect();
        if named.is_empty() {
            let shown = self.hits.len().min(UNCITED_SHOWN);
            return (1..=shown)
                .map(|number| self.citation(number, false))
                .collect();
        }
        named
            .into_iter()
            .map(|number| self.citation(number, true))
            .collect()
    }

    fn citation(&self, number: usize, cited: bool) -> Citation {
        let hit = &self.hits[number - 1];
        Citation {
            source_id: format!("cit-{number}"),
            title: if hit.title.is_empty() {
                "Source".to_owned()
            } else {
                hit.title.clone()
            },
            snippet: hit.snippet(&self.query).to_owned(),
            document_id: hit.document_id.0,
            page: hit.page.and_then(|page| i32::try_from(page).ok()),
            cited,
        }
    }
}
