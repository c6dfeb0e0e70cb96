//! A page that is asked for, and how it is fetched.

use std::collections::HashMap;

use api::{
    console::{CountQuery, ListQuery},
    filter::{self, Field, Filter, Kind, Schema},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, FromQueryResult, QueryResult,
    sea_query::{Condition, Expr, Order, Query, SelectStatement},
};

use super::{
    COUNTED, Columns, Counted, MOST, PagingError, USUAL,
    condition::{self, condition},
    cursor::Cursor,
    key::{Key, KeyKind},
};

/// Names of the columns that carry what a row is sorted by.
const SORT_KEY: &str = "page_sort_key";
const SORT_ID: &str = "page_sort_id";

/// A page of a list that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    list: String,
    pub(super) filter: Filter,
    filter_text: String,
    pub(super) sort: &'static Field,
    sort_text: String,
    /// Whether the keys fall from row to row.
    pub(super) descending: bool,
    pub(super) after: Option<(Key, Key)>,
    pub(super) limit: usize,
    pub(super) now: DateTime<Utc>,
}

/// Rows, and where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// `None` on the last page.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of other things.
    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
    }
}

impl Listing {
    /// Reads what is asked for. `list` names the list and all that it depends on beside filter and
    /// order, such as `sessions of 12`: a cursor is good for one list alone.
    pub(crate) fn read(
        list: impl Into<String>,
        schema: &Schema,
        query: ListQuery,
        now: DateTime<Utc>,
    ) -> Result<Self, PagingError> {
        let list = list.into();
        let ListQuery {
            cursor,
            limit,
            filter,
            sort,
        } = query;
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(PagingError::Limit);
        }
        let cursor = cursor.as_deref().map(Cursor::read).transpose()?;
        if let Some(cursor) = &cursor {
            let other = |asked: &Option<String>, carried: &str| {
                asked
                    .as_deref()
                    .is_some_and(|asked| asked.trim() != carried)
            };
            let sort = sort.clone().filter(|sort| !sort.trim().is_empty());
            if cursor.list != list || other(&filter, &cursor.filter) || other(&sort, &cursor.sort) {
                return Err(PagingError::CursorMismatch);
            }
        }
        let (filter_text, sort_text, now, after) = match cursor {
            Some(cursor) => (
                cursor.filter,
                cursor.sort,
                cursor.now,
                Some((cursor.key, cursor.id)),
            ),
            None => (
                filter.as_deref().unwrap_or_default().trim().to_owned(),
                sort.as_deref().unwrap_or_default().trim().to_owned(),
                now,
                None,
            ),
        };
        let (sort, sort_text, descending) = order(&sort_text, schema)?;
        if after
            .as_ref()
            .is_some_and(|(key, _)| key.kind() != kind_of(sort))
        {
            return Err(PagingError::Cursor);
        }
        Ok(Self {
            list,
            filter: read_filter(&filter_text, schema)?,
            filter_text,
            sort,
            sort_text,
            descending,
            after,
            limit: usize::try_from(limit).map_err(|_| PagingError::Limit)?,
            now,
        })
    }

    /// Reads what is to be counted, or acted on.
    pub(crate) fn matching(
        schema: &Schema,
        filter: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, PagingError> {
        let query = ListQuery {
            filter: filter.map(str::to_owned),
            ..ListQuery::default()
        };
        Self::read("", schema, query, now)
    }

    /// Reads what is to be counted.
    pub(crate) fn counting(
        schema: &Schema,
        query: &CountQuery,
        now: DateTime<Utc>,
    ) -> Result<Self, PagingError> {
        Self::matching(schema, query.filter.as_deref(), now)
    }

    /// What is asked for.
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The field that it is sorted by.
    pub(crate) fn sorted_by(&self) -> &'static str {
        self.sort.name
    }

    /// When the first page was asked for.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Fetches the page of a statement that selects the list's rows.
    pub(crate) async fn fetch<T: FromQueryResult>(
        &self,
        connection: &impl ConnectionTrait,
        mut select: SelectStatement,
        columns: &impl Columns,
    ) -> Result<Page<T>, DbErr> {
        self.order(&mut select, columns)?;
        let rows = connection.query_all(&select).await?;
        let more = rows.len() > self.limit;
        let shown = &rows[..rows.len().min(self.limit)];
        let next = match shown.last() {
            Some(last) if more => Some(self.cursor_after(last)?),
            _ => None,
        };
        let items = shown.iter().map(|row| T::from_query_result(row, ""));
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// What one term of the filter asks for.
    pub(crate) fn condition_of(&self, term: &filter::Term, columns: &impl Columns) -> Condition {
        condition::of_term(term, columns, self.now)
    }

    /// How many rows of a statement match.
    pub(crate) async fn count(
        &self,
        connection: &impl ConnectionTrait,
        mut select: SelectStatement,
        columns: &impl Columns,
    ) -> Result<Counted, DbErr> {
        select
            .clear_selects()
            .expr(Expr::val(1))
            .cond_where(condition(&self.filter, columns, self.now))
            .limit(COUNTED + 1);
        let count = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "counted")
            .from_subquery(select, "matching")
            .take();
        let row = connection.query_one(&count).await?;
        let counted: i64 = row.map_or(Ok(0), |row| row.try_get("", "counted"))?;
        Ok(Counted::of(u64::try_from(counted).unwrap_or(0)))
    }

    /// How many of the rows that match have each value of a field, in one walk; `None` when more than
    /// `most` match.
    pub(crate) async fn tally(
        &self,
        connection: &impl ConnectionTrait,
        mut select: SelectStatement,
        columns: &impl Columns,
        (field, most): (&str, u64),
    ) -> Result<Option<HashMap<String, i64>>, DbErr> {
        let Some(column) = columns.column(field) else {
            return Ok(None);
        };
        select
            .clear_selects()
            .expr_as(column.sorted(), "value")
            .cond_where(condition(&self.filter, columns, self.now))
            .limit(most + 1);
        let tally = Query::select()
            .column("value")
            .expr_as(Expr::cust("COUNT(*)"), "counted")
            .from_subquery(select, "matching")
            .group_by_col("value")
            .take();
        let mut counted = HashMap::new();
        for row in connection.query_all(&tally).await? {
            counted.insert(row.try_get("", "value")?, row.try_get("", "counted")?);
        }
        let all: i64 = counted.values().sum();
        Ok((all.unsigned_abs() <= most).then_some(counted))
    }

    /// The ids of the rows that match, the lowest first: at most `most`.
    pub(crate) async fn ids(
        &self,
        connection: &impl ConnectionTrait,
        mut select: SelectStatement,
        columns: &impl Columns,
        most: u64,
    ) -> Result<Vec<i64>, DbErr> {
        select
            .clear_selects()
            .expr_as(columns.id(), SORT_ID)
            .cond_where(condition(&self.filter, columns, self.now))
            .order_by_expr(columns.id(), Order::Asc)
            .limit(most);
        let rows = connection.query_all(&select).await?;
        rows.iter().map(|row| row.try_get("", SORT_ID)).collect()
    }

    fn order(&self, select: &mut SelectStatement, columns: &impl Columns) -> Result<(), DbErr> {
        let column = columns.column(self.sort.name).ok_or_else(|| {
            DbErr::Custom(format!("the list has no column for {}", self.sort.name))
        })?;
        let (key, id) = (column.sorted(), columns.id());
        select.cond_where(condition(&self.filter, columns, self.now));
        if let Some((last_key, last_id)) = &self.after {
            let here = Expr::tuple([key.clone(), id.clone()]);
            let last = Expr::tuple([Expr::value(last_key.clone()), Expr::value(last_id.clone())]);
            select.and_where(if self.descending {
                here.lt(last)
            } else {
                here.gt(last)
            });
        }
        let order = if self.descending {
            Order::Desc
        } else {
            Order::Asc
        };
        select
            .expr_as(key.clone(), SORT_KEY)
            .expr_as(id.clone(), SORT_ID)
            .order_by_expr(key, order.clone())
            .order_by_expr(id, order)
            .limit(u64::try_from(self.limit).map_or(MOST, |limit| limit + 1));
        Ok(())
    }

    fn cursor_after(&self, row: &QueryResult) -> Result<String, DbErr> {
        let key = Key::read(row, SORT_KEY, kind_of(self.sort))?;
        let id = [KeyKind::Integer, KeyKind::Uuid, KeyKind::Text]
            .into_iter()
            .find_map(|kind| Key::read(row, SORT_ID, kind).ok())
            .ok_or_else(|| DbErr::Type("the id of a row cannot be read".to_owned()))?;
        Ok(self.cursor(key, id))
    }

    pub(super) fn cursor(&self, key: Key, id: Key) -> String {
        Cursor {
            list: self.list.clone(),
            filter: self.filter_text.clone(),
            sort: self.sort_text.clone(),
            now: self.now,
            key,
            id,
        }
        .write()
    }
}

