//! The upper half of a user: money and account.

use api::console::Account;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units::{self, money};
use crate::theme::Role;
use crate::widgets::bar::{Bar, bar};
use crate::widgets::line::{self, Part};
use crate::widgets::spark::spark;

/// Draws both halves.
pub(super) fn draw(user: &Account, area: Rect, buffer: &mut Buffer, view: &View) {
    let left = area.width / 2;
    let budget = Rect {
        width: left.saturating_sub(1),
        ..area
    };
    let account = Rect {
        x: area.x + left,
        width: area.width - left,
        ..area
    };
    draw_budget(user, budget, buffer, view);
    draw_account(user, account, buffer, view);
}

fn draw_budget(user: &Account, area: Rect, buffer: &mut Buffer, view: &View) {
    let budget = &user.budget;
    let title = format!("Budget {} (UTC)", budget.period);
    line::rule(buffer, line::row(area, 0), &title, view);
    let dot = view.glyphs.dot;
    let limit = budget.limit_nanos.map_or_else(
        || "no limit".to_owned(),
        |limit| format!("limit {}", money(limit)),
    );
    let left = budget
        .left_nanos
        .map_or_else(String::new, |left| format!(" {dot} left {}", money(left)));
    let mut rows: Vec<Vec<Part>> = vec![vec![(
        view.live(Role::Plain),
        format!(
            " {limit} {dot} spent {} {dot} held {}{left}",
            money(budget.spent_nanos),
            money(budget.held_nanos)
        ),
    )]];
    if let (Some(limit), Some(used)) = (budget.limit_nanos, budget.used_ratio) {
        let shown = Bar {
            used: units::share(budget.spent_nanos, limit),
            held: units::share(budget.held_nanos, limit),
            today: Some(crate::screens::overview::month_over(view)),
        };
        let role = match used {
            share if share >= 1.0 => Role::Bad,
            share if share >= 0.8 => Role::Warn,
            _ => Role::Ok,
        };
        let width = usize::from(area.width.saturating_sub(10)).min(32);
        rows.push(vec![
            (role, format!(" {}", bar(shown, width, view.glyphs))),
            (role, format!(" {}", units::percent(used))),
        ]);
    }
    if let Some(forecast) = budget.forecast_nanos {
        let hits = budget.exhausts_at.map_or_else(String::new, |at| {
            format!("; limit reached {}", at.format("%d %b %H:%M"))
        });
        rows.push(vec![(
            Role::Plain,
            format!(" forecast {}{hits}", money(forecast)),
        )]);
    }
    if !budget.daily_nanos.is_empty() {
        let days: Vec<Option<f64>> = budget
            .daily_nanos
            .iter()
            .map(|nanos| Some(units::real(nanos.max(&0).unsigned_abs())))
            .collect();
        let most = budget.daily_nanos.iter().max().copied().unwrap_or(0);
        rows.push(vec![
            (Role::Muted, " days ".to_owned()),
            (Role::Info, spark(&days, days.len().min(31), view.glyphs)),
            (Role::Muted, format!("  peak {}", money(most))),
        ]);
    }
    show(&rows, area, buffer, view);
}

fn draw_account(user: &Account, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Account", view);
    let fact = |label: &str, value: String| {
        vec![(Role::Muted, format!(" {label:<10}")), (Role::Plain, value)]
    };
    let notes = user
        .notes
        .clone()
        .unwrap_or_else(|| units::UNKNOWN.to_owned());
    let dot = view.glyphs.dot;
    let rows = [
        fact("notes", notes),
        fact("sign-ins", units::count_i(user.sessions)),
        fact(
            "open",
            format!(
                "{} jobs {dot} {} streams",
                user.jobs_open, user.streams_open
            ),
        ),
        fact("public id", user.uuid.to_string()),
    ];
    show(&rows, area, buffer, view);
}

fn show(rows: &[Vec<Part>], area: Rect, buffer: &mut Buffer, view: &View) {
    for (at, parts) in (1..area.height).zip(rows) {
        line::parts(buffer, line::row(area, at), parts, view);
    }
}
