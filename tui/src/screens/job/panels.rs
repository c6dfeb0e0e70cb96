//! The panels of a job.

use api::console::{JobDetail, JobEvent, StageState};
use chrono::Duration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use crate::screens::View;
use crate::text::units;
use crate::text::width::{Align, fit};
use crate::theme::Role;
use crate::widgets::line::{self, Part};
use crate::widgets::timeline::{Span, timeline};

/// Cells before the axis.
const LABELS: u16 = 22;

fn halves(area: Rect, y: u16, height: u16) -> [Rect; 2] {
    let y = y.min(area.height);
    let left = area.width / 2;
    let height = height.min(area.height - y);
    [
        Rect {
            y: area.y + y,
            width: left.saturating_sub(1),
            height,
            ..area
        },
        Rect {
            x: area.x + left,
            y: area.y + y,
            width: area.width - left,
            height,
        },
    ]
}

pub(super) fn draw(
    detail: &JobDetail,
    events: &[JobEvent],
    top: usize,
    area: Rect,
    buffer: &mut Buffer,
    view: &View,
) {
    let stages = u16::try_from(detail.stages.len())
        .unwrap_or(u16::MAX)
        .min(10);
    draw_stages(detail, area, buffer, view);
    let y = stages + 2;
    let attempts = u16::try_from(detail.attempt_list.len()).unwrap_or(u16::MAX);
    let height = attempts.clamp(4, 8) + 1;
    let [left, right] = halves(area, y, height);
    draw_attempts(detail, left, buffer, view);
    draw_money(detail, right, buffer, view);
    let y = y + height + 1;
    let [left, right] = halves(area, y, area.height.saturating_sub(y));
    draw_events(events, top, left, buffer, view);
    draw_parameters(detail, right, buffer, view);
}

fn draw_stages(detail: &JobDetail, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Stages", view);
    let spans: Vec<Option<Span>> = detail
        .stages
        .iter()
        .map(|stage| {
            let from = stage.started_at?;
            let took = Duration::milliseconds(stage.took_ms.unwrap_or(0));
            Some(Span {
                from,
                to: from + took,
                running: stage.state == StageState::Running,
            })
        })
        .collect();
    let axis = usize::from(area.width.saturating_sub(LABELS + 1));
    let bars = timeline(&spans, axis, view.glyphs);
    for (row, (stage, bar)) in (1..).zip(detail.stages.iter().zip(bars)) {
        let (role, sign) = match stage.state {
            StageState::Waiting => (Role::Muted, "-"),
            StageState::Running => (Role::Info, view.glyphs.info),
            StageState::Done => (Role::Ok, view.glyphs.done),
            StageState::Failed => (Role::Bad, view.glyphs.bad),
        };
        let took = stage.took_ms.map_or_else(String::new, |ms| {
            units::duration_ms(u64::try_from(ms).unwrap_or(0))
        });
        let parts = [
            (
                Role::Plain,
                format!(" {}", fit(&stage.name, 11, Align::Left)),
            ),
            (role, sign.to_owned()),
            (Role::Plain, format!("{took:>7}  ")),
            (role, bar),
        ];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

fn draw_attempts(detail: &JobDetail, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Attempts", view);
    let room = usize::from(area.height.saturating_sub(1));
    let skip = detail.attempt_list.len().saturating_sub(room);
    for (row, attempt) in (1..).zip(detail.attempt_list.iter().skip(skip)) {
        let took = attempt.took_ms.map_or_else(
            || "runs".to_owned(),
            |ms| units::duration_ms(u64::try_from(ms).unwrap_or(0)),
        );
        let mut parts: Vec<Part> = vec![(
            Role::Plain,
            format!(
                " {:<2} {} {took:>6}  ",
                attempt.attempt,
                units::clock(attempt.started_at)
            ),
        )];
        if let Some(error) = &attempt.error {
            parts.push((Role::Warn, format!("{:<10} ", error.class)));
            parts.push((Role::Plain, error.message.clone()));
        }
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

fn draw_money(detail: &JobDetail, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Money and links", view);
    let job = &detail.job;
    let or_unknown =
        |nanos: Option<i64>| nanos.map_or_else(|| units::UNKNOWN.to_owned(), units::money_fine);
    let dot = view.glyphs.dot;
    let mut links = Vec::new();
    if let Some(id) = job.replay_of {
        links.push(format!("replay of {id}"));
    }
    if let Some(id) = job.replayed_by {
        links.push(format!("replayed by {id}"));
    }
    if let Some(trace) = &job.trace_id {
        links.push(format!(
            "trace {}",
            crate::text::width::cut_middle(trace, 17)
        ));
    }
    let lease = job
        .lease_until
        .map_or_else(String::new, |at| format!(" {dot} lease {}", view.until(at)));
    let rows = [
        format!(
            " quoted {} {dot} held {} {dot} spent {}",
            or_unknown(job.quote_nanos),
            units::money_fine(job.held_nanos),
            or_unknown(job.cost_nanos)
        ),
        format!(" {}", links.join(&format!(" {dot} "))),
        format!(
            " timeout {} {dot} priority {}{lease}",
            timeout(detail.timeout_s),
            job.priority
        ),
        format!(
            " made {} ago {} UTC",
            view.age(job.created_at),
            units::moment(job.created_at)
        ),
    ];
    for (row, text) in (1..).zip(rows) {
        line::text(buffer, line::row(area, row), &text, Role::Plain, view);
    }
}

fn draw_events(events: &[JobEvent], top: usize, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Events (job_events)", view);
    for (row, event) in (1..area.height).zip(events.iter().rev().skip(top)) {
        let mut text = event.kind.clone();
        if let Some(attempt) = event.attempt {
            text = format!("{text} {attempt}");
        }
        if let Some(stage) = &event.stage {
            text = format!("{text} {stage}");
        }
        let data = event.data.as_ref().map(facts).unwrap_or_default();
        let role = if event.kind.contains("fail") {
            Role::Bad
        } else {
            Role::Plain
        };
        let parts = [
            (Role::Muted, format!(" {} ", units::clock(event.at))),
            (role, format!("{text} ")),
            (Role::Muted, data),
        ];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

fn draw_parameters(detail: &JobDetail, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Parameters (no content)", view);
    let mut lines = Vec::new();
    if let Value::Object(fields) = &detail.params {
        lines.extend(
            fields
                .iter()
                .map(|(name, value)| format!("{name} {}", plain(value))),
        );
    }
    if let Some(checkpoint) = &detail.checkpoint {
        lines.push(format!("checkpoint {}", facts(checkpoint)));
    }
    for (row, text) in (1..area.height).zip(lines) {
        line::text(
            buffer,
            line::row(area, row),
            &format!(" {text}"),
            Role::Plain,
            view,
        );
    }
}

/// Fields as `name=value`.
fn facts(data: &Value) -> String {
    match data {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name}={}", plain(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => plain(other),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How long a run may take; a kind that nobody knows any more has no bound.
fn timeout(seconds: i64) -> String {
    match seconds {
        i64::MIN..1 => units::UNKNOWN.to_owned(),
        _ => units::age_s(seconds),
    }
}
