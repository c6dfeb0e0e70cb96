//! How long passages are kept: as long as their documents; and how a user's go.

use async_trait::async_trait;
use entities::UserId;

use super::index;
use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Expiring, Part, Place, RetentionError},
};

const PASSAGES: Place = Place::Table("passages");
const VECTORS: Place = Place::Table("passage_vectors");
/// SQLite alone has it; a trigger empties it with the passages.
const FULL_TEXT: Place = Place::Table("passages_fts");

/// What retrieval registers. Its eraser must come before the documents': it finds a user's passages
/// by them, and documents delete passages in a single step each.
pub(crate) fn retention(db: &Db) -> Part {
    Part::default()
        .holds(PASSAGES, Class::Library)
        .holds(VECTORS, Class::Library)
        .holds(FULL_TEXT, Class::Library)
        .erased_by(Passages(db.clone()))
}

struct Passages(Db);

/// Steps of folding the index at the most: far more than a large one needs.
const FOLDING_STEPS: u32 = 100_000;

impl Passages {
    /// SQLite's index only marks what has left it, until it is folded: the words of a user who is
    /// erased must go for good. In small steps, so that nobody waits long for the writer.
    async fn forget_terms(&self) -> Result<(), RetentionError> {
        for step in 0..FOLDING_STEPS {
            let more = self
                .0
                .write_alone(WriteKey::Free, step == 0, |txn, first| {
                    Box::pin(index::fold(txn, *first))
                })
                .await?;
            if !more {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Eraser for Passages {
    fn places(&self) -> &'static [Place] {
        &[PASSAGES, VECTORS, FULL_TEXT]
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let erased = self
            .0
            .write_alone(WriteKey::User(user), (user, limit), |txn, (user, limit)| {
                Box::pin(index::remove_of_user(txn, *user, *limit))
            })
            .await?;
        if erased == 0 {
            self.forget_terms().await?;
        }
        Ok(erased)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        Ok(index::count_of_user(self.0.read(), user).await?)
    }
}

/// What the documents that `documents` selects have in the index: SQL for their keys. Vectors first,
/// so that no cascade makes a step longer than it looks.
pub(crate) fn passages_of(documents: &str) -> [Expiring; 2] {
    let of_documents = format!("document_id IN ({documents})");
    [
        Expiring::of("passage_vectors", of_documents.clone())
            .key("passage_id")
            .texts(&["model", "codes", "vector"]),
        Expiring::of("passages", of_documents).texts(&["heading", "body"]),
    ]
}
