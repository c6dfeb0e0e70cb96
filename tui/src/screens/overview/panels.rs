//! The panels of the overview, in their wide and their narrow arrangement.

mod lists;
mod numbers;
mod small;

pub(crate) use numbers::month_over;

use api::console::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::widgets::line;

/// A part of `area`: columns from `x`, lines from `y`.
fn part(area: Rect, (x, y): (u16, u16), (width, height): (u16, u16)) -> Rect {
    Rect {
        x: area.x + x.min(area.width),
        y: area.y + y.min(area.height),
        width: width.min(area.width.saturating_sub(x)),
        height: height.min(area.height.saturating_sub(y)),
    }
}

/// 120 columns and more.
pub(super) fn wide(snapshot: &Snapshot, at: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    let rest = area.width.saturating_sub(80);
    let top = 6;
    numbers::requests(snapshot, part(area, (0, 0), (39, top)), buffer, view);
    numbers::work(snapshot, part(area, (40, 0), (39, top)), buffer, view);
    numbers::money(snapshot, part(area, (80, 0), (rest, top)), buffer, view);
    let left = 60;
    let right = area.width.saturating_sub(left + 1);
    let middle = part(area, (0, 7), (left, 6));
    numbers::jobs(snapshot, middle, buffer, view);
    let providers = part(area, (left + 1, 7), (right, 4));
    lists::providers(&snapshot.providers, providers, buffer, view);
    numbers::stores(
        snapshot,
        part(area, (left + 1, 12), (right, 1)),
        buffer,
        view,
    );
    let alarms = view.mirror.alarms.len();
    let rows = u16::try_from(alarms).unwrap_or(u16::MAX).min(4);
    if alarms > 0 {
        let place = part(area, (0, 14), (area.width, rows + 1));
        line::rule(buffer, line::row(place, 0), "Alarms (Enter opens)", view);
        lists::alarms(at, 0, below(place), buffer, view);
    }
    let y = 14 + if alarms > 0 { rows + 2 } else { 0 };
    let height = area.height.saturating_sub(y);
    let spend = part(area, (0, y), (left, height));
    lists::spend(snapshot, at.checked_sub(alarms), spend, buffer, view);
    let events = part(area, (left + 1, y), (right, height));
    let first = alarms + snapshot.top_spend.len();
    lists::events(at.checked_sub(first), events, buffer, view);
}

/// 80 columns: every alarm, and what matters of the rest.
pub(super) fn narrow(snapshot: &Snapshot, at: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    let alarms = view.mirror.alarms.len();
    let shown = u16::try_from(alarms).unwrap_or(u16::MAX).min(6);
    lists::alarms(at, 0, part(area, (0, 0), (area.width, shown)), buffer, view);
    let half = area.width / 2;
    let rest = area.width.saturating_sub(half + 1);
    let y = shown;
    small::requests_small(snapshot, part(area, (0, y), (half, 4)), buffer, view);
    small::work_small(snapshot, part(area, (half + 1, y), (rest, 4)), buffer, view);
    let y = y + 4;
    small::money_small(snapshot, part(area, (0, y), (half, 3)), buffer, view);
    small::jobs_small(snapshot, part(area, (half + 1, y), (rest, 3)), buffer, view);
    let y = y + 3;
    lists::providers_small(snapshot, part(area, (0, y), (area.width, 2)), buffer, view);
    let y = y + 2;
    let height = area.height.saturating_sub(y);
    let first = alarms + snapshot.top_spend.len();
    let events = part(area, (0, y), (area.width, height));
    lists::events(at.checked_sub(first), events, buffer, view);
}

/// What is below the heading.
fn below(area: Rect) -> Rect {
    Rect {
        y: area.y + 1.min(area.height),
        height: area.height.saturating_sub(1),
        ..area
    }
}
