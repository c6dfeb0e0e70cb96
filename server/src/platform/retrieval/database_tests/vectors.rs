//! Passages found by vectors.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn vectors_find_what_words_do_not() {
    for_each_database(async |test: TestDb| {
        let db = &test.db;
        library(db).await;
        let chunks = [
            chunk(0, None, "The keeper trims the lamps."),
            chunk(2, None, "Vessels are charged by size."),
            chunk(4, None, "Gulls nest on the cliff."),
        ];
        let ids = add(db, USER, STORE, 1, &chunks).await;
        let directions = [[1.0, 0.0, 0.1], [0.0, 1.0, 0.1], [-1.0, 0.0, 0.1]];
        let vectors = ids
            .iter()
            .zip(directions)
            .map(|(id, direction)| NewVector {
                passage_id: *id,
                document_id: DocumentId(1),
                store_id: STORE,
                vector: direction.to_vec(),
            })
            .collect();
        store(db, vectors).await;

        let memory = VectorIndex::new(1 << 20);
        let ask = async |model: &str, scope: Scope| {
            let question = Question {
                text: "harbour fee",
                vector: Some(QuestionVector {
                    model: model.into(),
                    vector: vec![0.1, 3.0, 0.0],
                }),
            };
            let hits = search(db.read(), &memory, &scope, &question, 8)
                .await
                .unwrap();
            hits.into_iter()
                .map(|hit| hit.passage_id)
                .collect::<Vec<_>>()
        };
        let mine = scope(USER, &[STORE]);
        assert_eq!(
            ask("test/embedder", mine.clone()).await,
            [ids[1], ids[0], ids[2]]
        );
        assert!(ask("test/another", mine.clone()).await.is_empty());
        assert!(
            ask("test/embedder", scope(OTHER, &[STORE]))
                .await
                .is_empty()
        );

        // What another process adds or removes is seen at once.
        let added = add(
            db,
            USER,
            STORE,
            1,
            &[chunk(6, None, "Fees are due on arrival.")],
        )
        .await;
        let vector = NewVector {
            passage_id: added[0],
            document_id: DocumentId(1),
            store_id: STORE,
            vector: vec![0.0, 1.0, 0.0],
        };
        store(db, vec![vector]).await;
        assert_eq!(ask("test/embedder", mine.clone()).await[0], added[0]);
        execute(
            db,
            vec![format!("DELETE FROM passages WHERE id = {}", added[0].0)],
        )
        .await;
        assert_eq!(ask("test/embedder", mine.clone()).await[0], ids[1]);
        execute(
            db,
            vec!["UPDATE documents SET deleted_at = created_at WHERE id = 1".to_owned()],
        )
        .await;
        assert!(ask("test/embedder", mine).await.is_empty());
    })
    .await;
}
