//! The columns of classes.

use api::console::{DaysSource, RunOutcome};

use super::Line;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left, right};

fn number(count: Option<i64>) -> Cell {
    Cell::new(count.map_or_else(|| units::UNKNOWN.to_owned(), units::count_i))
}

pub(super) static COLUMNS: &[Column<Line>] = &[
    left("CLASS", "", (17, 15), |row, _, _| {
        Cell::new(row.class.class.clone())
    }),
    right("DAYS", "", (7, 5), |row, _, _| match row.class.days {
        Some(days) if days > 0.0 => Cell::new(days.to_string()),
        _ => Cell::new("keep"),
    }),
    left("FROM", "", (11, 8), |row, _, _| {
        let role = if row.class.source == DaysSource::Console {
            Role::Info
        } else {
            Role::Muted
        };
        Cell::role(row.class.source.word(), role)
    }),
    right("ROWS", "", (10, 9), |row, _, _| number(row.class.rows)),
    right("BLOBS", "", (7, 0), |row, _, _| number(row.class.blobs)),
    right("BYTES", "", (9, 9), |row, _, _| {
        Cell::new(row.class.bytes.map_or_else(
            || units::UNKNOWN.to_owned(),
            |bytes| units::bytes(bytes.unsigned_abs()),
        ))
    }),
    right("OLDEST", "", (7, 6), |row, _, view| {
        Cell::new(view.age_or(row.class.oldest_at))
    }),
    left("NEXT RUN DELETES", "", (32, 14), |row, _, _| {
        match &row.forecast {
            None => Cell::new(units::UNKNOWN),
            Some(forecast) if forecast.rows + forecast.blobs == 0 => {
                Cell::role("nothing", Role::Muted)
            }
            Some(forecast) => Cell::role(
                format!(
                    "{} rows {} blobs {}",
                    units::count_i(forecast.rows),
                    units::count_i(forecast.blobs),
                    units::bytes(forecast.bytes.unsigned_abs())
                ),
                Role::Warn,
            ),
        }
    }),
    left("LAST RUN", "", (14, 0), |row, _, view| {
        match &row.class.last_run {
            None => Cell::new(units::UNKNOWN),
            Some(run) => {
                let role = match run.outcome {
                    RunOutcome::Ok => Role::Ok,
                    RunOutcome::Running => Role::Info,
                    RunOutcome::Failed => Role::Bad,
                    RunOutcome::Interrupted => Role::Warn,
                };
                Cell::role(
                    format!("{} {}", view.age(run.started_at), run.outcome),
                    role,
                )
            }
        }
    }),
];
