//! Forms over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::dialog::window;
use super::line::{self, Part};
use crate::acts::FieldKind;
use crate::app::{App, Dialog, FormState, SignInForm};
use crate::screens::View;
use crate::text::width::cells;
use crate::theme::Role;

/// Cells of the labels.
const LABELS: usize = 16;

/// The form of an act; where the cursor stands.
pub fn draw(
    dialog: &Dialog,
    form: &FormState,
    body: Rect,
    buffer: &mut Buffer,
    view: &View,
) -> Option<(u16, u16)> {
    let act = dialog.act;
    let fields = u16::try_from(act.fields.len()).unwrap_or(u16::MAX);
    let title = match dialog.draft.objects.as_slice() {
        [] => act.help.to_owned(),
        [one] => format!("{}: {}", act.label, one.name()),
        many => format!("{}: {} rows", act.label, many.len()),
    };
    let inner = window(&title, fields + 3, body, buffer, view);
    let mut cursor = None;
    for (row, ((at, field), input)) in (0..).zip(act.fields.iter().enumerate().zip(&form.inputs)) {
        let place = line::row(inner, row);
        let focus = at == form.at;
        let shown = match field.kind {
            FieldKind::Secret => "*".repeat(input.value().chars().count()),
            _ => input.value().to_owned(),
        };
        let wrong = form
            .wrong
            .as_ref()
            .is_some_and(|(name, _)| *name == field.name);
        let role = match (wrong, focus) {
            (true, _) => Role::Bad,
            (false, true) => Role::Info,
            (false, false) => Role::Muted,
        };
        let label = format!("{:<LABELS$}", field.label);
        line::parts(buffer, place, &[(role, label), line::plain(shown)], view);
        if focus {
            let column = LABELS + input.visual_cursor();
            let column = u16::try_from(column).unwrap_or(0).min(inner.width);
            cursor = Some((inner.x + column, place.y));
        }
    }
    let help = act.fields.get(form.at).map_or("", |field| field.help);
    let said: Part = match (&form.wrong, &dialog.error, form.leaving) {
        (_, _, true) => (Role::Warn, "changed: Esc again leaves it".to_owned()),
        (Some((_, why)), _, _) => (Role::Bad, why.clone()),
        (None, Some(error), _) => (Role::Bad, error.clone()),
        (None, None, _) => (Role::Muted, help.to_owned()),
    };
    line::parts(buffer, line::row(inner, fields + 1), &[said], view);
    let keys = if dialog.sending.is_some() {
        "sent, waiting...  Esc hides"
    } else {
        "Enter saves  Tab next field  Esc cancels"
    };
    line::text(
        buffer,
        line::row(inner, fields + 2),
        keys,
        Role::Muted,
        view,
    );
    cursor
}

/// The sign-in; the screen behind it stays where it is.
pub fn sign_in(
    app: &App,
    form: &SignInForm,
    body: Rect,
    buffer: &mut Buffer,
    view: &View,
) -> Option<(u16, u16)> {
    let inner = window("sign in", 7, body, buffer, view);
    let server = format!("{} at {}", app.setup.context, app.setup.server);
    line::text(buffer, line::row(inner, 0), &server, Role::Muted, view);
    let stars = "*".repeat(form.password.value().chars().count());
    let rows = [
        ("email", form.email.value().to_owned(), !form.in_password),
        ("password", stars, form.in_password),
    ];
    for (at, (label, value, focus)) in (2..).zip(rows) {
        let role = if focus { Role::Info } else { Role::Muted };
        let parts = [(role, format!("{label:<LABELS$}")), line::plain(value)];
        line::parts(buffer, line::row(inner, at), &parts, view);
    }
    let said: Part = match (&form.error, form.waiting) {
        (_, true) => (Role::Muted, "waiting for the server...".to_owned()),
        (Some(error), false) => (Role::Bad, error.clone()),
        (None, false) => (
            Role::Muted,
            "Tab next field  Enter signs in  Ctrl-C quits".to_owned(),
        ),
    };
    line::parts(buffer, line::row(inner, 5), &[said], view);
    let (row, typed) = if form.in_password {
        (3, form.password.value().chars().count())
    } else {
        (2, cells(form.email.value()))
    };
    let column = u16::try_from(LABELS + typed).unwrap_or(0).min(inner.width);
    Some((inner.x + column, inner.y + row))
}
