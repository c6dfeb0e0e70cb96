//! A part of a list, pages around the cursor: nothing here grows with the server.

/// Rows of a page.
const PAGE: usize = 100;
/// Pages that are kept.
const KEPT: usize = 10;

/// A page that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub page: usize,
    /// `None` for the first page.
    pub cursor: Option<String>,
}

/// The loaded part of a list, in the order that the server gave.
#[derive(Debug)]
pub struct Window<T> {
    rows: Vec<T>,
    /// Number of the first loaded page.
    first: usize,
    /// Rows of each page that was ever seen.
    lengths: Vec<usize>,
    /// The cursor that each page begins with; one more than `lengths` unless the end is known.
    cursors: Vec<Option<String>>,
    ended: bool,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Window {
            rows: Vec::new(),
            first: 0,
            lengths: Vec::new(),
            cursors: vec![None],
            ended: false,
        }
    }
}

impl<T> Window<T> {
    /// The loaded rows.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    pub fn rows_mut(&mut self) -> &mut Vec<T> {
        &mut self.rows
    }

    /// Rows before the first loaded one.
    pub fn before(&self) -> usize {
        self.lengths.iter().take(self.first).sum()
    }

    /// Whether nothing was ever loaded.
    pub fn is_untouched(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Whether the last row of the list is known.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn loaded_pages(&self) -> usize {
        let mut rows = self.rows.len();
        self.lengths
            .iter()
            .skip(self.first)
            .take_while(|length| {
                let loaded = rows >= **length && (rows > 0 || **length == 0);
                rows = rows.saturating_sub(**length);
                loaded
            })
            .count()
    }

    /// The page to ask for when the row at `at` of the loaded ones is looked at.
    pub fn want(&self, at: usize) -> Option<Want> {
        let next = self.first + self.loaded_pages();
        let near_end = at * 10 >= self.rows.len() * 7;
        if near_end && (next < self.lengths.len() || !self.ended) {
            return self.page(next);
        }
        if self.first > 0 && at < PAGE * 3 / 10 {
            return self.page(self.first - 1);
        }
        None
    }

    /// How to ask for a page.
    pub fn page(&self, page: usize) -> Option<Want> {
        let cursor = self.cursors.get(page)?.clone();
        Some(Want { page, cursor })
    }

    /// The page that holds the row at `at` of the loaded ones.
    pub fn page_at(&self, at: usize) -> usize {
        let mut rest = at;
        for (page, length) in self.lengths.iter().enumerate().skip(self.first) {
            if rest < *length {
                return page;
            }
            rest -= *length;
        }
        self.first + self.loaded_pages().saturating_sub(1)
    }

    /// Takes a page in. How many rows went in or away before the others is the answer: the cursor
    /// moves along by it.
    pub fn put(&mut self, page: usize, items: Vec<T>, next: Option<String>) -> isize {
        if page == 0 || page >= self.cursors.len() && page > self.first + self.loaded_pages() {
            self.start(items, next);
            return 0;
        }
        let length = items.len();
        if page + 1 == self.first {
            self.set_length(page, length);
            self.rows.splice(0..0, items);
            self.first = page;
            self.drop_last_pages();
            return isize::try_from(length).unwrap_or(0);
        }
        let behind = self.first + self.loaded_pages();
        if (self.first..behind).contains(&page) {
            return self.replace(page, items, next);
        }
        if page == behind {
            self.set_length(page, length);
            self.rows.extend(items);
            self.follow(page, next);
            return self.drop_first_pages();
        }
        0
    }

    fn start(&mut self, items: Vec<T>, next: Option<String>) {
        self.first = 0;
        self.lengths = vec![items.len()];
        self.cursors = vec![None];
        self.rows = items;
        self.follow(0, next);
    }

    fn follow(&mut self, page: usize, next: Option<String>) {
        self.ended = next.is_none();
        self.cursors.truncate(page + 1);
        self.lengths.truncate(page + 1);
        if next.is_some() {
            self.cursors.push(next);
        }
    }

    /// A page that was read again: what follows it stays, unless it was the last.
    fn replace(&mut self, page: usize, items: Vec<T>, next: Option<String>) -> isize {
        let last = page + 1 == self.first + self.loaded_pages();
        let loaded = self.lengths.iter().take(page).skip(self.first);
        let from: usize = loaded.sum();
        let old = self.lengths.get(page).copied().unwrap_or(0);
        let from = from.min(self.rows.len());
        let to = (from + old).min(self.rows.len());
        let length = items.len();
        self.rows.splice(from..to, items);
        self.set_length(page, length);
        if last {
            self.follow(page, next);
        }
        0
    }

    fn set_length(&mut self, page: usize, length: usize) {
        if let Some(known) = self.lengths.get_mut(page) {
            *known = length;
        } else {
            self.lengths.push(length);
        }
    }

    fn drop_first_pages(&mut self) -> isize {
        let mut gone = 0;
        while self.loaded_pages() > KEPT {
            let length = self.lengths.get(self.first).copied().unwrap_or(0);
            self.rows.drain(..length.min(self.rows.len()));
            self.first += 1;
            gone += length;
        }
        -isize::try_from(gone).unwrap_or(0)
    }

    fn drop_last_pages(&mut self) {
        while self.loaded_pages() > KEPT {
            let last = self.first + self.loaded_pages() - 1;
            let length = self.lengths.get(last).copied().unwrap_or(0);
            self.rows.truncate(self.rows.len().saturating_sub(length));
        }
    }

    /// A row went away, and is not counted any more.
    pub fn remove(&mut self, at: usize) {
        if at >= self.rows.len() {
            return;
        }
        self.rows.remove(at);
        let mut left = at;
        for length in self.lengths.iter_mut().skip(self.first) {
            if left < *length {
                *length -= 1;
                return;
            }
            left -= *length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server with `all` rows, by page.
    fn page(all: usize, want: &Want) -> (Vec<usize>, Option<String>) {
        let from: usize = want
            .cursor
            .as_deref()
            .map_or(0, |at| at.parse().expect("a cursor"));
        let to = (from + PAGE).min(all);
        ((from..to).collect(), (to < all).then(|| to.to_string()))
    }

    #[test]
    fn ten_thousand_rows_scroll_through_a_thousand() {
        let all = 10_000;
        let mut window = Window::default();
        let mut at = 0_usize;
        let mut seen = 0;
        let turn = |window: &mut Window<usize>, at: &mut usize| {
            while let Some(want) = window.want(*at) {
                let (rows, next) = page(all, &want);
                let moved = window.put(want.page, rows, next);
                *at = at.saturating_add_signed(moved);
            }
        };
        turn(&mut window, &mut at);
        while window.before() + at + 1 < all {
            assert_eq!(window.rows()[at], window.before() + at);
            assert!(window.rows().len() <= KEPT * PAGE);
            at += 1;
            seen += 1;
            turn(&mut window, &mut at);
        }
        assert_eq!(seen, all - 1);
        assert!(window.ended());
        while window.before() + at > 0 {
            assert_eq!(window.rows()[at], window.before() + at);
            at -= 1;
            turn(&mut window, &mut at);
        }
        assert_eq!(window.rows()[0], 0);
    }

    #[test]
    fn a_page_is_read_again_in_its_place() {
        let mut window = Window::default();
        for number in 0..3 {
            let want = window.page(number).expect("a page");
            let (rows, next) = page(250, &want);
            window.put(number, rows, next);
        }
        assert_eq!(
            (window.page_at(0), window.page_at(130), window.page_at(249)),
            (0, 1, 2)
        );
        window.put(1, (1_000..1_090).collect(), Some("200".to_owned()));
        assert_eq!(window.rows().len(), 240);
        assert_eq!(window.rows()[99..102], [99, 1_000, 1_001]);
        assert_eq!(window.rows()[189..192], [1_089, 200, 201]);
        assert!(window.ended());
    }

    #[test]
    fn rows_come_and_go() {
        let mut window = Window::default();
        window.put(0, vec![1, 2, 3], None);
        window.remove(1);
        assert_eq!(window.rows(), [1, 3]);
        assert_eq!(window.want(1), None);
    }
}
