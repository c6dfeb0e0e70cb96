//! The columns of jobs.

use api::console::{Job, JobState};

use super::state_role;
use crate::screens::View;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::bar;
use crate::widgets::table::{Cell, Column, left, right};

pub(super) static COLUMNS: &[Column<Job>] = &[
    right("ID", "id", (8, 6), |row, _, _| {
        Cell::new(row.id.to_string())
    }),
    left("KIND", "", (11, 10), |row, _, _| {
        Cell::new(row.kind.clone())
    }),
    left("OWNER", "", (20, 15), |row, _, _| {
        Cell::new(
            row.owner_email
                .clone()
                .unwrap_or_else(|| "system".to_owned()),
        )
    }),
    left("STATE", "", (16, 15), |row, _, view| {
        Cell::role(state(row, view), state_role(row.state))
    }),
    left("STAGE", "", (9, 0), |row, _, _| {
        Cell::new(
            row.stage
                .clone()
                .unwrap_or_else(|| units::UNKNOWN.to_owned()),
        )
    }),
    left("PROGRESS", "", (14, 5), progress),
    right("TRY", "", (4, 4), |row, _, _| {
        Cell::new(format!("{}/{}", row.attempt, row.attempts))
    }),
    right("COST", "", (8, 8), |row, _, _| cost(row)),
    right("AGE", "created", (5, 4), |row, _, view| {
        Cell::new(view.age(row.created_at))
    }),
    right("UPD", "updated", (4, 0), |row, _, view| {
        Cell::new(view.age(row.updated_at))
    }),
    left("ERROR", "", (9, 2), |row, width, _| match &row.error {
        // Two letters tell the classes apart; a mark of the cut would take one of them.
        Some(error) if width < 4 => {
            Cell::role(error.class.chars().take(2).collect::<String>(), Role::Warn)
        }
        Some(error) => Cell::role(error.class.clone(), Role::Warn),
        None => Cell::new(""),
    }),
];

/// The state, with the time until the next try.
pub fn state(job: &Job, view: &View) -> String {
    if job.state == JobState::Retrying {
        format!("retrying {}", view.until(job.run_after))
    } else {
        job.state.word().to_owned()
    }
}

fn progress(job: &Job, width: u16, view: &View) -> Cell {
    if job.progress_ratio <= 0.0 {
        return Cell::new("");
    }
    let percent = units::percent(job.progress_ratio);
    if width < 12 {
        return Cell::new(format!("{percent:>5}"));
    }
    let bar = bar::share(job.progress_ratio, usize::from(width) - 6, view.glyphs);
    Cell::new(format!("{bar} {percent:>5}"))
}

/// What it cost; of one that has not begun, what it was quoted.
fn cost(job: &Job) -> Cell {
    match (job.cost_nanos, job.quote_nanos) {
        (Some(cost), _) if cost > 0 || job.started_at.is_some() => {
            Cell::new(units::money_fine(cost))
        }
        (_, Some(quote)) => Cell::new(format!("~{}", units::money(quote))),
        (Some(cost), None) => Cell::new(units::money_fine(cost)),
        (None, None) => Cell::new(units::UNKNOWN),
    }
}
