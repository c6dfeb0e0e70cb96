//! The numbers where there are 80 columns.

use api::console::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::numbers::{
    errors, forecast, money_bar, money_role, ms, ratio_role, row, series, show, spent,
};
use crate::screens::View;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line;
use crate::widgets::spark::spark;

pub(super) fn requests_small(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Requests", view);
    let pulse = &snapshot.pulse;
    let rate = spark(&series(snapshot, |at| at.requests_per_s), 14, view.glyphs);
    let failed = spark(&series(snapshot, |at| at.error_ratio), 14, view.glyphs);
    let latency = &pulse.latency_ms;
    let percentiles = format!(
        " p50 {}  p95 {}  p99 {}",
        ms(latency.p50),
        ms(latency.p95),
        ms(latency.p99)
    );
    let rows = [
        row(
            "rate",
            &units::per_second(pulse.requests_per_s),
            Role::Plain,
            &rate,
            view,
        ),
        row(
            "errors",
            &errors(snapshot),
            ratio_role(pulse.error_ratio),
            &failed,
            view,
        ),
        vec![(view.live(Role::Plain), percentiles)],
    ];
    show(&rows, area, buffer, view);
}

pub(super) fn work_small(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Model work", view);
    let pulse = &snapshot.pulse;
    let streams = &pulse.streams;
    let tokens = spark(&series(snapshot, |at| at.tokens_out_per_s), 14, view.glyphs);
    let open = format!("ttft95 {}", ms(pulse.first_token_ms.p95));
    let refused = if streams.refused_1m > 0 {
        Role::Bad
    } else {
        Role::Plain
    };
    let rows = [
        row(
            "tok out",
            &format!("{:.0}/s", pulse.tokens_out_per_s),
            Role::Plain,
            &tokens,
            view,
        ),
        row(
            "streams",
            &format!("{}/{}", streams.open, streams.capacity),
            Role::Plain,
            &open,
            view,
        ),
        row(
            "refused",
            &units::count_i(streams.refused_1m),
            refused,
            "in 1 min",
            view,
        ),
    ];
    show(&rows, area, buffer, view);
}

pub(super) fn money_small(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Money", view);
    let mut first = vec![(view.live(Role::Plain), format!(" {}", spent(snapshot)))];
    if let Some((bar, used)) = money_bar(snapshot, 12, view) {
        first.push((money_role(used), format!(" {bar} {}", units::percent(used))));
    }
    let rows = [
        first,
        vec![
            (Role::Muted, " forecast ".to_owned()),
            (Role::Plain, forecast(snapshot, view)),
        ],
    ];
    show(&rows, area, buffer, view);
}

pub(super) fn jobs_small(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Jobs", view);
    let jobs = &snapshot.pulse.jobs;
    let oldest = jobs
        .oldest_queued_s
        .map_or_else(String::new, |age| format!(" ({})", units::age_s(age)));
    let waiting = jobs.awaiting_budget + jobs.awaiting_input;
    let rows = [
        vec![(
            view.live(Role::Plain),
            format!(
                " queued {}{oldest}  running {}  retry {}",
                jobs.queued, jobs.running, jobs.retrying
            ),
        )],
        vec![
            (
                if waiting > 0 { Role::Warn } else { Role::Plain },
                format!(" waiting {waiting}{}", if waiting > 0 { "!" } else { "" }),
            ),
            (
                Role::Plain,
                format!("       failed {}/24h", jobs.failed_24h),
            ),
        ],
    ];
    show(&rows, area, buffer, view);
}
