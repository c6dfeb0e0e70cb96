//! Passages found by words, and taken out again.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn finds_the_passage_that_answers() {
    for_each_database(async |test: TestDb| {
        library(&test.db).await;
        let chunks = [
            chunk(
                0,
                Some("Lamps"),
                "The keeper trims the lamps of the lighthouse every evening.",
            ),
            chunk(
                2,
                Some("Fees"),
                "Ships that enter the harbour pay a fee by their length.",
            ),
            chunk(
                4,
                None,
                "Die Lampen werden jeden Abend gelöscht, und der Wärter schreibt das Wetter auf.",
            ),
            chunk(6, None, "灯台の明かりは毎晩点検される。"),
            chunk(
                8,
                Some("Backup"),
                "Copy the log book to the mainland once a week.",
            ),
        ];
        let ids = add(&test.db, USER, STORE, 1, &chunks).await;
        for (question, expected) in [
            ("Who is trimming a lamp?", 0),
            ("What do I pay for the length of my ship?", 1),
            ("Was schreiben die Wärter über das Wetter?", 2),
            ("点検", 3),
            ("how to back up", 4),
            ("lighthouses", 0),
        ] {
            let hits = ask(&test.db, USER, &[STORE], question).await;
            assert_eq!(
                hits.first().map(|hit| hit.passage_id),
                Some(ids[expected]),
                "{question}"
            );
        }
        let hit = &ask(&test.db, USER, &[STORE], "harbour fee").await[0];
        assert_eq!(hit.body, chunks[1].body);
        assert_eq!(
            (hit.page, hit.char_start, hit.char_end),
            (Some(3), 2_000, 2_055)
        );
        assert_eq!(
            (hit.heading.as_deref(), hit.title.as_str()),
            (Some("Fees"), "manual1.txt")
        );
        assert_eq!(hit.snippet(&Query::parse("harbour fee")), chunks[1].body);
        assert!(ask(&test.db, USER, &[STORE], "submarine").await.is_empty());
        assert!(ask(&test.db, USER, &[], "lamps").await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_questions_are_words_and_nothing_else() {
    for_each_database(async |test: TestDb| {
        library(&test.db).await;
        add(
            &test.db,
            USER,
            STORE,
            1,
            &[chunk(0, None, "It's a quote\\ or a \"star* (here).")],
        )
        .await;
        for question in [
            "",
            "\"",
            "'",
            "*",
            "a AND",
            "NEAR(",
            "scope:zs3z",
            "body : x",
            "-x",
            "^x",
            "x' OR 1=1 --",
            "\\",
            ":*",
            "!",
            "| &",
            "<->",
            "\u{0}null",
            "quote\\'s star*",
        ] {
            ask(&test.db, USER, &[STORE], question).await;
        }
        let long = "lamp ' \" ".repeat(20_000);
        ask(&test.db, USER, &[STORE], &long).await;
        let hostile = chunk(
            1,
            None,
            &format!("{} zs3z '':1 \u{0} {}", "x".repeat(700), "é'\\".repeat(100)),
        );
        add(
            &test.db,
            USER,
            STORE,
            1,
            &[Chunk {
                body: hostile.body.replace('\u{0}', " "),
                ..hostile
            }],
        )
        .await;
        assert_eq!(ask(&test.db, USER, &[STORE], "star quote").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_callers_living_passages_are_seen() {
    for_each_database(async |test: TestDb| {
        let db = &test.db;
        library(db).await;
        let lamp = |text: &str| [chunk(0, None, text)];
        add(db, USER, STORE, 1, &lamp("a lamp in the first store")).await;
        add(
            db,
            USER,
            SECOND_STORE,
            1,
            &lamp("a lamp in the second store"),
        )
        .await;
        add(
            db,
            OTHER,
            OTHERS_STORE,
            1,
            &lamp("a lamp of another user zs1z"),
        )
        .await;

        assert_eq!(ask(db, USER, &[STORE], "lamp").await.len(), 1);
        assert_eq!(ask(db, USER, &[STORE, SECOND_STORE], "lamp").await.len(), 2);
        // Another user's store, asked for as if it were one's own.
        assert!(ask(db, USER, &[OTHERS_STORE], "lamp").await.is_empty());
        assert!(ask(db, OTHER, &[STORE], "lamp").await.is_empty());

        execute(
            db,
            vec!["UPDATE documents SET deleted_at = created_at WHERE id = 1".to_owned()],
        )
        .await;
        assert!(ask(db, USER, &[STORE], "lamp").await.is_empty());
        execute(
            db,
            vec!["UPDATE documents SET deleted_at = NULL WHERE id = 1".to_owned()],
        )
        .await;
        assert_eq!(ask(db, USER, &[STORE], "lamp").await.len(), 1);
        execute(
            db,
            vec!["UPDATE stores SET deleted_at = created_at WHERE id = 1".to_owned()],
        )
        .await;
        assert!(ask(db, USER, &[STORE], "lamp").await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_indexing_run_stays_unseen_until_the_document_moves_to_it() {
    for_each_database(async |test: TestDb| {
        let db = &test.db;
        library(db).await;
        let old = add(db, USER, STORE, 1, &[chunk(0, None, "an oil lamp")]).await;
        let new = add(db, USER, STORE, 2, &[chunk(0, None, "an electric lamp")]).await;
        assert_eq!(ask(db, USER, &[STORE], "lamp").await[0].passage_id, old[0]);
        execute(
            db,
            vec!["UPDATE documents SET generation = 2 WHERE id = 1".to_owned()],
        )
        .await;
        let hits = ask(db, USER, &[STORE], "lamp").await;
        assert_eq!((hits.len(), hits[0].passage_id), (1, new[0]));
        assert_eq!(
            take_out(db, DocumentId(1), Keep::Generation(2), 10).await,
            1
        );
        assert_eq!(ask(db, USER, &[STORE], "lamp").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removal_goes_in_steps_and_leaves_nothing() {
    for_each_database(async |test: TestDb| {
        let db = &test.db;
        library(db).await;
        let chunks: Vec<Chunk> = (0..200)
            .map(|n| chunk(n, None, &format!("lamp number {n}")))
            .collect();
        let ids = add(db, USER, STORE, 1, &chunks).await;
        assert_eq!(ids.len(), 200);
        add(
            db,
            USER,
            SECOND_STORE,
            1,
            &[chunk(0, None, "a lamp elsewhere")],
        )
        .await;
        let vector = NewVector {
            passage_id: ids[0],
            document_id: DocumentId(1),
            store_id: STORE,
            vector: vec![1.0, 2.0],
        };
        store(db, vec![vector]).await;

        assert_eq!(take_out(db, DocumentId(1), Keep::Nothing, 150).await, 150);
        assert_eq!(take_out(db, DocumentId(1), Keep::Nothing, 150).await, 50);
        assert_eq!(take_out(db, DocumentId(1), Keep::Nothing, 150).await, 0);
        assert_eq!(count(db, "SELECT count(*) AS n FROM passages").await, 1);
        assert_eq!(
            count(db, "SELECT count(*) AS n FROM passage_vectors").await,
            0
        );
        // A document that goes with its store takes its terms along.
        execute(db, vec!["DELETE FROM stores WHERE id = 2".to_owned()]).await;
        assert_eq!(count(db, "SELECT count(*) AS n FROM passages").await, 0);
        if db.backend() == DatabaseBackend::Sqlite {
            let left =
                "SELECT count(*) AS n FROM passages_fts WHERE passages_fts MATCH 'body : lamp'";
            assert_eq!(count(db, left).await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_passages_at_once_are_refused() {
    for_each_database(async |test: TestDb| {
        library(&test.db).await;
        let chunks: Vec<Chunk> = (0..201).map(|n| chunk(n, None, "lamp")).collect();
        let source = Source {
            document_id: DocumentId(1),
            store_id: STORE,
            user_id: USER,
            generation: 1,
        };
        let refused = test
            .db
            .write_alone(WriteKey::Free, prepare(source, &chunks), |txn, passages| {
                Box::pin(async move { Ok::<_, DbErr>(index(txn, passages).await.is_err()) })
            })
            .await
            .unwrap();
        assert!(refused);
        assert_eq!(
            count(&test.db, "SELECT count(*) AS n FROM passages").await,
            0
        );
    })
    .await;
}
