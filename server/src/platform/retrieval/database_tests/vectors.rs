//! Passages found by vectors.

use super::*;

/// What one process keeps between its searches.
struct Searcher<'d> {
    db: &'d Db,
    vectors: VectorIndex,
}

impl Searcher<'_> {
    /// Passages of a question whose words occur nowhere, and which points along the second axis.
    async fn near(&self, model: &str, scope: Scope) -> Vec<PassageId> {
        let question = Question {
            text: "harbour fee",
            vector: Some(QuestionVector {
                model: model.into(),
                vector: vec![0.1, 3.0, 0.0],
            }),
        };
        let hits = search(self.db.read(), &self.vectors, &scope, &question, 8)
            .await
            .unwrap();
        hits.into_iter().map(|hit| hit.passage_id).collect()
    }
}

async fn embedded(db: &Db, ordinal: u32, body: &str, direction: [f32; 3]) -> PassageId {
    let ids = add(db, USER, STORE, 1, &[chunk(ordinal, None, body)]).await;
    let vector = NewVector {
        passage_id: ids[0],
        document_id: DocumentId(STORE.0),
        store_id: STORE,
        vector: direction.to_vec(),
    };
    store(db, vec![vector]).await;
    ids[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_find_what_words_do_not() {
    for_each_database(async |test: TestDb| {
        let db = &test.db;
        library(db).await;
        let lamps = embedded(db, 0, "The keeper trims the lamps.", [1.0, 0.0, 0.1]).await;
        let charges = embedded(db, 2, "Vessels are charged by size.", [0.0, 1.0, 0.1]).await;
        let gulls = embedded(db, 4, "Gulls nest on the cliff.", [-1.0, 0.0, 0.1]).await;
        let searcher = Searcher {
            db,
            vectors: VectorIndex::new(1 << 20),
        };
        let mine = scope(USER, &[STORE]);
        let found = searcher.near("test/embedder", mine.clone()).await;
        assert_eq!(found, [charges, lamps, gulls]);
        assert!(searcher.near("test/another", mine).await.is_empty());
        let theirs = scope(OTHER, &[STORE]);
        assert!(searcher.near("test/embedder", theirs).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changes_is_seen_at_once() {
    for_each_database(async |test: TestDb| {
        let db = &test.db;
        library(db).await;
        let charges = embedded(db, 0, "Vessels are charged by size.", [0.0, 1.0, 0.1]).await;
        let searcher = Searcher {
            db,
            vectors: VectorIndex::new(1 << 20),
        };
        let near = async || searcher.near("test/embedder", scope(USER, &[STORE])).await;
        assert_eq!(near().await, [charges]);
        let dues = embedded(db, 2, "Dues are paid on arrival.", [0.0, 1.0, 0.0]).await;
        assert_eq!(near().await, [dues, charges]);
        execute(
            db,
            vec![format!("DELETE FROM passages WHERE id = {}", dues.0)],
        )
        .await;
        assert_eq!(near().await, [charges]);
        let deletion = "UPDATE documents SET deleted_at = created_at WHERE id = 1";
        execute(db, vec![deletion.to_owned()]).await;
        assert!(near().await.is_empty());
    })
    .await;
}
