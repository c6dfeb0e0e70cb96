//! The panels of the machinery.

use api::console::{Check, CheckState, Migrations, Process, SettingInForce, Stores, System};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units;
use crate::text::width::{Align, fit};
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// From this silence on a process may be gone.
const SILENT_S: i64 = 60;
/// Less than this of the disk is little.
const LITTLE: f64 = 0.1;
/// Panels narrower than this leave words out.
const ROOMY: u16 = 50;
/// From this width on settings stand in two columns.
const TWO_COLUMNS: u16 = 110;

pub(super) fn draw(system: &System, top: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    let half = area.width / 2;
    let rows = (system.checks.len() + 2).max(system.processes.len() + 1);
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
    draw_settings(&system.settings, top, below, buffer, view);
}

fn bytes(number: Option<i64>) -> String {
    number.map_or_else(
        || units::UNKNOWN.to_owned(),
        |bytes| units::bytes(bytes.unsigned_abs()),
    )
}

fn draw_checks(system: &System, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Health", view);
    let last = area.height.saturating_sub(1);
    for (row, check) in (1..last.saturating_sub(1)).zip(&system.checks) {
        line::parts(buffer, line::row(area, row), &check_line(check, view), view);
    }
    let schema = schema_line(&system.migrations);
    line::parts(
        buffer,
        line::row(area, last.saturating_sub(1)),
        &schema,
        view,
    );
    let stores = stores_line(&system.stores, area.width, view);
    line::parts(buffer, line::row(area, last), &stores, view);
}

/// How far the schema is, and how far it should be.
fn schema_line(migrations: &Migrations) -> [Part; 2] {
    let applied = migrations.applied.as_deref().unwrap_or(units::UNKNOWN);
    let (role, text) = match migrations.pending {
        0 => (Role::Plain, applied.to_owned()),
        _ => (Role::Warn, format!("! {applied} of {}", migrations.newest)),
    };
    [(Role::Muted, " schema ".to_owned()), (role, text)]
}

fn check_line(check: &Check, view: &View) -> [Part; 3] {
    let (role, word) = match check.state {
        CheckState::Ok => (Role::Ok, "ok"),
        CheckState::Warn => (Role::Warn, "warn"),
        CheckState::Bad => (Role::Bad, "bad"),
        CheckState::Absent => (Role::Muted, "-"),
    };
    [
        (
            Role::Plain,
            format!(" {}", fit(&check.name, 12, Align::Left)),
        ),
        (view.live(role), format!(" {word:<5}")),
        (view.live(Role::Plain), check.text.clone()),
    ]
}

fn stores_line(stores: &Stores, width: u16, view: &View) -> Vec<Part> {
    let dot = view.glyphs.dot;
    let free = match (stores.disk_free_bytes, stores.disk_bytes) {
        (Some(free), Some(all)) if all > 0 => Some(units::share(free, all)),
        _ => None,
    };
    let role = if free.is_some_and(|free| free < LITTLE) {
        Role::Warn
    } else {
        Role::Plain
    };
    let free = free.map_or_else(|| units::UNKNOWN.to_owned(), units::percent);
    let (files, disk) = if width < ROOMY {
        ("", "")
    } else {
        ("files ", "disk ")
    };
    vec![
        (
            view.live(Role::Plain),
            format!(
                " {} {} {dot} {files}{} {dot} ",
                stores.database,
                bytes(stores.database_bytes),
                bytes(stores.blob_bytes)
            ),
        ),
        (view.live(role), format!("{disk}{free} free")),
    ]
}

fn draw_processes(system: &System, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Processes", view);
    let last = area.height.saturating_sub(1);
    for (row, process) in (1..last).zip(&system.processes) {
        let parts = process_line(process, system, area.width, view);
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
    let text = format!(" clock: console {off} {word} the server");
    line::text(buffer, line::row(area, last), &text, role, view);
}

fn process_line(process: &Process, system: &System, width: u16, view: &View) -> Vec<Part> {
    let differs = process.version != system.version;
    let cpu = process
        .cpu_ratio
        .map_or_else(|| units::UNKNOWN.to_owned(), units::percent);
    let id = if width < ROOMY { 6 } else { 10 };
    let mut parts = vec![
        (
            Role::Plain,
            format!(" {} {:<7}", fit(&process.id, id, Align::Left), process.role),
        ),
        (
            if differs { Role::Warn } else { Role::Plain },
            format!("{}{}", process.version, if differs { "!" } else { " " }),
        ),
        (
            view.live(Role::Plain),
            format!(
                "{:>4} {:>8} {cpu:>4}",
                view.age(process.started_at),
                bytes(process.rss_bytes)
            ),
        ),
    ];
    if process.leader {
        parts.push((Role::Muted, " leads".to_owned()));
    }
    if (view.server_time() - process.seen_at).num_seconds() > SILENT_S {
        let text = format!(" silent {}", view.age(process.seen_at));
        parts.push((Role::Bad, text));
    }
    parts
}

fn draw_settings(
    settings: &[SettingInForce],
    top: usize,
    area: Rect,
    buffer: &mut Buffer,
    view: &View,
) {
    let title = "Settings (source, value; secrets never leave the server)";
    line::rule(buffer, line::row(area, 0), title, view);
    let height = area.height.saturating_sub(1);
    let columns = if area.width >= TWO_COLUMNS { 2 } else { 1 };
    let width = area.width / columns;
    let shown = settings.iter().skip(top);
    let places = (0..columns).flat_map(|column| (0..height).map(move |row| (column, row)));
    for ((column, row), setting) in places.zip(shown) {
        let place = Rect {
            x: area.x + column * width,
            y: area.y + 1 + row,
            width: width.saturating_sub(1),
            height: 1,
        };
        line::parts(buffer, place, &setting_line(setting), view);
    }
}

fn setting_line(setting: &SettingInForce) -> [Part; 3] {
    let value = match (&setting.value, setting.secret) {
        (Some(value), _) => value.clone(),
        (None, true) => "secret".to_owned(),
        (None, false) => units::UNKNOWN.to_owned(),
    };
    let role = if setting.differs {
        Role::Info
    } else {
        Role::Muted
    };
    [
        (
            Role::Plain,
            format!(" {}", fit(&setting.name, 30, Align::Left)),
        ),
        (role, format!(" {:<12}", setting.source)),
        (Role::Plain, value),
    ]
}
