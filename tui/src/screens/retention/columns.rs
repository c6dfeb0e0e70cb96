//! The columns of classes.

use api::console::DaysSource;

use super::Line;
use crate::screens::runs::outcome_role;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left, right};

fn number(count: Option<i64>) -> Cell {
    Cell::new(count.map_or_else(|| units::UNKNOWN.to_owned(), units::count_i))
}

/// Cells from which on a forecast has room for files and bytes.
const ROOMY: u16 = 24;

pub(super) static COLUMNS: &[Column<Line>] = &[
    left("CLASS", "", (17, 15), |row, _, _| {
        Cell::new(row.class.class.clone())
    }),
    right("DAYS", "", (7, 5), |row, _, _| {
        Cell::new(days(row.class.days))
    }),
    left("FROM", "", (11, 8), |row, width, _| {
        let role = if row.class.source == DaysSource::Console {
            Role::Info
        } else {
            Role::Muted
        };
        let word = match row.class.source {
            DaysSource::Environment if width < 11 => "environ",
            source => source.word(),
        };
        Cell::role(word, role)
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
    left("NEXT RUN DELETES", "", (32, 16), |row, width, _| {
        deletes(row, width)
    }),
    left("LAST RUN", "", (14, 0), |row, _, view| {
        match &row.class.last_run {
            None => Cell::new(units::UNKNOWN),
            Some(run) => Cell::role(
                format!("{} {}", view.age(run.started_at), run.outcome),
                outcome_role(run.outcome),
            ),
        }
    }),
];

/// How long a class is kept.
pub fn days(days: Option<f64>) -> String {
    match days {
        Some(days) if days > 0.0 => days.to_string(),
        _ => "keep".to_owned(),
    }
}

/// What goes next; `!` where an admin's days take it.
fn deletes(row: &Line, width: u16) -> Cell {
    let Some(forecast) = &row.forecast else {
        return Cell::new(units::UNKNOWN);
    };
    if forecast.rows + forecast.blobs == 0 {
        return Cell::role("nothing", Role::Muted);
    }
    let mark = if row.class.source == DaysSource::Console {
        " !"
    } else {
        ""
    };
    let rows = units::count_i(forecast.rows);
    let text = if width < ROOMY {
        format!("{rows} rows{mark}")
    } else {
        format!(
            "{rows} rows {} blobs {}{mark}",
            units::count_i(forecast.blobs),
            units::bytes(forecast.bytes.unsigned_abs())
        )
    };
    Cell::role(text, Role::Warn)
}
