//! The palette's entries, each with the key that does the same.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::line;
use crate::app::Palette;
use crate::screens::View;
use crate::text::width::ends;
use crate::theme::Role;

/// Entries that are shown at once.
const SHOWN: u16 = 12;

/// Draws the entries above the prompt.
pub fn draw(palette: &Palette, body: Rect, buffer: &mut Buffer, view: &View) {
    let count = u16::try_from(palette.shown.len()).unwrap_or(u16::MAX);
    let height = count.min(SHOWN).min(body.height.saturating_sub(1));
    let area = Rect {
        x: body.x,
        y: body.bottom().saturating_sub(height + 1),
        width: body.width.min(64),
        height: height + 1,
    };
    Clear.render(area, buffer);
    line::rule(buffer, line::row(area, 0), "go, or do", view);
    let top = (palette.at + 1).saturating_sub(usize::from(height));
    let entries = palette.shown.iter().enumerate().skip(top);
    for (row, (number, entry)) in (1..=height).zip(entries) {
        let place = line::row(area, row);
        let width = usize::from(place.width.saturating_sub(3));
        let text = format!("  {}", ends(&entry.text, &entry.hint, width));
        line::text(buffer, place, &text, Role::Plain, view);
        if number == palette.at {
            buffer.set_style(place, view.style(Role::Selection));
        }
    }
}
