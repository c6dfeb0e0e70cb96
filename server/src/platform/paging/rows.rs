//! Pages of rows that are at hand rather than in a table.

use api::filter::Row;

use super::{Key, Listing, Page};

/// A row that can be put in order.
pub(crate) trait Sorted: Row {
    /// What the row is sorted by under a field's name.
    fn sort_key(&self, field: &str) -> Key;
    /// What breaks ties.
    fn sort_id(&self) -> Key;
}

impl Listing {
    /// The page of all the rows of a list.
    pub(crate) fn page_of<T: Sorted>(&self, rows: Vec<T>) -> Page<T> {
        let key = |row: &T| (row.sort_key(self.sort.name), row.sort_id());
        let compare = |left: &(Key, Key), right: &(Key, Key)| {
            let order = left.0.compare(&right.0).then(left.1.compare(&right.1));
            if self.descending {
                order.reverse()
            } else {
                order
            }
        };
        let mut found: Vec<((Key, Key), T)> = rows
            .into_iter()
            .filter(|row| self.filter.holds(row, self.now))
            .map(|row| (key(&row), row))
            .filter(|(key, _)| {
                self.after
                    .as_ref()
                    .is_none_or(|after| compare(key, after).is_gt())
            })
            .collect();
        found.sort_by(|left, right| compare(&left.0, &right.0));
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = match found.last() {
            Some(((key, id), _)) if more => Some(self.cursor(key.clone(), id.clone())),
            _ => None,
        };
        Page {
            items: found.into_iter().map(|(_, row)| row).collect(),
            next,
        }
    }
}
