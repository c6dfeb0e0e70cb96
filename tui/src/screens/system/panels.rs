//! The panels of the machinery.

use api::console::{CheckState, Process, System};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units;
use crate::text::width::{Align, fit};
use crate::theme::Role;
use crate::widgets::line::{self, Part};

pub(super) fn draw(system: &System, top: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    let half = area.width / 2;
    let rows = system.checks.len().max(system.processes.len() + 1);
    let height = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height / 2) + 1;
    let left = Rect {
        width: half.saturating_sub(1),
        height,
        ..area
    };
    let right = Rect {
        x: area.x + half,
        width: area.width - half,
        height,
        ..area
    };
    draw_checks(system, left, buffer, view);
    draw_processes(system, right, buffer, view);
    let below = Rect {
        y: area.y + height + 1,
        height: area.height.saturating_sub(height + 1),
        ..area
    };
    draw_settings(system, top, below, buffer, view);
}

fn draw_checks(system: &System, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Health", view);
    for (row, check) in (1..area.height).zip(&system.checks) {
        let role = match check.state {
            CheckState::Ok => Role::Ok,
            CheckState::Warn => Role::Warn,
            CheckState::Bad => Role::Bad,
            CheckState::Absent => Role::Muted,
        };
        let word = match check.state {
            CheckState::Absent => "-",
            state => state.word(),
        };
        let parts = [
            (
                Role::Plain,
                format!(" {}", fit(&check.name, 12, Align::Left)),
            ),
            (role, format!(" {word:<5}")),
            (Role::Plain, check.text.clone()),
        ];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

fn draw_processes(system: &System, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Processes", view);
    let last = area.height.saturating_sub(1);
    for (row, process) in (1..last).zip(&system.processes) {
        let parts = process_line(process, system, view);
        line::parts(buffer, line::row(area, row), &parts, view);
    }
    let behind = view.mirror.behind_ms;
    let off = units::duration_ms(behind.unsigned_abs());
    let word = if behind >= 0 { "behind" } else { "ahead of" };
    let role = if view.mirror.clock_is_off() {
        Role::Warn
    } else {
        Role::Muted
    };
    let text = format!(" clock: this console is {off} {word} the server");
    line::text(buffer, line::row(area, last), &text, role, view);
}

fn process_line(process: &Process, system: &System, view: &View) -> Vec<Part> {
    let differs = process.version != system.version;
    let memory = process.rss_bytes.map_or_else(
        || units::UNKNOWN.to_owned(),
        |bytes| units::bytes(bytes.unsigned_abs()),
    );
    let cpu = process
        .cpu_ratio
        .map_or_else(|| units::UNKNOWN.to_owned(), units::percent);
    let silent = (view.server_time() - process.seen_at).num_seconds() > 60;
    vec![
        (
            Role::Plain,
            format!(" {}", fit(&process.id, 10, Align::Left)),
        ),
        (Role::Plain, format!(" {:<7}", process.role)),
        (
            if differs { Role::Warn } else { Role::Plain },
            format!("{}{}", process.version, if differs { "! " } else { "  " }),
        ),
        (
            Role::Plain,
            format!(
                "up {:<4} {memory:>9} {cpu:>5}{}",
                view.age(process.started_at),
                if process.leader { "  leads" } else { "" }
            ),
        ),
        (
            Role::Bad,
            if silent {
                format!("  silent {}", view.age(process.seen_at))
            } else {
                String::new()
            },
        ),
    ]
}

fn draw_settings(system: &System, top: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    let title = "Settings (source, value; secrets never leave the server)";
    line::rule(buffer, line::row(area, 0), title, view);
    for (row, setting) in (1..area.height).zip(system.settings.iter().skip(top)) {
        let value = match (&setting.value, setting.secret) {
            (Some(value), _) => value.clone(),
            (None, true) => "set, secret".to_owned(),
            (None, false) => units::UNKNOWN.to_owned(),
        };
        let role = if setting.differs {
            Role::Info
        } else {
            Role::Muted
        };
        let parts = [
            (
                Role::Plain,
                format!(" {}", fit(&setting.name, 38, Align::Left)),
            ),
            (role, format!(" {:<12}", setting.source)),
            (Role::Plain, value),
        ];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}
