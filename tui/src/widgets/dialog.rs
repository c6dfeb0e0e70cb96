//! Questions over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

use super::line::{self, Part};
use crate::acts::{Act, Confirm, On};
use crate::app::{Dialog, Stage};
use crate::screens::{Chosen, View};
use crate::text::width::{cells, wrap};
use crate::theme::Role;

/// Cells of a dialog, its border included.
const WIDTH: u16 = 66;

/// A cleared box in the middle of `body`, with a border and a title; the place inside it.
pub fn window(title: &str, height: u16, body: Rect, buffer: &mut Buffer, view: &View) -> Rect {
    let width = WIDTH.min(body.width);
    let height = (height + 2).min(body.height);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buffer);
    let mut block = Block::bordered()
        .border_style(view.style(Role::Muted))
        .title(format!(" {title} "))
        .title_style(view.style(Role::Title));
    if *view.glyphs == crate::glyphs::ASCII {
        block = block.border_set(ASCII_BORDER);
    }
    let inner = block.inner(area);
    block.render(area, buffer);
    Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

fn wrapped(lines: &mut Vec<Part>, role: Role, text: &str) {
    let width = usize::from(WIDTH.saturating_sub(4));
    lines.extend(wrap(text, width).into_iter().map(|text| (role, text)));
}

/// A question, a wait or an answer that is shown once.
pub fn draw(dialog: &Dialog, body: Rect, buffer: &mut Buffer, view: &View) -> Option<(u16, u16)> {
    let mut lines: Vec<Part> = Vec::new();
    let mut title = format!("{} {}", dialog.act.noun, dialog.act.verb);
    let mut typed_at = None;
    match &dialog.stage {
        Stage::Asking { ask, typed } => {
            title.clone_from(&ask.title);
            for (role, text) in &ask.lines {
                wrapped(&mut lines, *role, text);
            }
            let waiting = dialog.sending.is_some();
            match (&ask.confirm, waiting) {
                (_, true) => lines.push((Role::Muted, "sent, waiting...  Esc hides".to_owned())),
                (Confirm::Yes, false) => {
                    lines.push((Role::Info, "y goes on      Enter, Esc cancel".to_owned()));
                }
                (Confirm::Word(word), false) => {
                    let prompt = format!("Type  {word}  to go on: ");
                    let at = cells(&prompt) + typed.visual_cursor();
                    typed_at = Some((lines.len(), at));
                    lines.push((Role::Info, format!("{prompt}{}", typed.value())));
                    lines.push((
                        Role::Muted,
                        "Enter, Esc cancel until it is right".to_owned(),
                    ));
                }
            }
        }
        Stage::Looking { .. } if dialog.error.is_none() => {
            lines.push((
                Role::Muted,
                "asking the server what it would do...".to_owned(),
            ));
        }
        Stage::Reveal { text, lines: shown } => {
            title.clone_from(text);
            for text in shown {
                wrapped(&mut lines, Role::Plain, text);
            }
            lines.push((
                Role::Muted,
                "shown this once.  y copies  Enter closes".to_owned(),
            ));
        }
        _ => {}
    }
    if let Some(error) = &dialog.error {
        wrapped(&mut lines, Role::Bad, error);
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inner = window(&title, height, body, buffer, view);
    for (at, part) in (0..).zip(&lines) {
        line::parts(
            buffer,
            line::row(inner, at),
            std::slice::from_ref(part),
            view,
        );
    }
    typed_at.map(|(row, column)| {
        let column = u16::try_from(column).unwrap_or(0).min(inner.width);
        (inner.x + column, inner.y + u16::try_from(row).unwrap_or(0))
    })
}

/// Every act of a screen: what fits some rows only says so, what is refused says why.
pub fn menu(
    acts: &[&'static Act],
    at: usize,
    chosen: &Chosen,
    body: Rect,
    buffer: &mut Buffer,
    view: &View,
) {
    let height = u16::try_from(acts.len()).unwrap_or(u16::MAX);
    let title = match chosen.marked {
        0 => "acts".to_owned(),
        marked => format!("acts on {marked} marked"),
    };
    let inner = window(&title, height, body, buffer, view);
    let top = (at + 1).saturating_sub(usize::from(inner.height));
    for (row, (number, act)) in (0..).zip(acts.iter().enumerate().skip(top)) {
        let place = line::row(inner, row);
        let key = act.key.map_or(' ', |key| key);
        let why = fit(act, chosen, view);
        let role = if why.is_some() {
            Role::Muted
        } else {
            Role::Plain
        };
        let help = why.unwrap_or_else(|| act.help.to_owned());
        let text = format!("{key}  {:<16} {help}", act.label);
        line::parts(buffer, place, &[(role, text)], view);
        if number == at && !place.is_empty() {
            buffer.set_style(place, view.style(Role::Selection));
        }
    }
}

/// Why an act does not fit all that is chosen.
fn fit(act: &Act, chosen: &Chosen, view: &View) -> Option<String> {
    if let (true, Some(why)) = (act.writes, view.refused) {
        return Some(why.to_owned());
    }
    if act.on == On::House || chosen.everything.is_some() {
        return None;
    }
    let all = chosen.objects.len();
    let mut why = None;
    let fitting = chosen
        .objects
        .iter()
        .filter(|object| match (act.fits)(object) {
            Ok(()) => true,
            Err(reason) => {
                why.get_or_insert(reason);
                false
            }
        })
        .count();
    match why {
        Some(reason) if all == 1 => Some(reason),
        Some(reason) => Some(format!("{fitting} of {all}; {reason}")),
        None if all == 0 => Some("no row".to_owned()),
        None => None,
    }
}
