//! How the house looks to its users, in its own words and colours.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::branding::Branding;
use crate::screens::View;
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// Lines with the heading.
pub(super) const HEIGHT: u16 = 5;

/// `#rrggbb` as a colour.
fn colour(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#')?;
    let number = u32::from_str_radix(digits, 16)
        .ok()
        .filter(|_| digits.len() == 6)?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

/// A line in a colour of the house, where the theme may show colours.
fn paint(area: Rect, text: &str, wanted: &str, buffer: &mut Buffer, view: &View) -> u16 {
    let used = line::parts(buffer, area, &[(Role::Title, text.to_owned())], view);
    let shows = matches!(view.theme, Theme::Dark | Theme::Light);
    if let (true, Some(colour)) = (shows, colour(wanted)) {
        let painted = Rect {
            width: used,
            ..area
        };
        buffer.set_style(painted, Style::new().fg(colour));
    }
    used
}

pub(super) fn draw(branding: &Branding, area: Rect, buffer: &mut Buffer, view: &View) {
    let title = if view.form.is_some() {
        "Preview of what is typed"
    } else {
        "Preview"
    };
    line::rule(buffer, line::row(area, 0), title, view);
    let text = |name: &str| branding.text(name);
    let head = line::row(area, 1);
    let name = format!("  {}  ", text("name"));
    let used = paint(head, &name, text("primary"), buffer, view);
    let rest = Rect {
        x: head.x + used,
        width: head.width.saturating_sub(used),
        ..head
    };
    line::text(buffer, rest, text("welcome"), Role::Plain, view);
    for (row, name) in (2..).zip(["prompt1", "prompt2", "prompt3"]) {
        if text(name).is_empty() {
            continue;
        }
        let prompt = format!("  {} {}", view.glyphs.info, text(name));
        paint(line::row(area, row), &prompt, text("accent"), buffer, view);
    }
}
