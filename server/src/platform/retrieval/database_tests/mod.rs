//! The index as both databases keep it.

mod vectors;
mod words;

use entities::{DocumentId, PassageId, StoreId, UserId};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

use super::{
    Chunk, Hit, Keep, NewVector, Query, Question, QuestionVector, Scope, Source, VectorIndex,
    index, prepare, remove, search, store_vectors,
};
use crate::platform::db::{
    Db, WriteKey,
    testing::{TestDb, for_each_database},
};

const USER: UserId = UserId(1);
const OTHER: UserId = UserId(2);
const STORE: StoreId = StoreId(1);
const SECOND_STORE: StoreId = StoreId(2);
const OTHERS_STORE: StoreId = StoreId(3);

async fn execute(db: &Db, statements: Vec<String>) {
    db.write(WriteKey::Free, statements, |txn, statements| {
        Box::pin(async move {
            for statement in statements {
                txn.execute_unprepared(statement).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// Two users, three stores, one document in each, all of generation 1.
async fn library(db: &Db) {
    let now = "'2026-01-01 00:00:00+00:00'";
    let mut statements = Vec::new();
    for (user, uuid) in [(1, "1".repeat(32)), (2, "2".repeat(32))] {
        let uuid = match db.backend() {
            DatabaseBackend::Postgres => format!("'{uuid}'"),
            _ => format!("x'{uuid}'"),
        };
        statements.push(format!(
            "INSERT INTO users (id, public_id, email, password_hash, role, status, created_at, updated_at) \
             VALUES ({user}, {uuid}, 'u{user}@example.org', 'x', 'user', 'active', {now}, {now})"
        ));
    }
    for (store, user) in [(1, 1), (2, 1), (3, 2)] {
        statements.push(format!(
            "INSERT INTO stores (id, user_id, display_name, fs_name, created_at) \
             VALUES ({store}, {user}, 'Store', 'store{store}', {now})"
        ));
        statements.push(format!(
            "INSERT INTO documents (id, store_id, user_id, filename, media_type, size_bytes, sha256, blob_key, \
             status, status_updated_at, estimated_tokens, generation, created_at) VALUES ({store}, {store}, {user}, \
             'manual{store}.txt', 'text/plain', 1, '', 'blob{store}', 'DONE', {now}, 1, 1, {now})"
        ));
    }
    execute(db, statements).await;
}

fn chunk(ordinal: u32, heading: Option<&str>, body: &str) -> Chunk {
    Chunk {
        ordinal,
        page: Some(ordinal + 1),
        char_start: u64::from(ordinal) * 1_000,
        char_end: u64::from(ordinal) * 1_000 + body.chars().count() as u64,
        heading: heading.map(str::to_owned),
        body: body.to_owned(),
        token_count: 10,
    }
}

/// Documents have their store's number.
async fn add(
    db: &Db,
    user: UserId,
    store: StoreId,
    generation: i64,
    chunks: &[Chunk],
) -> Vec<PassageId> {
    let source = Source {
        document_id: DocumentId(store.0),
        store_id: store,
        user_id: user,
        generation,
    };
    db.write_alone(WriteKey::Free, prepare(source, chunks), |txn, passages| {
        Box::pin(index(txn, passages))
    })
    .await
    .unwrap()
}

async fn take_out(db: &Db, document: DocumentId, keep: Keep, limit: u64) -> u64 {
    db.write_alone(WriteKey::Free, (), move |txn, ()| {
        Box::pin(remove(txn, document, keep, limit))
    })
    .await
    .unwrap()
}

fn scope(user: UserId, stores: &[StoreId]) -> Scope {
    Scope {
        user_id: user,
        store_ids: stores.to_vec(),
        document_ids: None,
    }
}

async fn ask(db: &Db, user: UserId, stores: &[StoreId], text: &str) -> Vec<Hit> {
    let question = Question { text, vector: None };
    search(
        db.read(),
        &VectorIndex::new(1 << 20),
        &scope(user, stores),
        &question,
        8,
    )
    .await
    .unwrap()
}

async fn count(db: &Db, sql: &str) -> i64 {
    let statement = Statement::from_string(db.backend(), sql);
    let row = db.read().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

async fn store(db: &Db, vectors: Vec<NewVector>) {
    db.write_alone(WriteKey::Free, vectors, |txn, vectors| {
        Box::pin(store_vectors(txn, "test/embedder", vectors))
    })
    .await
    .unwrap();
}
