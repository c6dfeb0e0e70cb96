//! Retrieval: documents become passages, and a question finds the passages that answer it.
//!
//! Writing: [`chunks`] cuts an extracted document, [`prepare`] and [`index`] store at most 200 passages a call,
//! [`remove`] takes them away again. Reading: [`search`] finds passages of the caller's stores, by
//! words and, when there is an embedder, by vectors too. An answer cites passages by number:
//! [`CitationFilter`] checks the numbers as the answer streams, [`snippet`] shows the place.
//!
//! A passage counts only while its document and store are not deleted and its generation is the
//! document's: passages of a new indexing run stay unseen until `documents.generation` is moved.

mod chunk;
mod citations;
mod index;
mod language;
mod lexical;
mod merge;
mod pieces;
mod postgres;
mod query;
mod rank;
mod retention;
mod search;
mod sentence;
mod snippet;
mod sqlite;
mod support;
mod synonyms;
mod terms;
mod vector_index;
mod vectors;

#[cfg(test)]
mod database_tests;

use std::ops::Range;

use entities::{DocumentId, PassageId, StoreId, UserId};

pub(crate) use chunk::{Chunk, chunks};
pub(crate) use citations::CitationFilter;
pub(crate) use index::{
    INDEX_BATCH, Keep, NewPassage, Source, index, newest_generation, passage_ids, prepare, remove,
};
pub(crate) use query::Query;
pub(crate) use retention::{passages_of, retention};
pub(crate) use search::{Question, QuestionVector, search};
pub(crate) use snippet::snippet;
pub(crate) use vector_index::{NewVector, VectorIndex, store_vectors};

/// Whose passages may be found, and in which stores.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) user_id: UserId,
    pub(crate) store_ids: Vec<StoreId>,
    /// Only these documents of theirs; `None`: all.
    pub(crate) document_ids: Option<Vec<DocumentId>>,
}

impl Scope {
    /// Whether nothing can be found in it.
    fn is_empty(&self) -> bool {
        self.store_ids.is_empty() || self.document_ids.as_ref().is_some_and(Vec::is_empty)
    }
}

/// A passage that was found, possibly grown by the one before or after it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hit {
    pub(crate) passage_id: PassageId,
    pub(crate) document_id: DocumentId,
    pub(crate) store_id: StoreId,
    /// The document's name as its owner sees it.
    pub(crate) title: String,
    /// Page on which the passage begins, counted from 1.
    pub(crate) page: Option<u32>,
    pub(crate) heading: Option<String>,
    /// Characters of the document's text that `body` covers.
    pub(crate) char_start: u64,
    pub(crate) char_end: u64,
    pub(crate) body: String,
    /// Bytes of `body` that are the passage itself, without the grown parts.
    pub(crate) focus: Range<usize>,
    /// Higher is better; comparable only within one search.
    pub(crate) score: f32,
}

impl Hit {
    /// The part of the passage that says most about the question.
    pub(crate) fn snippet(&self, query: &Query) -> &str {
        snippet(
            self.body.get(self.focus.clone()).unwrap_or(&self.body),
            query,
        )
    }
}
