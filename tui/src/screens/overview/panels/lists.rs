//! Alarms, providers, the dearest users and the newest events.

use api::console::{BreakerState, Provider, Snapshot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::below;
use crate::screens::View;
use crate::text::units;
use crate::text::width::{Align, fit};
use crate::theme::Role;
use crate::widgets::bar;
use crate::widgets::chrome::severity;
use crate::widgets::line::{self, Part};

/// Draws rows, the cursor's reversed; rows before it scroll away.
fn rows(
    all: impl Iterator<Item = Vec<Part>>,
    at: Option<usize>,
    area: Rect,
    buffer: &mut Buffer,
    view: &View,
) {
    let height = usize::from(area.height);
    let top = at.map_or(0, |at| (at + 1).saturating_sub(height));
    for (row, (number, mut parts)) in (0..area.height).zip(all.enumerate().skip(top)) {
        let place = line::row(area, row);
        let selected = at == Some(number);
        let cursor = if selected { view.glyphs.cursor } else { " " };
        parts.insert(0, (Role::Plain, cursor.to_owned()));
        line::parts(buffer, place, &parts, view);
        if selected {
            buffer.set_style(place, view.style(Role::Selection));
        }
    }
}

pub(super) fn alarms(at: usize, first: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    let alarms = view.mirror.alarms.iter().map(|alarm| {
        let (role, sign) = severity(alarm.severity, view);
        vec![
            (role, format!("{sign} ")),
            (Role::Plain, alarm.text.clone()),
            (Role::Muted, format!("  {}", view.age(alarm.since_at))),
        ]
    });
    let here = at
        .checked_sub(first)
        .filter(|at| *at < view.mirror.alarms.len());
    rows(alarms, here, area, buffer, view);
}

/// A breaker's state in words and role.
pub(super) fn state(provider: &Provider) -> (Role, &'static str) {
    match provider.state {
        BreakerState::Closed => (Role::Ok, "closed"),
        BreakerState::HalfOpen => (Role::Warn, "half-open"),
        BreakerState::Open => (Role::Bad, "open"),
    }
}

fn ms(value: Option<f64>) -> String {
    value.map_or_else(
        || units::UNKNOWN.to_owned(),
        |ms| units::duration_ms(units::whole(ms)),
    )
}

fn errors(provider: &Provider) -> String {
    provider
        .error_ratio
        .map_or_else(|| units::UNKNOWN.to_owned(), units::percent_fine)
}

pub(super) fn providers(all: &[Provider], area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Providers (last 10 min)", view);
    let shown = all.iter().map(|provider| {
        let (role, state) = state(provider);
        let bad = provider.error_ratio.is_some_and(|ratio| ratio >= 0.05);
        vec![
            (Role::Plain, fit(&provider.name, 9, Align::Left)),
            (role, format!(" {state:<10}")),
            (
                Role::Plain,
                format!(
                    " p95 {:<6} err {:>6} {:>6} calls",
                    ms(provider.latency_ms.p95),
                    errors(provider),
                    units::count_i(provider.calls)
                ),
            ),
            (Role::Warn, if bad { " !" } else { "" }.to_owned()),
        ]
    });
    rows(shown, None, below(area), buffer, view);
}

pub(super) fn providers_small(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Providers", view);
    let mut parts: Vec<Part> = Vec::new();
    for provider in &snapshot.providers {
        let (role, state) = state(provider);
        let state = if state == "closed" { "ok" } else { state };
        parts.push((Role::Plain, format!(" {} ", provider.name)));
        parts.push((role, state.to_owned()));
        let numbers = format!(" {} {}  ", ms(provider.latency_ms.p95), errors(provider));
        parts.push((Role::Plain, numbers));
    }
    line::parts(buffer, line::row(area, 1), &parts, view);
}

pub(super) fn spend(
    snapshot: &Snapshot,
    at: Option<usize>,
    area: Rect,
    buffer: &mut Buffer,
    view: &View,
) {
    line::rule(buffer, line::row(area, 0), "Top spend this month", view);
    let shown = snapshot.top_spend.iter().map(|user| {
        let ratio = user.budget.used_ratio;
        let role = match ratio {
            Some(ratio) if ratio >= 1.0 => Role::Bad,
            Some(ratio) if ratio >= 0.8 => Role::Warn,
            _ => Role::Plain,
        };
        let bar = bar::share(ratio.unwrap_or(0.0), 11, view.glyphs);
        let percent = ratio.map_or_else(|| units::UNKNOWN.to_owned(), units::percent);
        let mark = if role == Role::Plain { "" } else { "!" };
        vec![
            (Role::Plain, fit(&user.email, 26, Align::Left)),
            (
                Role::Plain,
                format!("{:>9}  ", units::money(user.budget.spent_nanos)),
            ),
            (role, format!("{bar} {percent:>5}{mark}")),
        ]
    });
    let here = at.filter(|at| *at < snapshot.top_spend.len());
    rows(shown, here, below(area), buffer, view);
}

pub(super) fn events(at: Option<usize>, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Events (newest first)", view);
    let shown = view.mirror.events.iter().map(|event| {
        vec![
            (Role::Muted, format!("{} ", units::clock(event.at))),
            (Role::Plain, event.text.clone()),
        ]
    });
    rows(shown, at, below(area), buffer, view);
}
