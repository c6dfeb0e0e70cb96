//! The columns of providers.

use api::console::{BreakerState, Provider};

use crate::screens::View;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::spark::spark;
use crate::widgets::table::{Cell, Column, left, right};

fn ms(value: Option<f64>) -> Cell {
    Cell::new(value.map_or_else(
        || units::UNKNOWN.to_owned(),
        |ms| units::duration_ms(units::whole(ms)),
    ))
}

pub(super) static COLUMNS: &[Column<Provider>] = &[
    left("PROVIDER", "", (10, 9), |row, _, _| {
        Cell::new(row.name.clone())
    }),
    left("USE", "", (14, 14), |row, _, _| {
        let uses: Vec<String> = row
            .uses
            .iter()
            .map(|one| format!("{} {}", one.capability, one.place))
            .collect();
        Cell::new(uses.join(", "))
    }),
    left("STATE", "", (14, 13), state),
    right("CALLS", "", (6, 6), |row, _, _| {
        Cell::new(units::count_i(row.calls))
    }),
    right("ERR", "", (7, 7), |row, _, view| {
        let role = match row.error_ratio {
            Some(ratio) if ratio >= 0.05 => Role::Bad,
            Some(ratio) if ratio >= 0.01 => Role::Warn,
            _ => Role::Plain,
        };
        let text = row
            .error_ratio
            .map_or_else(|| units::UNKNOWN.to_owned(), units::percent_fine);
        Cell::role(text, view.live(role))
    }),
    right("P50", "", (6, 0), |row, _, _| ms(row.latency_ms.p50)),
    right("P95", "", (6, 6), |row, _, _| ms(row.latency_ms.p95)),
    right("TTFT95", "", (7, 6), |row, _, _| ms(row.first_token_ms.p95)),
    right("SPEND", "", (9, 0), |row, _, _| {
        Cell::new(units::money(row.spend_nanos))
    }),
    left("LATENCY 10 min", "", (16, 0), |row, width, view| {
        Cell::role(
            spark(&row.series, usize::from(width), view.glyphs),
            Role::Info,
        )
    }),
    left("LAST ERROR", "", (12, 0), |row, _, view| {
        match &row.last_error {
            Some(error) => Cell::role(
                format!("{} {} ago", error.class, view.age(error.at)),
                Role::Warn,
            ),
            None => Cell::new(units::UNKNOWN),
        }
    }),
];

/// Where the breaker stands, and since when; or that nothing of it is real.
fn state(row: &Provider, _: u16, view: &View) -> Cell {
    let (role, word) = match row.state {
        BreakerState::Closed => (Role::Ok, "closed"),
        BreakerState::HalfOpen => (Role::Warn, "half-open"),
        BreakerState::Open => (Role::Bad, "open"),
    };
    if row.simulated {
        return Cell::role(format!("MOCK {word}"), Role::Warn);
    }
    match row.since_at.filter(|_| row.state != BreakerState::Closed) {
        Some(at) => Cell::role(format!("{word} {}", view.age(at)), role),
        None => Cell::role(word, role),
    }
}
