//! Putting passages into the index and taking them out. Each call is one bounded step of a
//! transaction; the caller repeats it, so that a long document never holds the writer.

use std::collections::HashMap;

use entities::{DocumentId, PassageId, StoreId, UserId};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

use super::{
    chunk::Chunk,
    lexical::{PassageRow, lexical_index},
    terms::Analyzers,
};

/// Passages of one call at the most.
pub(crate) const INDEX_BATCH: usize = 200;

/// Whose passages are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) document_id: DocumentId,
    pub(crate) store_id: StoreId,
    pub(crate) user_id: UserId,
    /// The indexing run; seen by searches once the document's row has the same number.
    pub(crate) generation: i64,
}

/// A passage ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct NewPassage {
    source: Source,
    chunk: Chunk,
    terms: Vec<String>,
}

/// Analyses passages for the index. Takes processor time, so it is done before the transaction,
/// and off the threads that serve requests.
pub(crate) fn prepare(source: Source, chunks: &[Chunk]) -> Vec<NewPassage> {
    let mut analyzers = Analyzers::default();
    chunks
        .iter()
        .map(|chunk| {
            let heading = chunk.heading.as_deref().unwrap_or_default();
            NewPassage {
                source,
                terms: analyzers.index_terms(&format!("{heading}\n{}", chunk.body)),
                chunk: chunk.clone(),
            }
        })
        .collect()
}

/// Which passages of a document stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// Those of this indexing run.
    Generation(i64),
}

/// Stores up to [`INDEX_BATCH`] passages and gives their ids, in the order of `passages`.
pub(crate) async fn index<C: ConnectionTrait>(
    connection: &C,
    passages: &[NewPassage],
) -> Result<Vec<PassageId>, DbErr> {
    if passages.is_empty() {
        return Ok(Vec::new());
    }
    if passages.len() > INDEX_BATCH {
        return Err(DbErr::Custom(format!(
            "{} passages in one call, {INDEX_BATCH} are allowed",
            passages.len()
        )));
    }
    let index = lexical_index(connection.get_database_backend());
    let rows: Vec<PassageRow<'_>> = passages
        .iter()
        .map(|passage| PassageRow {
            columns: columns(passage),
            store: passage.source.store_id,
            terms: &passage.terms,
        })
        .collect();
    let mut stored = Vec::with_capacity(passages.len());
    for row in connection
        .query_all_raw(index.insert_passages(&rows))
        .await?
    {
        stored.push((
            row.try_get::<i32>("", "ordinal")?,
            row.try_get::<PassageId>("", "id")?,
        ));
    }
    // The order of RETURNING is not promised.
    let ids = passages
        .iter()
        .map(|passage| {
            let ordinal = ordinal(passage);
            let found = stored.iter().find(|(stored, _)| *stored == ordinal);
            found.map(|(_, id)| *id).ok_or(DbErr::RecordNotInserted)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let entries: Vec<(PassageId, StoreId, &[String])> = ids
        .iter()
        .zip(passages)
        .map(|(id, passage)| (*id, passage.source.store_id, passage.terms.as_slice()))
        .collect();
    if let Some(statement) = index.insert_terms(&entries) {
        connection.execute_raw(statement).await?;
    }
    Ok(ids)
}

/// Removes up to `limit` passages of a document, with their terms and vectors, and tells how many;
/// fewer than `limit` means that it is done.
pub(crate) async fn remove<C: ConnectionTrait>(
    connection: &C,
    document: DocumentId,
    keep: Keep,
    limit: u64,
) -> Result<u64, DbErr> {
    let kept = match keep {
        Keep::Nothing => -1,
        Keep::Generation(generation) => generation,
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let removed = connection
        .execute_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "DELETE FROM passages WHERE id IN (SELECT id FROM passages \
             WHERE document_id = $1 AND generation <> $2 ORDER BY id LIMIT $3)",
            [document.0.into(), kept.into(), limit.into()],
        ))
        .await?;
    Ok(removed.rows_affected())
}

/// Removes up to `limit` passages of a user's documents, with their terms and vectors, and tells how
/// many.
pub(super) async fn remove_of_user<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    limit: u64,
) -> Result<u64, DbErr> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let removed = connection
        .execute_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "DELETE FROM passages WHERE id IN (SELECT id FROM passages WHERE document_id IN \
             (SELECT id FROM documents WHERE user_id = $1) LIMIT $2)",
            [user.into(), limit.into()],
        ))
        .await?;
    Ok(removed.rows_affected())
}

