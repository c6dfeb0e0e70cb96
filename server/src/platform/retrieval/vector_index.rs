//! The vectors of stores, kept in memory while they are asked for.
//!
//! A store's vectors are loaded whole and kept until memory is needed. Each search first reads a
//! stamp of the store's rows, so that what another process has indexed is seen at once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use entities::{DocumentId, PassageId, StoreId};
use moka::{future::Cache, policy::EvictionPolicy};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{
    Scope,
    lexical::{Parameters, chosen},
    search::QuestionVector,
    vectors::{Entry, Quantized, VectorSet, dot, from_bytes, normalized, quantize, to_bytes},
};

/// Nearest passages by codes that are ranked again in f32.
const RANKED_EXACTLY: usize = 200;
/// Rows of one page of a load.
const LOAD_PAGE: i64 = 2_000;
/// A store that nobody asks for leaves the memory.
const IDLE: Duration = Duration::from_mins(15);

/// A passage's embedding to store.
#[derive(Clone, Debug)]
pub(crate) struct NewVector {
    pub(crate) passage_id: PassageId,
    pub(crate) document_id: DocumentId,
    pub(crate) store_id: StoreId,
    /// As the embedder gave it; stored with length 1.
    pub(crate) vector: Vec<f32>,
}

/// Stores embeddings made by `model`; one without a direction is left out. At most 200 a call.
pub(crate) async fn store_vectors<C: ConnectionTrait>(
    connection: &C,
    model: &str,
    vectors: &[NewVector],
) -> Result<(), DbErr> {
    let mut values = Parameters::default();
    let mut tuples = Vec::with_capacity(vectors.len());
    for new in vectors {
        let Some(vector) = normalized(&new.vector) else {
            continue;
        };
        let Quantized { scale, codes } = quantize(&vector);
        let codes: Vec<u8> = codes.iter().map(|code| code.cast_unsigned()).collect();
        let columns = [
            values.add(new.passage_id.0),
            values.add(new.document_id.0),
            values.add(new.store_id.0),
            values.add(model),
            values.add(i32::try_from(vector.len()).unwrap_or(i32::MAX)),
            values.add(f64::from(scale)),
            values.add(codes),
            values.add(to_bytes(&vector)),
        ];
        tuples.push(format!("({})", columns.join(", ")));
    }
    if tuples.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO passage_vectors (passage_id, document_id, store_id, model, dimensions, scale, codes, vector) \
         VALUES {} ON CONFLICT (passage_id) DO UPDATE SET model = excluded.model, dimensions = excluded.dimensions, \
         scale = excluded.scale, codes = excluded.codes, vector = excluded.vector",
        tuples.join(", ")
    );
    connection
        .execute_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            sql,
            values.0,
        ))
        .await?;
    Ok(())
}

/// Vectors in memory, by store and model. Cheap to clone.
#[derive(Clone)]
pub(crate) struct VectorIndex {
    sets: Cache<Key, Arc<VectorSet>>,
}

/// A store's vectors of one model, as they were at one time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    store: StoreId,
    model: Arc<str>,
    dimensions: usize,
    stamp: Stamp,
}

/// Changes whenever vectors come or go: ids are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stamp {
    count: i64,
    newest: i64,
}

impl VectorIndex {
    /// Keeps at most so many bytes of vectors.
    pub(crate) fn new(capacity_bytes: u64) -> Self {
        Self {
            sets: Cache::builder()
                .max_capacity(capacity_bytes)
                .weigher(|_, set: &Arc<VectorSet>| u32::try_from(set.bytes()).unwrap_or(u32::MAX))
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(IDLE)
                .build(),
        }
    }

    /// The passages nearest to the question, nearest first.
    pub(super) async fn nearest<C: ConnectionTrait>(
        &self,
        connection: &C,
        scope: &Scope,
        question: &QuestionVector,
        limit: usize,
    ) -> Result<Vec<PassageId>, DbErr> {
        let Some(vector) = normalized(&question.vector) else {
            return Ok(Vec::new());
        };
        if scope.is_empty() {
            return Ok(Vec::new());
        }
        let living = Arc::new(living(connection, scope).await?);
        let mut near = Vec::new();
        for store in &scope.store_ids {
            let set = self
                .load(connection, *store, &question.model, vector.len())
                .await?;
            near.extend(scan(set, &vector, &living).await?);
        }
        near.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        near.truncate(RANKED_EXACTLY);
        let mut exact = rank_exactly(connection, &near, &vector).await?;
        exact.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        Ok(exact.into_iter().take(limit).map(|(id, _)| id).collect())
    }

