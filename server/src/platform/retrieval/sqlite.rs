//! Full-text search by FTS5. The index holds no text of its own: `scope` is the store's token,
//! `body` the passage's terms; rows go with their passage by a trigger.

use entities::{PassageId, StoreId};
use sea_orm::{DatabaseBackend, Statement};

use super::{
    Scope,
    lexical::{
        CANDIDATE_COLUMNS, LexicalIndex, PASSAGE_COLUMNS, Parameters, PassageRow, store_token,
        visible,
    },
    query::{Query, Term},
};

pub(super) struct Sqlite;

impl LexicalIndex for Sqlite {
    fn insert_passages(&self, rows: &[PassageRow<'_>]) -> Statement {
        let mut values = Parameters::default();
        let tuples: Vec<String> = rows
            .iter()
            .map(|row| {
                let columns: Vec<String> = row
                    .columns
                    .iter()
                    .map(|value| values.add(value.clone()))
                    .collect();
                format!("({})", columns.join(", "))
            })
            .collect();
        let sql = format!(
            "INSERT INTO passages ({}) VALUES {} RETURNING id, ordinal",
            PASSAGE_COLUMNS.join(", "),
            tuples.join(", ")
        );
        statement(sql, values)
    }

    fn insert_terms(&self, rows: &[(PassageId, StoreId, &[String])]) -> Option<Statement> {
        let mut values = Parameters::default();
        let tuples: Vec<String> = rows
            .iter()
            .map(|(id, store, terms)| {
                let (id, scope) = (values.add(id.0), values.add(store_token(*store)));
                format!("({id}, {scope}, {})", values.add(terms.join(" ")))
            })
            .collect();
        let sql = format!(
            "INSERT INTO passages_fts (rowid, scope, body) VALUES {}",
            tuples.join(", ")
        );
        Some(statement(sql, values))
    }

    fn frequencies(&self, scope: &Scope, query: &Query) -> Statement {
        let mut values = Parameters::default();
        let stores = stores_expression(scope);
        let mut counted = |expression: String, name: &str| {
            let expression = values.add(expression);
            format!(
                "(SELECT count(*) FROM passages_fts WHERE passages_fts MATCH {expression}) AS {name}"
            )
        };
        let mut columns = vec![counted(stores.clone(), "total")];
        for (number, term) in query.terms.iter().enumerate() {
            let expression = matching(&stores, &[forms(term)]);
            columns.push(counted(expression, &format!("t{number}")));
        }
        statement(format!("SELECT {}", columns.join(", ")), values)
    }

    fn candidates(&self, scope: &Scope, query: &Query, weights: &[f32], limit: u64) -> Statement {
        let mut values = Parameters::default();
        let stores = stores_expression(scope);
        let present: Vec<(&Term, f32)> = query
            .terms
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(term, weight)| (term, *weight))
            .collect();
        let asked: Vec<String> = present
            .iter()
            .filter(|(term, _)| term.is_asked())
            .map(|(term, _)| forms(term))
            .collect();
        let ranked = values.add(matching(&stores, &asked));
        let covering: Vec<String> = present
            .iter()
            .map(|(term, weight)| {
                let expression = values.add(matching(&stores, &[forms(term)]));
                let (concept, weight) = (term.concept, values.add(f64::from(*weight)));
                format!(
                    "SELECT rowid AS id, {concept} AS concept, {weight} AS weight \
                     FROM passages_fts WHERE passages_fts MATCH {expression}"
                )
            })
            .collect();
        let covering = covering.join(" UNION ALL ");
        let visible = visible(scope, &mut values);
        let limit = values.add(i64::try_from(limit).unwrap_or(i64::MAX));
        let best = |found: &str, order: &str| {
            format!(
                "(SELECT p.id AS id FROM {found} AS found CROSS JOIN passages p ON p.id = found.id {visible} \
                 ORDER BY found.rank {order}, p.id LIMIT {limit})"
            )
        };
        // Matches come first and once: left to itself SQLite asks the index for each passage.
        // Weight 0 for `scope` keeps the store's token out of the rank.
        let sql = format!(
            "WITH ranked AS MATERIALIZED (SELECT rowid AS id, bm25(passages_fts, 0.0, 1.0) AS rank \
             FROM passages_fts WHERE passages_fts MATCH {ranked}), \
             covering AS MATERIALIZED (SELECT id, sum(weight) AS rank FROM \
             (SELECT id, concept, max(weight) AS weight FROM ({covering}) GROUP BY id, concept) GROUP BY id), \
             best AS MATERIALIZED (SELECT id FROM {} UNION SELECT id FROM {}) \
             SELECT {CANDIDATE_COLUMNS} FROM best CROSS JOIN passages p ON p.id = best.id \
             JOIN documents d ON d.id = p.document_id ORDER BY p.id",
            best("ranked", "ASC"),
            best("covering", "DESC"),
        );
        statement(sql, values)
    }
}

/// An expression for passages of the stores that hold one of `forms`.
fn matching(stores: &str, forms: &[String]) -> String {
    if forms.is_empty() {
        // A token that no passage has.
        return format!("{stores} AND body : \"zs0z\"");
    }
    format!("{stores} AND body : ({})", forms.join(" OR "))
}

fn statement(sql: String, values: Parameters) -> Statement {
    Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values.0)
}

fn stores_expression(scope: &Scope) -> String {
    let tokens: Vec<String> = scope
        .store_ids
        .iter()
        .map(|store| format!("\"{}\"", store_token(*store)))
        .collect();
    format!("scope : ({})", tokens.join(" OR "))
}

/// Terms hold letters and digits only; quoted they are words, never operators.
fn forms(term: &Term) -> String {
    term.forms
        .iter()
        .map(|form| format!("\"{form}\""))
        .collect::<Vec<_>>()
        .join(" OR ")
}
