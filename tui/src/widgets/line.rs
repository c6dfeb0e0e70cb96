//! Text on one line, in roles.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::clean::clean;
use crate::text::width::{cells, cut};
use crate::theme::Role;

/// A piece of a line.
pub type Part = (Role, String);

/// A part without a role.
pub fn plain(text: impl Into<String>) -> Part {
    (Role::Plain, text.into())
}

/// Draws `text` at the beginning of `area`'s first line, cut where it does not fit.
pub fn text(buffer: &mut Buffer, area: Rect, text: &str, role: Role, view: &View) {
    parts(buffer, area, &[(role, text.to_owned())], view);
}

/// Draws parts one after the other and says how many cells they took.
pub fn parts(buffer: &mut Buffer, area: Rect, parts: &[Part], view: &View) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    let mut used = 0;
    for (role, text) in parts {
        let room = area.width.saturating_sub(used);
        if room == 0 {
            break;
        }
        let text = clean(text);
        let shown = cut(&text, usize::from(room));
        buffer.set_stringn(
            area.x + used,
            area.y,
            &shown,
            usize::from(room),
            view.style(*role),
        );
        used += u16::try_from(cells(&shown)).unwrap_or(room);
    }
    used
}

/// Draws `text` so that it ends where `area` ends.
pub fn right(buffer: &mut Buffer, area: Rect, shown: &[Part], view: &View) {
    let total: usize = shown.iter().map(|(_, text)| cells(&clean(text))).sum();
    let width = u16::try_from(total).unwrap_or(u16::MAX).min(area.width);
    let area = Rect {
        x: area.right().saturating_sub(width),
        width,
        ..area
    };
    parts(buffer, area, shown, view);
}

/// The `row`th line of `area`; empty below it.
pub fn row(area: Rect, row: u16) -> Rect {
    if row >= area.height {
        return Rect::ZERO;
    }
    Rect {
        y: area.y + row,
        height: 1,
        ..area
    }
}

/// A heading with a rule to the edge: `- Money ------`.
pub fn rule(buffer: &mut Buffer, area: Rect, title: &str, view: &View) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let rule = view.glyphs.rule;
    if title.is_empty() {
        let line = rule.repeat(usize::from(area.width));
        parts(buffer, area, &[(Role::Muted, line)], view);
        return;
    }
    let head = format!("{rule} {title} ");
    let rest = usize::from(area.width).saturating_sub(cells(&head));
    parts(
        buffer,
        area,
        &[
            (Role::Muted, format!("{rule} ")),
            (Role::Title, format!("{title} ")),
            (Role::Muted, rule.repeat(rest)),
        ],
        view,
    );
}
