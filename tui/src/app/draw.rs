//! The whole screen, from what there is. Nothing changes by being drawn.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::App;
use super::dialogs::{Overlay, Stage};
use crate::keys::Key;
use crate::screens::View;
use crate::text::width::cells;
use crate::theme::Role;
use crate::widgets::{chrome, dialog, form, line, palette};

/// The smallest screen that shows everything.
pub const LEAST: (u16, u16) = (80, 24);
/// From this height on the verdict has a line of its own.
const TALL: u16 = 30;

/// Draws the console.
pub fn draw(app: &App, frame: &mut Frame) {
    let area = frame.area();
    let cursor = render(app, area, frame.buffer_mut());
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
}

/// Draws the console on cells, and says where the cursor of what is being typed stands.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let view = app.view();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(app, area, buffer, &view);
        return None;
    }
    let tall = area.height >= TALL;
    chrome::top(app, line::row(area, 0), buffer, &view);
    if tall {
        chrome::verdict(line::row(area, 2), buffer, &view);
    }
    let above = if tall { 3 } else { 2 };
    let body = Rect {
        y: area.y + above,
        height: area.height - above - 2,
        ..area
    };
    if let Some((_, screen)) = app.history.shown() {
        screen.draw(body, buffer, &view);
    }
    // After the screen: a list knows only now how much of it is shown.
    chrome::crumbs(app, line::row(area, 1), buffer, &view, !tall);
    let prompt = line::row(area, area.height - 2);
    chrome::footer(app, line::row(area, area.height - 1), buffer, &view);
    let cursor = draw_prompt(app, prompt, buffer, &view);
    let over = draw_overlay(app, body, buffer, &view);
    cursor.or(over)
}

fn too_small(app: &App, area: Rect, buffer: &mut Buffer, view: &View) {
    let text = format!(
        "Binnacle needs {}x{}, this is {}x{}. Alarms: {}. Widen, or: binnacle-tui alarms list",
        LEAST.0,
        LEAST.1,
        area.width,
        area.height,
        app.mirror.alarms.len()
    );
    let lines = crate::text::width::wrap(&text, usize::from(area.width));
    for (at, text) in (0..).zip(&lines) {
        line::text(buffer, line::row(area, at), text, Role::Plain, view);
    }
}

/// The line above the footer: what is being typed, else the toast.
fn draw_prompt(app: &App, area: Rect, buffer: &mut Buffer, view: &View) -> Option<(u16, u16)> {
    let typed = |buffer: &mut Buffer, sign: &str, input: &tui_input::Input, error: Option<&str>| {
        let shown = [
            (Role::Info, sign.to_owned()),
            (Role::Plain, input.value().to_owned()),
        ];
        let used = line::parts(buffer, area, &shown, view);
        if let Some(error) = error {
            let rest = Rect {
                x: area.x + used + 2,
                width: area.width.saturating_sub(used + 2),
                ..area
            };
            line::text(buffer, rest, error, Role::Bad, view);
        }
        let before = cells(sign) + input.visual_cursor();
        let x = u16::try_from(before)
            .unwrap_or(0)
            .min(area.width.saturating_sub(1));
        Some((area.x + x, area.y))
    };
    match &app.overlay {
        Overlay::Filter { input, error, .. } => typed(buffer, "/", input, error.as_deref()),
        Overlay::Export { input } => typed(buffer, "export to: ", input, None),
        Overlay::Palette(palette) => typed(buffer, ":", &palette.input, palette.error.as_deref()),
        Overlay::Sort => {
            let sorts = app
                .history
                .shown()
                .map(|(_, s)| s.sorts())
                .unwrap_or_default();
            let names: Vec<String> = sorts
                .iter()
                .map(|(letter, title, _)| format!("{letter} {}", title.to_lowercase()))
                .collect();
            let text = format!("sort by: {}", names.join("  "));
            line::text(buffer, area, &text, Role::Info, view);
            None
        }
        _ => {
            if let Some(toast) = &app.toast {
                let (role, sign) = if toast.bad {
                    (Role::Bad, view.glyphs.bad)
                } else {
                    (Role::Ok, view.glyphs.ok)
                };
                let parts = [(role, format!("{sign} ")), (Role::Plain, toast.line())];
                line::parts(buffer, area, &parts, view);
            } else if !app.silent.is_empty() {
                line::text(buffer, area, "at work...", Role::Muted, view);
            }
            None
        }
    }
}

fn draw_overlay(app: &App, body: Rect, buffer: &mut Buffer, view: &View) -> Option<(u16, u16)> {
    match &app.overlay {
        Overlay::None | Overlay::Filter { .. } | Overlay::Sort | Overlay::Export { .. } => None,
        Overlay::Menu { acts, at } => {
            let chosen = app
                .history
                .shown()
                .map(|(_, s)| s.chosen())
                .unwrap_or_default();
            dialog::menu(acts, *at, &chosen, body, buffer, view);
            None
        }
        Overlay::Palette(state) => {
            palette::draw(state, body, buffer, view);
            None
        }
        Overlay::SignIn(state) => form::sign_in(app, state, body, buffer, view),
        Overlay::Dialog(state) => match &state.stage {
            Stage::Form(fields) => {
                let shown = app.history.shown();
                let place = shown.map_or(body, |(_, screen)| screen.stage(body));
                form::draw(state, fields, place, buffer, view)
            }
            _ => dialog::draw(state, body, buffer, view),
        },
    }
}

impl App {
    /// The key whose name stands at that column of the footer.
    pub(super) fn footer_key_at(&self, column: u16) -> Option<Key> {
        let mut at = 0_u16;
        for hint in chrome::hints(self) {
            let width = u16::try_from(cells(&hint.text())).unwrap_or(0);
            if (at..at + width).contains(&column) {
                return Some(hint.key);
            }
            at += width + chrome::GAP;
        }
        None
    }
}
