//! Questions to the server, answers, and what the feed says.

use api::console::{Count, FeedEvent, Tallies};

use super::{Change, List, Listing, Loading, Tab};
use crate::client::{Failure, Reply};
use crate::mirror::Want;
use crate::screens::Cx;

/// Rows of a page.
const LIMIT: usize = 100;
/// Rows that the feed may tell while a page is on its way.
const MEANWHILE: usize = 200;
/// A list that follows the feed is read again at most this often.
const FOLLOW_MS: u64 = 3_000;

/// What became of a row that the feed told.
enum Renewed<R> {
    /// It stands instead of this.
    Now(R),
    /// What is shown is newer.
    Older,
    /// It is not shown.
    Unknown,
}

impl<L: Listing> List<L> {
    /// Reads the first page again; the old rows stay until it comes.
    pub fn reload(&mut self, cx: &mut Cx) {
        self.reload_after(0, cx);
    }

    pub(super) fn reload_after(&mut self, after_ms: u64, cx: &mut Cx) {
        self.fresh = 0;
        let first = Want {
            page: 0,
            cursor: None,
        };
        // Where one looks is read again, so that nothing moves under the cursor.
        let page = if self.tail || self.window.is_untouched() {
            0
        } else {
            self.window.page_at(self.at)
        };
        let want = self.window.page(page).unwrap_or(first);
        self.ask(&want, after_ms, cx);
        if let Some(count) = self.spec.count() {
            cx.fetch_after("count", count.with("filter", self.whole_filter()), after_ms);
        }
        self.count_tabs(after_ms, cx);
    }

    fn count_tabs(&mut self, after_ms: u64, cx: &mut Cx) {
        if let Some(tallies) = self.spec.tallies() {
            self.counting_ms = Some(cx.now.ms);
            cx.fetch_after(
                "tallies",
                tallies.with("filter", self.filter.clone()),
                after_ms,
            );
        }
    }

    fn ask(&mut self, want: &Want, after_ms: u64, cx: &mut Cx) {
        let request = self
            .spec
            .request()
            .with("limit", LIMIT.to_string())
            .with("filter", self.whole_filter())
            .with("sort", self.server_sort())
            .with("cursor", want.cursor.clone().unwrap_or_default());
        self.loading = Loading::Asked {
            since_ms: cx.now.ms.saturating_add(after_ms),
            page: want.page,
        };
        cx.fetch_after("page", request, after_ms);
    }

    fn server_sort(&self) -> String {
        match (self.tail, self.sort.strip_prefix('-')) {
            (false, _) => self.sort.clone(),
            (true, Some(field)) => field.to_owned(),
            (true, None) => format!("-{}", self.sort),
        }
    }

    /// Asks for the page that the cursor comes near to.
    pub(super) fn follow_cursor(&mut self, cx: &mut Cx) {
        if matches!(self.loading, Loading::Asked { .. }) || self.window.is_untouched() {
            return;
        }
        let loaded = self.window.rows().len();
        let at = if self.tail {
            loaded.saturating_sub(self.at + 1)
        } else {
            self.at
        };
        if let Some(want) = self.window.want(at) {
            self.ask(&want, 0, cx);
        }
    }

    /// Takes an answer of one of the list's own parts; whether it was one.
    pub fn answer(
        &mut self,
        part: &'static str,
        outcome: Result<Reply, Failure>,
        cx: &mut Cx,
    ) -> Option<Result<Reply, Failure>> {
        match part {
            "page" => self.page(outcome, cx),
            "count" => {
                self.count = outcome
                    .and_then(|reply| reply.decode::<Count>())
                    .ok()
                    .map(|count| (count.count, count.exact));
            }
            "tallies" => {
                self.counting_ms = None;
                if let Ok(tallies) = outcome.and_then(|reply| reply.decode::<Tallies>()) {
                    self.tallies = tallies
                        .items
                        .into_iter()
                        .map(|tally| (tally.value, tally.count, tally.exact))
                        .collect();
                }
            }
            _ => return Some(outcome),
        }
        None
    }

    fn page(&mut self, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        let asked = match std::mem::take(&mut self.loading) {
            Loading::Asked { page, .. } => page,
            Loading::Idle | Loading::Failed { .. } => 0,
        };
        match outcome.and_then(|reply| self.spec.page(&reply)) {
            Ok((rows, next)) => {
                let moved = self.window.put(asked, rows, next);
                if !self.tail {
                    self.at = self.at.saturating_add_signed(moved);
                }
                for row in std::mem::take(&mut self.meanwhile) {
                    self.renew(row);
                }
                self.typed = None;
                self.loaded_ms = Some(cx.now.ms);
                self.keep_cursor();
                if std::mem::take(&mut self.again) {
                    self.reload_after(FOLLOW_MS, cx);
                }
            }
            Err(failure) => {
                let retry_at_ms = failure
                    .retry_after_s()
                    .map(|wait| cx.now.ms.saturating_add(wait * 1_000));
                self.loading = Loading::Failed {
                    failure,
                    retry_at_ms,
                };
            }
        }
    }

