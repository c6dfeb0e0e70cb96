//! The columns of streams.

use api::console::{Stream, StreamState};

use super::state_role;
use crate::screens::View;
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
    left("T/S 30 s", "rate", (17, 4), rate),
    right("COST", "", (9, 0), |row, _, _| cost(row)),
];

/// Tokens a second now and, where there is room, over the last half minute.
fn rate(row: &Stream, width: u16, view: &View) -> Cell {
    if row.state == StreamState::Waiting {
        return Cell::new("");
    }
    let now = format!("{:>3.0}", row.tokens_per_s);
    let room = usize::from(width.saturating_sub(4)).min(15);
    if room < 8 {
        return Cell::role(now, view.live(Role::Plain));
    }
    let values: Vec<Option<f64>> = row.series.iter().copied().map(Some).collect();
    let bars = spark(&values, room, view.glyphs);
    Cell::role(format!("{now} {bars}"), view.live(Role::Info))
}

/// What it cost so far; before the first token what is held.
fn cost(row: &Stream) -> Cell {
    if row.tokens_out == 0 {
        Cell::new(format!("~{}", units::money_fine(row.held_nanos)))
    } else {
        Cell::new(units::money_fine(row.cost_nanos))
    }
}
