//! The columns of streams.

use api::console::{Stream, StreamState};

use super::state_role;
use crate::text::units;
use crate::text::width::cut_middle;
use crate::theme::Role;
use crate::widgets::spark::spark;
use crate::widgets::table::{Cell, Column, left, right};

pub(super) static COLUMNS: &[Column<Stream>] = &[
    left("ID", "", (6, 4), |row, width, _| {
        Cell::new(cut_middle(&row.id, usize::from(width)))
    }),
    left("USER", "email", (22, 18), |row, _, _| {
        Cell::new(row.email.clone())
    }),
    left("KIND", "", (7, 0), |row, _, _| Cell::new(row.kind.clone())),
    left("MODEL", "", (18, 16), |row, _, _| {
        Cell::new(
            row.model
                .clone()
                .unwrap_or_else(|| units::UNKNOWN.to_owned()),
        )
    }),
    left("STATE", "", (11, 11), |row, _, _| {
        Cell::role(row.state.word(), state_role(row.state))
    }),
    right("AGE", "age", (5, 4), |row, _, view| {
        Cell::new(view.age(row.started_at))
    }),
    right("TTFT", "", (7, 5), |row, _, _| {
        Cell::new(row.first_token_ms.map_or_else(
            || units::UNKNOWN.to_owned(),
            |ms| units::duration_ms(ms.unsigned_abs()),
        ))
    }),
    right("TOKENS", "tokens", (7, 6), |row, _, view| {
        Cell::role(units::count_i(row.tokens_out), view.live(Role::Plain))
    }),
    right("TOK/S", "rate", (5, 3), |row, _, _| rate(row)),
    left("30 s", "", (12, 0), |row, width, view| {
        let values: Vec<Option<f64>> = row.series.iter().copied().map(Some).collect();
        let width = usize::from(width).min(15);
        Cell::role(spark(&values, width, view.glyphs), Role::Info)
    }),
    right("COST", "", (9, 0), |row, _, _| cost(row)),
];

fn rate(row: &Stream) -> Cell {
    if row.state == StreamState::Waiting {
        return Cell::new("");
    }
    Cell::new(format!("{:.0}", row.tokens_per_s))
}

/// What it cost so far; before the first token what is held.
fn cost(row: &Stream) -> Cell {
    if row.tokens_out == 0 {
        Cell::new(format!("~{}", units::money_fine(row.held_nanos)))
    } else {
        Cell::new(units::money_fine(row.cost_nanos))
    }
}
