//! What is known of an answer under way: who and by whom at the left, how fast and how dear at the
//! right.

use api::console::Stream;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::screens::streams::state_role;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};
use crate::widgets::spark::spark;

/// Lines that it needs.
pub(super) const HEIGHT: u16 = 7;

pub(super) fn draw(stream: &Stream, ended: bool, area: Rect, buffer: &mut Buffer, view: &View) {
    let half = area.width / 2;
    let left = Rect {
        width: half.saturating_sub(1),
        ..area
    };
    let right = Rect {
        x: area.x + half,
        width: area.width - half,
        ..area
    };
    line::rule(buffer, line::row(left, 0), "Stream", view);
    show(&who(stream, ended, view), left, buffer, view);
    line::rule(buffer, line::row(right, 0), "Speed and money", view);
    show(&how(stream, ended, view), right, buffer, view);
}

fn show(facts: &[(&str, Part)], area: Rect, buffer: &mut Buffer, view: &View) {
    for (row, (label, value)) in (1..area.height).zip(facts) {
        let parts = [(Role::Muted, format!(" {label:<12}")), value.clone()];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

fn who(stream: &Stream, ended: bool, view: &View) -> [(&'static str, Part); 5] {
    let state = if ended {
        (Role::Muted, "ended".to_owned())
    } else {
        let role = state_role(stream.state);
        (view.live(role), stream.state.word().to_owned())
    };
    let unknown = || units::UNKNOWN.to_owned();
    let by = format!(
        "{} {}",
        stream.provider.clone().unwrap_or_else(unknown),
        stream.model.clone().unwrap_or_default()
    );
    let started = format!(
        "{} UTC, {} ago",
        units::clock(stream.started_at),
        view.age(stream.started_at)
    );
    [
        ("state", state),
        ("user", line::plain(stream.email.clone())),
        ("answered by", line::plain(by)),
        ("started", line::plain(started)),
        (
            "where",
            line::plain(format!("{} in process {}", stream.kind, stream.process)),
        ),
    ]
}

fn how(stream: &Stream, ended: bool, view: &View) -> [(&'static str, Part); 5] {
    let live = view.live(Role::Plain);
    let first = stream.first_token_ms.map_or_else(
        || units::UNKNOWN.to_owned(),
        |ms| units::duration_ms(ms.unsigned_abs()),
    );
    let tokens = units::count_i(stream.tokens_out);
    let tokens = if ended {
        tokens
    } else {
        format!("{tokens} at {:.0}/s", stream.tokens_per_s)
    };
    let values: Vec<Option<f64>> = stream.series.iter().copied().map(Some).collect();
    let money = format!(
        "~{}, held {}",
        units::money_fine(stream.cost_nanos),
        units::money_fine(stream.held_nanos)
    );
    [
        ("first token", line::plain(first)),
        ("tokens", (live, tokens)),
        (
            "last 30 s",
            (view.live(Role::Info), spark(&values, 15, view.glyphs)),
        ),
        ("cost", (live, money)),
        (
            "kept",
            line::plain(format!(
                "{} to be read again",
                units::bytes(stream.buffer_bytes.unsigned_abs())
            )),
        ),
    ]
}
