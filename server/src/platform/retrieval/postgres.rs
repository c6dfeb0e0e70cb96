//! Full-text search by `tsvector`. The vectors are made of our own terms, so no text search
//! configuration of the server takes part and both databases know the same words.

use std::collections::BTreeMap;

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

/// The greatest position that a `tsvector` keeps.
const MAX_POSITION: usize = 16_383;
/// Positions kept of one lexeme.
const MAX_POSITIONS: usize = 255;

pub(super) struct Postgres;

impl LexicalIndex for Postgres {
    fn insert_passages(&self, rows: &[PassageRow<'_>]) -> Statement {
        let mut values = Parameters::default();
        let tuples: Vec<String> = rows
            .iter()
            .map(|row| {
                let mut columns: Vec<String> = row
                    .columns
                    .iter()
                    .map(|value| values.add(value.clone()))
                    .collect();
                columns.push(format!(
                    "{}::tsvector",
                    values.add(lexemes(row.store, row.terms))
                ));
                format!("({})", columns.join(", "))
            })
            .collect();
        let sql = format!(
            "INSERT INTO passages ({}, terms) VALUES {} RETURNING id, ordinal",
            PASSAGE_COLUMNS.join(", "),
            tuples.join(", ")
        );
        statement(sql, values)
    }

    /// The terms stand in the passages table.
    fn insert_terms(&self, _rows: &[(PassageId, StoreId, &[String])]) -> Option<Statement> {
        None
    }

    fn frequencies(&self, scope: &Scope, query: &Query) -> Statement {
        let mut values = Parameters::default();
        let stores = values.list(scope.store_ids.iter().map(|store| store.0));
        let mut columns = vec![format!(
            "(SELECT count(*) FROM passages WHERE store_id IN ({stores})) AS total"
        )];
        for (number, term) in query.terms.iter().enumerate() {
            let expression = values.add(format!(
                "({}) & ({})",
                stores_expression(scope),
                forms(term)
            ));
            columns.push(format!(
                "(SELECT count(*) FROM passages WHERE terms @@ {expression}::tsquery) AS t{number}"
            ));
        }
        statement(format!("SELECT {}", columns.join(", ")), values)
    }

    fn candidates(&self, scope: &Scope, query: &Query, weights: &[f32], limit: u64) -> Statement {
        let mut values = Parameters::default();
        let mut concepts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut any = Vec::new();
        for (term, weight) in query
            .terms
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight > 0.0)
        {
            let forms = forms(term);
            let expression = values.add(forms.clone());
            let weight = values.add(f64::from(*weight));
            concepts.entry(term.concept).or_default().push(format!(
                "CASE WHEN p.terms @@ {expression}::tsquery THEN {weight}::float8 \
                 * (1 + ts_rank(p.terms, {expression}::tsquery, 1)) ELSE 0 END"
            ));
            any.push(forms);
        }
        let summands: Vec<String> = concepts
            .into_values()
            .map(|terms| format!("GREATEST({})", terms.join(", ")))
            .collect();
        let any = any.join(" | ");
        let expression = values.add(format!("({}) & ({any})", stores_expression(scope)));
        let visible = visible(scope, &mut values);
        let limit = values.add(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = format!(
            "WITH best AS MATERIALIZED (SELECT p.id AS id, {} AS rank FROM passages p {visible} \
             AND p.terms @@ {expression}::tsquery ORDER BY rank DESC, p.id LIMIT {limit}) \
             SELECT {CANDIDATE_COLUMNS} FROM best JOIN passages p ON p.id = best.id \
             JOIN documents d ON d.id = p.document_id ORDER BY best.rank DESC, p.id",
            summands.join(" + ")
        );
        statement(sql, values)
    }
}

fn statement(sql: String, values: Parameters) -> Statement {
    Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values.0)
}

/// A `tsvector` in its text form: the terms with their positions, and the token of the store. Terms
/// hold letters and digits only, so quotes need no escape.
fn lexemes(store: StoreId, terms: &[String]) -> String {
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, term) in terms.iter().enumerate() {
        let known = positions.entry(term).or_default();
        if known.len() < MAX_POSITIONS && index < MAX_POSITION {
            known.push(index + 1);
        }
    }
    positions
        .into_iter()
        .map(|(term, positions)| {
            let list: Vec<String> = positions.iter().map(ToString::to_string).collect();
            if list.is_empty() {
                format!("'{term}'")
            } else {
                format!("'{term}':{}", list.join(","))
            }
        })
        .chain([format!("'{}'", store_token(store))])
        .collect::<Vec<_>>()
        .join(" ")
}

fn stores_expression(scope: &Scope) -> String {
    scope
        .store_ids
        .iter()
        .map(|store| format!("'{}'", store_token(*store)))
        .collect::<Vec<_>>()
        .join(" | ")
}

fn forms(term: &Term) -> String {
    let forms: Vec<String> = term.forms.iter().map(|form| format!("'{form}'")).collect();
    forms.join(" | ")
}
