//! The columns of budgets.

use api::console::{BudgetPosition, SpendLine};

use super::month::Month;
use crate::screens::View;
use crate::screens::overview::month_over;
use crate::screens::users::columns::{forecast, limit};
use crate::text::units::{self, money};
use crate::theme::Role;
use crate::widgets::bar::{Bar, bar};
use crate::widgets::table::{Cell, Column, left, right};

/// Cells of the share after its bar.
const SHARE: usize = 7;

pub(super) static COLUMNS: &[Column<SpendLine>] = &[
    left("USER", "email", (28, 20), |row, _, _| {
        Cell::new(row.email.clone())
    }),
    right("LIMIT", "limit", (10, 9), |row, _, _| limit(&row.budget)),
    right("SPENT", "spent", (10, 9), |row, _, view| {
        Cell::role(money(row.budget.spent_nanos), view.live(Role::Plain))
    }),
    right("HELD", "held", (8, 7), |row, _, view| {
        Cell::role(money(row.budget.held_nanos), view.live(Role::Plain))
    }),
    right("LEFT", "", (10, 9), |row, _, _| {
        match row.budget.left_nanos {
            Some(0) => Cell::role(money(0), Role::Bad),
            Some(left) => Cell::new(money(left)),
            None => Cell::new(units::UNKNOWN),
        }
    }),
    left("USED OF LIMIT | TODAY", "used", (25, 7), used),
    right("FCST", "", (9, 9), |row, _, _| forecast(&row.budget)),
    left("HITS", "", (7, 0), |row, _, view| hits(&row.budget, view)),
];

/// A bar of used and held, with today's place in the month while it is this one.
fn used(row: &SpendLine, width: u16, view: &View) -> Cell {
    let budget = &row.budget;
    let (Some(all), Some(ratio)) = (budget.limit_nanos, budget.used_ratio) else {
        return match budget.limit_nanos {
            Some(0) => Cell::role("blocked", Role::Bad),
            _ => Cell::new(""),
        };
    };
    let role = match ratio {
        ratio if ratio >= 1.0 => Role::Bad,
        ratio if ratio >= 0.8 => Role::Warn,
        _ => Role::Plain,
    };
    let percent = units::percent(ratio);
    if width < 14 {
        return Cell::role(percent, role);
    }
    let this_month = Month::before(view.server_time(), 0).period();
    let shown = Bar {
        used: units::share(budget.spent_nanos, all),
        held: units::share(budget.held_nanos, all),
        today: (budget.period == this_month).then(|| month_over(view)),
    };
    let bar = bar(shown, usize::from(width).min(30) - SHARE, view.glyphs);
    Cell::role(format!("{bar} {percent:>5}"), role)
}

/// When the limit is reached if it goes on so.
fn hits(budget: &BudgetPosition, view: &View) -> Cell {
    if budget.limit_nanos.is_none() {
        return Cell::new(units::UNKNOWN);
    }
    match budget.exhausts_at {
        _ if budget.left_nanos == Some(0) => Cell::role("now", Role::Bad),
        Some(at) if at <= view.server_time() => Cell::role("now", Role::Bad),
        Some(at) => Cell::role(at.format("%d %b").to_string(), Role::Warn),
        None => Cell::new(units::UNKNOWN),
    }
}
