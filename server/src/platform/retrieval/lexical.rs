//! Search by words: what the two databases must answer, and what is done with the answers.

use entities::{DocumentId, PassageId, StoreId};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement, Value};

use super::{Scope, postgres::Postgres, query::Query, sqlite::Sqlite};

/// Passages that the database proposes and that are ranked here.
/// SQLite proposes as many by each of two ways.
const CANDIDATES: u64 = 100;

/// Full-text search as one database spells it.
pub(super) trait LexicalIndex: Sync {
    /// Inserts rows of the passages table, giving back `id` and `ordinal`; the terms stand in each
    /// row when the table itself is indexed.
    fn insert_passages(&self, rows: &[PassageRow<'_>]) -> Statement;

    /// Inserts the terms of stored passages, where they live in a table of their own.
    fn insert_terms(&self, rows: &[(PassageId, StoreId, &[String])]) -> Option<Statement>;

    /// Columns `total` and `t0`, `t1`, …: passages in the stores, and how many hold each term.
    fn frequencies(&self, scope: &Scope, query: &Query) -> Statement;

    /// The best passages by the database's own means, as [`Candidate::from_row`] reads them. At
    /// least one weight is above 0.
    fn candidates(&self, scope: &Scope, query: &Query, weights: &[f32], limit: u64) -> Statement;
}

/// A passage on its way into the table.
pub(super) struct PassageRow<'p> {
    /// In the order of [`PASSAGE_COLUMNS`].
    pub(super) columns: Vec<Value>,
    pub(super) store: StoreId,
    pub(super) terms: &'p [String],
}

/// Columns of a new passage.
pub(super) const PASSAGE_COLUMNS: [&str; 11] = [
    "document_id",
    "store_id",
    "user_id",
    "generation",
    "ordinal",
    "page",
    "char_start",
    "char_end",
    "heading",
    "body",
    "token_count",
];

/// What a hit is read from.
pub(super) const CANDIDATE_COLUMNS: &str = "p.id, p.document_id, p.store_id, p.ordinal, p.page, p.char_start, \
    p.char_end, p.heading, p.body, COALESCE(d.display_name, d.filename) AS title";

/// A passage as the database gives it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) passage_id: PassageId,
    pub(super) document_id: DocumentId,
    pub(super) store_id: StoreId,
    pub(super) ordinal: i32,
    pub(super) page: Option<u32>,
    pub(super) char_start: u64,
    pub(super) char_end: u64,
    pub(super) heading: Option<String>,
    pub(super) body: String,
    pub(super) title: String,
}

impl Candidate {
    fn from_row(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            passage_id: row.try_get("", "id")?,
            document_id: row.try_get("", "document_id")?,
            store_id: row.try_get("", "store_id")?,
            ordinal: row.try_get("", "ordinal")?,
            page: row
                .try_get::<Option<i32>>("", "page")?
                .and_then(|page| u32::try_from(page).ok()),
            char_start: unsigned(row, "char_start")?,
            char_end: unsigned(row, "char_end")?,
            heading: row.try_get("", "heading")?,
            body: row.try_get("", "body")?,
            title: row.try_get("", "title")?,
        })
    }
}

fn unsigned(row: &QueryResult, column: &str) -> Result<u64, DbErr> {
    Ok(u64::try_from(row.try_get::<i64>("", column)?).unwrap_or(0))
}

/// The full-text index of a database.
pub(super) fn lexical_index(backend: DatabaseBackend) -> &'static dyn LexicalIndex {
    match backend {
        DatabaseBackend::Postgres => &Postgres,
        _ => &Sqlite,
    }
}

/// The token that stands for a store inside the index, so that a store is chosen before ranking.
pub(super) fn store_token(store: StoreId) -> String {
    format!("zs{}z", store.0)
}

/// What the words found, not yet in their final order.
pub(super) struct Proposal {
    pub(super) candidates: Vec<Candidate>,
    /// How much each term of the query says, by its rarity in the stores; 0 when it is absent.
    pub(super) weights: Vec<f32>,
}