/// Folds SQLite's full-text index by one step, from the first on; says whether there is more to do.
pub(super) async fn fold<C: ConnectionTrait>(connection: &C, first: bool) -> Result<bool, DbErr> {
    /// Pages of one step.
    const PAGES: i64 = 500;
    let backend = connection.get_database_backend();
    if backend != DatabaseBackend::Sqlite {
        return Ok(false);
    }
    let changes = async || -> Result<i64, DbErr> {
        let sql = Statement::from_string(backend, "SELECT total_changes() AS n");
        let row = connection.query_one_raw(sql).await?;
        row.map_or(Ok(0), |row| row.try_get("", "n"))
    };
    let before = changes().await?;
    let pages = if first { -PAGES } else { PAGES };
    connection
        .execute_raw(Statement::from_sql_and_values(
            backend,
            "INSERT INTO passages_fts (passages_fts, rank) VALUES ('merge', $1)",
            [pages.into()],
        ))
        .await?;
    // The statement counts as a change itself.
    Ok(changes().await? - before >= 2)
}

/// How many passages a user has.
pub(super) async fn count_of_user<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
) -> Result<u64, DbErr> {
    let counted = connection
        .query_one_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT COUNT(*) AS passages FROM passages WHERE user_id = $1",
            [user.into()],
        ))
        .await?;
    let count = counted.map_or(Ok(0_i64), |row| row.try_get("", "passages"))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn columns(passage: &NewPassage) -> Vec<sea_orm::Value> {
    let NewPassage { source, chunk, .. } = passage;
    vec![
        source.document_id.0.into(),
        source.store_id.0.into(),
        source.user_id.0.into(),
        source.generation.into(),
        ordinal(passage).into(),
        chunk.page.and_then(|page| i32::try_from(page).ok()).into(),
        i64::try_from(chunk.char_start).unwrap_or(i64::MAX).into(),
        i64::try_from(chunk.char_end).unwrap_or(i64::MAX).into(),
        chunk.heading.clone().into(),
        chunk.body.clone().into(),
        i32::try_from(chunk.token_count).unwrap_or(i32::MAX).into(),
    ]
}

fn ordinal(passage: &NewPassage) -> i32 {
    i32::try_from(passage.chunk.ordinal).unwrap_or(i32::MAX)
}

/// The highest number that a run has given passages of a document, and that they still have; 0
/// without any.
pub(crate) async fn newest_generation<C: ConnectionTrait>(
    connection: &C,
    document: DocumentId,
) -> Result<i64, DbErr> {
    let newest = connection
        .query_one_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT COALESCE(MAX(generation), 0) AS newest FROM passages WHERE document_id = $1",
            [document.0.into()],
        ))
        .await?;
    newest.map_or(Ok(0), |row| row.try_get("", "newest"))
}

/// The passages of one indexing run of a document, by their ordinals.
pub(crate) async fn passage_ids<C: ConnectionTrait>(
    connection: &C,
    document: DocumentId,
    generation: i64,
) -> Result<HashMap<usize, PassageId>, DbErr> {
    connection
        .query_all_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT ordinal, id FROM passages WHERE document_id = $1 AND generation = $2",
            [document.0.into(), generation.into()],
        ))
        .await?
        .iter()
        .map(|row| {
            let ordinal: i32 = row.try_get("", "ordinal")?;
            Ok((
                usize::try_from(ordinal).unwrap_or(0),
                row.try_get("", "id")?,
            ))
        })
        .collect()
}
