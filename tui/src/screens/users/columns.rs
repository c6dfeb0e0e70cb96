//! The columns of users.

use api::accounts::Role as UserRole;
use api::console::{Account, AccountStatus, BudgetPosition};

use crate::screens::View;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::bar;
use crate::widgets::chrome::role_name;
use crate::widgets::table::{Cell, Column, left, right};

pub(super) static COLUMNS: &[Column<Account>] = &[
    left("USER", "email", (30, 26), |row, width, _| {
        // Where there is no room for roles, a star stands for admins.
        let star = width < 30 && row.role == UserRole::Admin;
        let name = row.email.clone();
        Cell::new(if star { format!("{name}*") } else { name })
    }),
    left("ROLE", "", (7, 0), |row, _, _| {
        let role = if row.role == UserRole::User {
            Role::Plain
        } else {
            Role::Info
        };
        Cell::role(role_name(row.role), role)
    }),
    left("STATUS", "", (9, 8), |row, _, _| {
        let role = match row.status {
            AccountStatus::Active => Role::Plain,
            AccountStatus::Disabled => Role::Warn,
            AccountStatus::Deleted => Role::Muted,
        };
        Cell::role(row.status.word(), role)
    }),
    right("SPENT", "spent", (9, 8), |row, _, view| {
        Cell::role(units::money(row.budget.spent_nanos), view.live(Role::Plain))
    }),
    right("LIMIT", "limit", (9, 8), |row, _, _| limit(&row.budget)),
    left("USED", "used", (12, 4), |row, width, view| {
        used(&row.budget, width, view)
    }),
    right("FCST", "", (9, 8), |row, _, _| forecast(&row.budget)),
    right("JOBS", "", (5, 2), |row, _, _| {
        Cell::new(units::count_i(row.jobs_open))
    }),
    right("STR", "", (4, 2), |row, _, _| {
        Cell::new(units::count_i(row.streams_open))
    }),
    right("SEEN", "seen", (5, 4), |row, _, view| {
        Cell::new(view.age_or(row.last_seen_at))
    }),
    right("AGE", "created", (5, 0), |row, _, view| {
        Cell::new(view.age(row.created_at))
    }),
];

/// A limit; `-` is none.
pub fn limit(budget: &BudgetPosition) -> Cell {
    Cell::new(
        budget
            .limit_nanos
            .map_or_else(|| units::UNKNOWN.to_owned(), units::money),
    )
}

/// How full a budget is: a bar where there is room, then the share.
pub fn used(budget: &BudgetPosition, width: u16, view: &View) -> Cell {
    if budget.limit_nanos == Some(0) {
        return Cell::role("blocked", Role::Bad);
    }
    let Some(ratio) = budget.used_ratio else {
        return Cell::new("");
    };
    let role = match ratio {
        ratio if ratio >= 1.0 => Role::Bad,
        ratio if ratio >= 0.8 => Role::Warn,
        _ => Role::Plain,
    };
    let percent = units::percent(ratio).replace(' ', "");
    if width < 10 {
        return Cell::role(percent, role);
    }
    let bar = bar::share(ratio, usize::from(width) - 5, view.glyphs);
    Cell::role(format!("{bar}{percent:>5}"), role)
}

/// What the month will cost; marked when that is beyond the limit.
pub fn forecast(budget: &BudgetPosition) -> Cell {
    match (budget.forecast_nanos, budget.limit_nanos) {
        (None, _) => Cell::new(units::UNKNOWN),
        (Some(forecast), Some(limit)) if forecast > limit => {
            Cell::role(format!("{}!", units::money(forecast)), Role::Warn)
        }
        (Some(forecast), _) => Cell::new(units::money(forecast)),
    }
}
