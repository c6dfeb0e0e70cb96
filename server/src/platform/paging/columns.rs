//! What the fields of a list are in SQL.

use sea_orm::sea_query::{Expr, Func, SelectStatement};

use super::Key;

/// What a field is in SQL.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(super) expression: Expr,
    /// Stands where there is no value when the list is sorted: the lowest of its kind.
    pub(super) lowest: Option<Key>,
    /// The same as it stands in an index.
    in_order: Option<Expr>,
}

impl Column {
    /// A field that always has a value.
    pub(crate) fn of(expression: impl Into<Expr>) -> Self {
        Self {
            expression: expression.into(),
            lowest: None,
            in_order: None,
        }
    }

    /// A field that may have no value; sorted, its rows stand where those with `lowest` do.
    pub(crate) fn nullable(expression: impl Into<Expr>, lowest: Key) -> Self {
        Self {
            expression: expression.into(),
            lowest: Some(lowest),
            in_order: None,
        }
    }

    /// Sorted by what an index holds, word for word: a value that is bound is not recognised.
    pub(crate) fn in_order_of(self, indexed: Expr) -> Self {
        Self {
            in_order: Some(indexed),
            ..self
        }
    }

    pub(super) fn is_uuid(&self) -> bool {
        matches!(self.lowest, Some(Key::Uuid(_)))
    }

    /// As it is sorted by.
    pub(super) fn sorted(&self) -> Expr {
        match (&self.in_order, &self.lowest) {
            (Some(indexed), _) => indexed.clone(),
            (None, None) => self.expression.clone(),
            (None, Some(lowest)) => {
                Func::coalesce([self.expression.clone(), Expr::value(lowest.clone())]).into()
            }
        }
    }
}

/// A text of another table. The words are looked for there once, not once for each row.
pub(crate) struct Linked {
    /// What a row has of the other table's, such as the id of a user; it may have none.
    pub(crate) key: Expr,
    /// Selects the keys of the other table.
    pub(crate) keys: SelectStatement,
    /// The text there.
    pub(crate) text: Expr,
}

/// What a list is made of, in SQL.
pub(crate) trait Columns {
    /// What a field of the list's schema is; `None` is a field that this list does not know.
    fn column(&self, field: &str) -> Option<Column>;
    /// What breaks ties: the key of the row.
    fn id(&self) -> Expr;
    /// Where bare words are looked for.
    fn texts(&self) -> Vec<Expr>;
    /// Texts of other tables where bare words are looked for, too.
    fn linked_texts(&self) -> Vec<Linked> {
        Vec::new()
    }
}