    /// The cursor stays on its row; when that is gone, on its place.
    pub(super) fn keep_cursor(&mut self) {
        let ids: Vec<String> = self.shown().iter().map(|row| self.spec.id(row)).collect();
        let found = self
            .cursor
            .as_ref()
            .and_then(|cursor| ids.iter().position(|id| id == cursor));
        self.at = found.unwrap_or_else(|| {
            let last = ids.len().saturating_sub(1);
            if self.tail && self.cursor.is_none() {
                last
            } else {
                self.at.min(last)
            }
        });
        self.cursor = ids.get(self.at).cloned();
    }

    /// Takes an event of the feed.
    pub fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if cx.frozen || self.window.is_untouched() {
            return;
        }
        if matches!(event, FeedEvent::Snapshot(_)) {
            // Events may have been missed before it.
            self.read_again(cx);
            return;
        }
        match self.spec.change(event) {
            Change::None => {}
            Change::Rows(rows) => self.rows_changed(rows, cx),
            Change::Gone(ids) => self.rows_gone(&ids),
            Change::Both(rows, ids) => {
                self.rows_gone(&ids);
                self.rows_changed(rows, cx);
            }
            Change::Reload => self.read_again(cx),
        }
    }

    /// Reads the list again soon, but no more often than it should be.
    fn read_again(&mut self, cx: &mut Cx) {
        if matches!(self.loading, Loading::Asked { .. }) {
            self.again = true;
        } else {
            let rested = self
                .loaded_ms
                .map_or(0, |loaded| cx.now.ms.saturating_sub(loaded));
            self.reload_after(FOLLOW_MS.saturating_sub(rested), cx);
        }
    }

    fn rows_changed(&mut self, rows: Vec<L::Row>, cx: &mut Cx) {
        let mut unknown = 0;
        let under_way = matches!(self.loading, Loading::Asked { .. });
        if under_way && self.meanwhile.len() < MEANWHILE {
            self.meanwhile.extend(rows.iter().cloned());
        } else if under_way {
            self.again = true;
        }
        let mut turned = false;
        for row in rows {
            let tabs = self.spec.tabs();
            let kept = row.clone();
            match self.renew(row) {
                Renewed::Now(old) => {
                    let in_tab = |row: &L::Row, tab: &Tab| self.spec.in_tab(row, tab);
                    turned |= tabs
                        .iter()
                        .any(|tab| in_tab(&old, tab) != in_tab(&kept, tab));
                }
                Renewed::Older => {}
                Renewed::Unknown if self.spec.grows() => self.window.rows_mut().push(kept),
                Renewed::Unknown => {
                    let tab = tabs.get(self.tab);
                    unknown += usize::from(tab.is_none_or(|tab| self.spec.in_tab(&kept, tab)));
                }
            }
        }
        if turned && !under_way && self.counting_ms.is_none() {
            self.count_tabs(FOLLOW_MS, cx);
        }
        if unknown > 0 {
            self.fresh += unknown;
            let follows = self.at == 0 && self.marks.is_empty() && !self.tail;
            if follows {
                self.cursor = None;
                self.read_again(cx);
            }
        }
    }

    /// Shows a row as it is now.
    fn renew(&mut self, row: L::Row) -> Renewed<L::Row> {
        let id = self.spec.id(&row);
        let mut rows = self.window.rows_mut().iter_mut();
        match rows.find(|known| self.spec.id(known) == id) {
            Some(known) if self.spec.rev(&row) >= self.spec.rev(known) => {
                Renewed::Now(std::mem::replace(known, row))
            }
            Some(_) => Renewed::Older,
            None => Renewed::Unknown,
        }
    }

    fn rows_gone(&mut self, ids: &[String]) {
        for id in ids {
            let at = self
                .window
                .rows()
                .iter()
                .position(|row| self.spec.id(row) == *id);
            if let Some(at) = at {
                self.window.remove(at);
            }
        }
        self.keep_cursor();
    }

    /// Time passed: asks again for what failed.
    pub fn retry(&mut self, cx: &mut Cx) {
        let due = matches!(
            self.loading,
            Loading::Failed { retry_at_ms: Some(at), .. } if cx.now.ms >= at
        );
        if due {
            self.reload(cx);
        }
    }
}