    async fn load<C: ConnectionTrait>(
        &self,
        connection: &C,
        store: StoreId,
        model: &Arc<str>,
        dimensions: usize,
    ) -> Result<Arc<VectorSet>, DbErr> {
        let key = Key {
            store,
            model: Arc::clone(model),
            dimensions,
            stamp: stamp(connection, store, model).await?,
        };
        self.sets
            .try_get_with_by_ref(&key, async {
                load(connection, store, model, dimensions)
                    .await
                    .map(Arc::new)
            })
            .await
            .map_err(|error| DbErr::clone(&error))
    }
}

/// The scan takes milliseconds for large stores, so it leaves the threads that serve requests.
async fn scan(
    set: Arc<VectorSet>,
    vector: &[f32],
    living: &Arc<HashMap<DocumentId, i64>>,
) -> Result<Vec<(PassageId, f32)>, DbErr> {
    let (query, living) = (quantize(vector), Arc::clone(living));
    tokio::task::spawn_blocking(move || {
        set.nearest(&query, RANKED_EXACTLY, |entry| {
            living.get(&entry.document_id) == Some(&entry.generation)
        })
    })
    .await
    .map_err(|error| DbErr::Custom(format!("the vector scan ended early: {error}")))
}

/// The documents that may be searched, with their generations.
async fn living<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
) -> Result<HashMap<DocumentId, i64>, DbErr> {
    let mut values = Parameters::default();
    let user = values.add(scope.user_id.0);
    let stores = values.list(scope.store_ids.iter().map(|store| store.0));
    let chosen = chosen(scope, &mut values);
    let sql = format!(
        "SELECT d.id, d.generation FROM documents d JOIN stores s ON s.id = d.store_id \
         WHERE d.user_id = {user} AND d.store_id IN ({stores}) \
         AND d.deleted_at IS NULL AND s.deleted_at IS NULL{chosen}"
    );
    connection
        .query_all_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            sql,
            values.0,
        ))
        .await?
        .iter()
        .map(|row| Ok((row.try_get("", "id")?, row.try_get("", "generation")?)))
        .collect()
}

async fn stamp<C: ConnectionTrait>(
    connection: &C,
    store: StoreId,
    model: &str,
) -> Result<Stamp, DbErr> {
    let row = connection
        .query_one_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT count(*) AS total, COALESCE(max(passage_id), 0) AS newest FROM passage_vectors \
             WHERE store_id = $1 AND model = $2",
            [store.0.into(), model.into()],
        ))
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("a count".to_owned()))?;
    Ok(Stamp {
        count: row.try_get("", "total")?,
        newest: row.try_get("", "newest")?,
    })
}

async fn load<C: ConnectionTrait>(
    connection: &C,
    store: StoreId,
    model: &str,
    dimensions: usize,
) -> Result<VectorSet, DbErr> {
    let mut set = VectorSet::new(dimensions);
    let mut after = 0_i64;
    loop {
        let rows = connection
            .query_all_raw(Statement::from_sql_and_values(
                connection.get_database_backend(),
                "SELECT v.passage_id, v.document_id, v.scale, v.codes, p.generation FROM passage_vectors v \
                 JOIN passages p ON p.id = v.passage_id WHERE v.store_id = $1 AND v.model = $2 \
                 AND v.passage_id > $3 ORDER BY v.passage_id LIMIT $4",
                [store.0.into(), model.into(), after.into(), LOAD_PAGE.into()],
            ))
            .await?;
        for row in &rows {
            let passage_id: PassageId = row.try_get("", "passage_id")?;
            after = passage_id.0;
            #[expect(clippy::cast_possible_truncation, reason = "stored from an f32")]
            let scale = row.try_get::<f64>("", "scale")? as f32;
            let entry = Entry {
                passage_id,
                document_id: row.try_get("", "document_id")?,
                generation: row.try_get("", "generation")?,
                scale,
            };
            set.push(entry, &row.try_get::<Vec<u8>>("", "codes")?);
        }
        if rows.is_empty() {
            return Ok(set);
        }
    }
}

/// Similarities in f32 of the passages that the codes brought forward.
async fn rank_exactly<C: ConnectionTrait>(
    connection: &C,
    near: &[(PassageId, f32)],
    vector: &[f32],
) -> Result<Vec<(PassageId, f32)>, DbErr> {
    if near.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Parameters::default();
    let list = values.list(near.iter().map(|(id, _)| id.0));
    let sql =
        format!("SELECT passage_id, vector FROM passage_vectors WHERE passage_id IN ({list})");
    connection
        .query_all_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            sql,
            values.0,
        ))
        .await?
        .iter()
        .map(|row| {
            let stored = from_bytes(&row.try_get::<Vec<u8>>("", "vector")?);
            Ok((row.try_get("", "passage_id")?, dot(&stored, vector)))
        })
        .collect()
}