/// Asks the database for passages that hold terms of the question.
pub(super) async fn propose<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    query: &Query,
) -> Result<Proposal, DbErr> {
    if query.is_empty() || scope.is_empty() {
        return Ok(Proposal {
            candidates: Vec::new(),
            weights: Vec::new(),
        });
    }
    let index = lexical_index(connection.get_database_backend());
    let weights = weights(connection, index, scope, query).await?;
    if weights.iter().all(|weight| *weight <= 0.0) {
        return Ok(Proposal {
            candidates: Vec::new(),
            weights,
        });
    }
    let found = connection
        .query_all_raw(index.candidates(scope, query, &weights, CANDIDATES))
        .await?;
    let candidates = found
        .iter()
        .map(Candidate::from_row)
        .collect::<Result<_, _>>()?;
    Ok(Proposal {
        candidates,
        weights,
    })
}

async fn weights<C: ConnectionTrait>(
    connection: &C,
    index: &dyn LexicalIndex,
    scope: &Scope,
    query: &Query,
) -> Result<Vec<f32>, DbErr> {
    let Some(row) = connection
        .query_one_raw(index.frequencies(scope, query))
        .await?
    else {
        return Ok(vec![0.0; query.terms.len()]);
    };
    let total: i64 = row.try_get("", "total")?;
    query
        .terms
        .iter()
        .enumerate()
        .map(|(number, term)| {
            let holding: i64 = row.try_get("", &format!("t{number}"))?;
            Ok(term.weight * rarity(total, holding))
        })
        .collect()
}

/// Inverse document frequency as BM25 has it; never negative, 0 for what does not occur.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of passages are far below 2^24 where it matters"
)]
fn rarity(total: i64, holding: i64) -> f32 {
    if holding <= 0 {
        return 0.0;
    }
    let (total, holding) = (total.max(holding) as f32, holding as f32);
    (1.0 + (total - holding + 0.5) / (holding + 0.5)).ln()
}

/// Fetches passages by id, under the same conditions as every search.
pub(super) async fn fetch<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    ids: &[PassageId],
) -> Result<Vec<Candidate>, DbErr> {
    if ids.is_empty() || scope.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Parameters::default();
    let visible = visible(scope, &mut values);
    let list = values.list(ids.iter().map(|id| id.0));
    let sql = format!("SELECT {CANDIDATE_COLUMNS} FROM passages p {visible} AND p.id IN ({list})");
    let statement =
        Statement::from_sql_and_values(connection.get_database_backend(), sql, values.0);
    connection
        .query_all_raw(statement)
        .await?
        .iter()
        .map(Candidate::from_row)
        .collect()
}

/// Joins and conditions that leave the caller's living passages.
pub(super) fn visible(scope: &Scope, values: &mut Parameters) -> String {
    let user = values.add(scope.user_id.0);
    let stores = values.list(scope.store_ids.iter().map(|store| store.0));
    let chosen = chosen(scope, values);
    format!(
        "JOIN documents d ON d.id = p.document_id JOIN stores s ON s.id = p.store_id \
         WHERE p.user_id = {user} AND p.store_id IN ({stores}) AND p.generation = d.generation \
         AND d.deleted_at IS NULL AND s.deleted_at IS NULL{chosen}"
    )
}

/// The condition that leaves the documents of the scope, when it names some.
pub(super) fn chosen(scope: &Scope, values: &mut Parameters) -> String {
    match &scope.document_ids {
        None => String::new(),
        Some(ids) => {
            format!(
                " AND d.id IN ({})",
                values.list(ids.iter().map(|document| document.0))
            )
        }
    }
}

/// Values of a statement and their placeholders.
#[derive(Default)]
pub(super) struct Parameters(pub(super) Vec<Value>);

impl Parameters {
    /// Adds a value and gives its placeholder.
    pub(super) fn add(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }

    /// Adds values and gives their placeholders, separated by commas.
    pub(super) fn list(&mut self, values: impl IntoIterator<Item = i64>) -> String {
        values
            .into_iter()
            .map(|value| self.add(value))
            .collect::<Vec<_>>()
            .join(", ")
    }
}
