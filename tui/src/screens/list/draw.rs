//! A list on the screen: tabs, head, rows, and what stands where rows are missing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{List, Listing, Loading, QUIET_MS};
use crate::screens::View;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};
use crate::widgets::table::{self, Shown, Sorted};

impl<L: Listing> List<L> {
    /// Draws the tabs, when there are any, and the table below them.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let tabs = u16::from(!self.spec.tabs().is_empty());
        if tabs > 0 {
            self.draw_tabs(line::row(area, 0), buffer, view);
        }
        let area = Rect {
            y: area.y + tabs.min(area.height),
            height: area.height.saturating_sub(tabs),
            ..area
        };
        self.draw_table(area, buffer, view, true);
    }

    /// The table alone, its cursor only when it has the focus.
    pub fn draw_table(&self, area: Rect, buffer: &mut Buffer, view: &View, focus: bool) {
        self.seen.set(area);
        let shown = self.shown();
        let notice = self.notice(shown.is_empty(), view);
        let height = usize::from(area.height.saturating_sub(1 + u16::from(notice.is_some())));
        let mut top = self.top.get().min(self.at);
        if height > 0 && self.at >= top + height {
            top = self.at + 1 - height;
        }
        self.top.set(top);
        let dim = match (&self.loading, view.is_stale()) {
            (_, true) => Some(Role::Stale),
            (Loading::Asked { since_ms, page: 0 }, _)
                if view.now.ms.saturating_sub(*since_ms) >= QUIET_MS =>
            {
                Some(Role::Muted)
            }
            _ => None,
        };
        let rows: Vec<Shown<L::Row>> = shown
            .iter()
            .skip(top)
            .take(height)
            .map(|row| Shown {
                row: *row,
                marked: self.all_marked || self.marks.contains(&self.spec.id(row)),
                dim,
                pending: false,
            })
            .collect();
        let cursor = (focus && !rows.is_empty()).then(|| self.at.saturating_sub(top));
        let table_area = Rect {
            height: area.height.saturating_sub(u16::from(notice.is_some())),
            ..area
        };
        let sort = Sorted::read(&self.sort);
        table::draw(
            buffer,
            if rows.is_empty() { area } else { table_area },
            self.spec.columns(),
            sort,
            &rows,
            cursor,
            view,
        );
        if let Some((role, text)) = notice {
            let at = if rows.is_empty() {
                1
            } else {
                area.height.saturating_sub(1)
            };
            let place = line::row(area, at);
            line::parts(buffer, place, &[(role, format!("  {text}"))], view);
        }
    }

    /// What is to be said besides the rows.
    fn notice(&self, empty: bool, view: &View) -> Option<Part> {
        match &self.loading {
            Loading::Failed {
                failure,
                retry_at_ms,
            } => {
                let again = retry_at_ms.map_or_else(String::new, |at| {
                    let left = at.saturating_sub(view.now.ms).div_ceil(1_000);
                    format!(", retry in {left} s")
                });
                let id = failure
                    .request_id()
                    .map_or_else(String::new, |id| format!("  id {id}"));
                let role = if failure.status() == 403 {
                    Role::Warn
                } else {
                    Role::Bad
                };
                Some((role, format!("could not load: {failure}{again}  r now{id}")))
            }
            Loading::Asked { since_ms, .. } => {
                let waited = view.now.ms.saturating_sub(*since_ms);
                let told = waited >= QUIET_MS && (empty || waited >= 1_000);
                told.then(|| {
                    let seconds = format!("{}.{}", waited / 1_000, waited % 1_000 / 100);
                    (Role::Muted, format!("loading {seconds} s  Esc cancels"))
                })
            }
            Loading::Idle if empty && self.loaded_ms.is_some() => {
                let filtered = !self.whole_filter().is_empty();
                Some((Role::Muted, self.spec.empty(filtered)))
            }
            Loading::Idle => None,
        }
    }

    /// The tabs on one line, with their counts.
    pub fn draw_tabs(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let wide = area.width >= 100;
        let mut parts: Vec<Part> = Vec::new();
        for (at, tab) in self.spec.tabs().iter().enumerate() {
            let counted = self.counted(tab.values);
            let text = match (wide, counted) {
                (true, Some(count)) => format!("{} {count}", tab.name),
                (true, None) => tab.name.to_owned(),
                (false, Some(count)) => format!("{}{count}", tab.short),
                (false, None) => tab.short.to_owned(),
            };
            if at == self.tab {
                parts.push((Role::Title, format!("[{text}]")));
            } else {
                parts.push((Role::Muted, format!(" {text} ")));
            }
        }
        line::parts(buffer, area, &parts, view);
    }

    /// The rows of some values, `10k+` when they were not counted to the end.
    fn counted(&self, values: &[&str]) -> Option<String> {
        if self.tallies.is_empty() {
            return None;
        }
        let chosen = self
            .tallies
            .iter()
            .filter(|(value, _, _)| values.is_empty() || values.contains(&value.as_str()));
        let (mut sum, mut exact) = (0, true);
        for (_, count, counted) in chosen {
            sum += count;
            exact &= counted;
        }
        Some(amount(sum, exact))
    }

    /// `1-28 of 312 | 2 marked | sort spent v | page 0.4 s ago`.
    pub fn status(&self, view: &View) -> String {
        let mut facts = Vec::new();
        let loaded = self.window.rows().len();
        if loaded > 0 {
            facts.push(self.position());
        }
        let marked = self.chosen().marked;
        if self.all_marked {
            facts.push("all marked".to_owned());
        } else if marked > 0 {
            facts.push(format!("{marked} marked"));
        }
        if self.fresh > 0 {
            facts.push(format!("{} new: r", self.fresh));
        }
        let sort = Sorted::read(&self.sort);
        let arrow = if sort.reverse {
            view.glyphs.down
        } else {
            view.glyphs.up
        };
        if !sort.field.is_empty() {
            facts.push(format!("sort {} {arrow}", sort.field));
        }
        if let Some(loaded) = self.loaded_ms {
            let age = view.now.ms.saturating_sub(loaded) / 1_000;
            let age = i64::try_from(age).unwrap_or(i64::MAX);
            facts.push(format!("page {}", units::age_s(age)));
        }
        facts.join(&format!(" {} ", view.glyphs.dot))
    }

    fn position(&self) -> String {
        let shown = self.shown().len();
        let height = usize::from(self.seen.get().height.saturating_sub(1)).max(1);
        let top = self.top.get();
        let total = match self.count {
            Some((count, exact)) => amount(count, exact),
            None if self.window.ended() => shown.to_string(),
            None => format!("{}+", self.window.before() + shown),
        };
        let first = if self.tail {
            let all = self
                .count
                .and_then(|(count, _)| usize::try_from(count).ok());
            all.unwrap_or(shown).saturating_sub(shown)
        } else {
            self.window.before()
        };
        let from = first + top + 1;
        let to = first + (top + height).min(shown);
        format!("{from}-{to} of {total}")
    }
}

/// A count that may have stopped at its bound.
fn amount(count: i64, exact: bool) -> String {
    if exact {
        units::count_i(count)
    } else {
        format!("{}k+", count / 1_000)
    }
}