fn read_filter(text: &str, schema: &Schema) -> Result<Filter, PagingError> {
    // No database text can hold it, and the zero is seen nowhere.
    if let Some(at) = text.find('\0') {
        return Err(PagingError::Filter(filter::FilterError {
            at: at..at + 1,
            message: "a filter cannot have a NUL character".to_owned(),
            nearest: None,
        }));
    }
    filter::parse(text, schema).map_err(PagingError::Filter)
}

/// The field, the order as it is written, and whether keys fall.
fn order(text: &str, schema: &Schema) -> Result<(&'static Field, String, bool), PagingError> {
    let asked = if text.is_empty() {
        schema.default_sort
    } else {
        text
    };
    let (name, descending) = match asked.strip_prefix('-') {
        Some(name) => (name, true),
        None => (asked, false),
    };
    let Some(field) = schema.field(name).filter(|field| field.sortable) else {
        let sortable = schema.fields.iter().filter(|field| field.sortable);
        let names: Vec<&str> = sortable.map(|field| field.name).collect();
        return Err(PagingError::Sort {
            asked: name.to_owned(),
            allowed: names.join(", "),
        });
    };
    // The older a row, the lower the moment that it is sorted by.
    let descending = descending != (field.kind == Kind::Age);
    Ok((field, asked.to_owned(), descending))
}

/// What the column of a field holds.
fn kind_of(field: &Field) -> KeyKind {
    match field.kind {
        Kind::Integer | Kind::Money | Kind::Bytes => KeyKind::Integer,
        Kind::Ratio => KeyKind::Real,
        Kind::Age | Kind::Time => KeyKind::Time,
        Kind::Word(_) | Kind::Text => KeyKind::Text,
    }
}
