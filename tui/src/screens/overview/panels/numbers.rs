//! Requests, model work, money, jobs and stores in numbers.

use api::console::{SeriesPoint, Snapshot};
use chrono::{Datelike, Days, NaiveDate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units::{self, real};
use crate::theme::Role;
use crate::widgets::bar::{self, Bar};
use crate::widgets::line::{self, Part};
use crate::widgets::spark::spark;

fn whole(number: i64) -> f64 {
    real(u64::try_from(number).unwrap_or(0))
}

/// A label, a value in nine cells, and what follows it.
pub(super) fn row(label: &str, value: &str, role: Role, more: &str, view: &View) -> Vec<Part> {
    vec![
        (Role::Muted, format!(" {label:<9}")),
        (view.live(role), format!("{value:>9}")),
        (Role::Info, format!("  {more}")),
    ]
}

pub(super) fn show(rows: &[Vec<Part>], area: Rect, buffer: &mut Buffer, view: &View) {
    for (at, parts) in (1..).zip(rows) {
        line::parts(buffer, line::row(area, at), parts, view);
    }
}

pub(super) fn series(
    snapshot: &Snapshot,
    value: fn(&SeriesPoint) -> Option<f64>,
) -> Vec<Option<f64>> {
    snapshot.series.iter().map(value).collect()
}

pub(super) fn ratio_role(ratio: Option<f64>) -> Role {
    match ratio {
        Some(ratio) if ratio >= 0.05 => Role::Bad,
        Some(ratio) if ratio >= 0.01 => Role::Warn,
        _ => Role::Plain,
    }
}

pub(super) fn ms(value: Option<f64>) -> String {
    value.map_or_else(
        || units::UNKNOWN.to_owned(),
        |ms| units::duration_ms(units::whole(ms)),
    )
}

pub(super) fn errors(snapshot: &Snapshot) -> String {
    snapshot
        .pulse
        .error_ratio
        .map_or_else(|| units::UNKNOWN.to_owned(), units::percent_fine)
}

pub(super) fn requests(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Requests", view);
    let pulse = &snapshot.pulse;
    let glyphs = view.glyphs;
    let rate = spark(&series(snapshot, |at| at.requests_per_s), 16, glyphs);
    let failed = spark(&series(snapshot, |at| at.error_ratio), 16, glyphs);
    let mut rows = vec![
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
    ];
    let latency = &pulse.latency_ms;
    for (label, value) in [
        ("p50", latency.p50),
        ("p95", latency.p95),
        ("p99", latency.p99),
    ] {
        let bar = value.map_or_else(String::new, |ms| bar::latency(ms, 16, glyphs));
        rows.push(row(label, &ms(value), Role::Plain, &bar, view));
    }
    show(&rows, area, buffer, view);
}

pub(super) fn work(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Model work", view);
    let pulse = &snapshot.pulse;
    let glyphs = view.glyphs;
    let tokens = spark(&series(snapshot, |at| at.tokens_out_per_s), 14, glyphs);
    let open = spark(
        &series(snapshot, |at| at.streams_open.map(whole)),
        14,
        glyphs,
    );
    let streams = &pulse.streams;
    let refused = if streams.refused_1m > 0 {
        Role::Bad
    } else {
        Role::Plain
    };
    let wide = |label: &str, value: String, role: Role, more: String| {
        vec![
            (Role::Muted, format!(" {label:<15}")),
            (view.live(role), format!("{value:>7}")),
            (Role::Info, format!(" {more}")),
        ]
    };
    let rows = [
        wide(
            "tokens out",
            format!("{:.0}/s", pulse.tokens_out_per_s),
            Role::Plain,
            tokens,
        ),
        wide(
            "streams",
            format!("{}/{}", streams.open, streams.capacity),
            Role::Plain,
            open,
        ),
        wide(
            "first token p95",
            ms(pulse.first_token_ms.p95),
            Role::Plain,
            String::new(),
        ),
        wide(
            "refused 1m",
            units::count_i(streams.refused_1m),
            refused,
            String::new(),
        ),
        wide(
            "resumed 1m",
            units::count_i(streams.resumed_1m),
            Role::Plain,
            String::new(),
        ),
    ];
    show(&rows, area, buffer, view);
}

/// The share of the month that is over.
pub(crate) fn month_over(view: &View) -> f64 {
    let now = view.server_time();
    let days = month_end(view).map_or(30, |end| end.day());
    (f64::from(now.day()) - 0.5) / f64::from(days)
}

fn month_end(view: &View) -> Option<NaiveDate> {
    let today = view.server_time().date_naive();
    let (year, month) = if today.month() == 12 {
        (today.year() + 1, 1)
    } else {
        (today.year(), today.month() + 1)
    };
    NaiveDate::from_ymd_opt(year, month, 1)?.checked_sub_days(Days::new(1))
}

pub(super) fn money_bar(snapshot: &Snapshot, width: usize, view: &View) -> Option<(String, f64)> {
    let budget = &snapshot.money.budget;
    let limit = budget.limit_nanos.or(snapshot.money.house_line_nanos)?;
    let used = units::share(budget.spent_nanos, limit);
    let shown = Bar {
        used,
        held: units::share(snapshot.pulse.held_nanos, limit),
        today: Some(month_over(view)),
    };
    Some((bar::bar(shown, width, view.glyphs), used))
}

pub(super) fn spent(snapshot: &Snapshot) -> String {
    let money = &snapshot.money;
    let limit = money.budget.limit_nanos.or(money.house_line_nanos);
    let spent = units::money(money.budget.spent_nanos);
    match limit {
        Some(limit) => format!("{spent} of {}", units::money(limit)),
        None => spent,
    }
}

pub(super) fn forecast(snapshot: &Snapshot, view: &View) -> String {
    let budget = &snapshot.money.budget;
    let Some(forecast) = budget.forecast_nanos else {
        return units::UNKNOWN.to_owned();
    };
    let band = budget.forecast_band_nanos.map_or_else(String::new, |band| {
        format!(" {} {}", view.glyphs.spread, units::money(band))
    });
    format!("{}{band}", units::money(forecast))
}

pub(super) fn money_role(used: f64) -> Role {
    match used {
        used if used >= 0.9 => Role::Bad,
        used if used >= 0.8 => Role::Warn,
        _ => Role::Ok,
    }
}

pub(super) fn money(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Money", view);
    let pulse = &snapshot.pulse;
    let wide = |label: String, value: String| {
        vec![
            (Role::Muted, format!(" {label:<16}")),
            (view.live(Role::Plain), value),
        ]
    };
    let bar = money_bar(snapshot, 26, view);
    let end = month_end(view).map_or_else(String::new, |end| end.format(" %d %b").to_string());
    let holds = format!(
        "{} in {} holds",
        units::money(pulse.held_nanos),
        pulse.holds
    );
    let mut rows = vec![wide("this month".to_owned(), spent(snapshot))];
    rows.push(match bar {
        Some((bar, used)) => vec![
            (money_role(used), format!(" {bar}")),
            (Role::Plain, format!(" {:>5}", units::percent(used))),
        ],
        None => vec![(Role::Muted, " no limit, no house line".to_owned())],
    });
    rows.push(wide(format!("forecast{end}"), forecast(snapshot, view)));
    let rate = format!("{}/min", units::money_fine(pulse.spend_nanos_per_min));
    rows.push(wide("rate now".to_owned(), rate));
    rows.push(wide("held now".to_owned(), holds));
    if pulse.drift_nanos != 0 {
        let drift = format!(" ! drift {}", units::money_exact(pulse.drift_nanos));
        rows.push(vec![(Role::Bad, drift)]);
    }
    show(&rows, area, buffer, view);
}

pub(super) fn jobs(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Jobs", view);
    let jobs = &snapshot.pulse.jobs;
    let queue = spark(
        &series(snapshot, |at| at.jobs_queued.map(whole)),
        16,
        view.glyphs,
    );
    let oldest = jobs
        .oldest_queued_s
        .map_or_else(String::new, |age| format!("oldest {}", units::age_s(age)));
    let next = jobs
        .next_retry_at
        .map_or_else(String::new, |at| format!("next in {}", view.until(at)));
    let waiting = jobs.awaiting_budget + jobs.awaiting_input;
    let old = jobs.oldest_queued_s.is_some_and(|age| age > 300);
    let much = whole(jobs.failed_24h) > jobs.failed_median_7d * 3.0;
    let line = |label: &str, count: i64, role: Role, more: String, spark: String| {
        vec![
            (Role::Muted, format!(" {label:<9}")),
            (view.live(role), format!("{:>6}", units::count_i(count))),
            (Role::Muted, format!("   {more:<24}")),
            (Role::Info, spark),
        ]
    };
    let role = |bad: bool, role: Role| if bad { role } else { Role::Plain };
    let rows = [
        line("queued", jobs.queued, role(old, Role::Warn), oldest, queue),
        line(
            "running",
            jobs.running,
            Role::Plain,
            format!("of {} slots", jobs.slots),
            String::new(),
        ),
        line("retrying", jobs.retrying, Role::Plain, next, String::new()),
        line(
            "waiting",
            waiting,
            role(waiting > 0, Role::Warn),
            format!(
                "budget {} {} input {}",
                jobs.awaiting_budget, view.glyphs.dot, jobs.awaiting_input
            ),
            String::new(),
        ),
        line(
            "failed",
            jobs.failed_24h,
            role(much, Role::Bad),
            format!("in 24 h  (7-day median {:.0})", jobs.failed_median_7d),
            String::new(),
        ),
    ];
    show(&rows, area, buffer, view);
}

pub(super) fn stores(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer, view: &View) {
    let stores = &snapshot.stores;
    let size = |bytes: Option<i64>| {
        bytes.map_or_else(
            || units::UNKNOWN.to_owned(),
            |bytes| units::bytes(bytes.unsigned_abs()),
        )
    };
    let free = match (stores.disk_free_bytes, stores.disk_bytes) {
        (Some(free), Some(all)) => Some(units::share(free, all)),
        _ => None,
    };
    let role = match free {
        Some(free) if free < 0.1 => Role::Bad,
        Some(free) if free < 0.2 => Role::Warn,
        _ => Role::Plain,
    };
    let dot = view.glyphs.dot;
    let parts = [
        (Role::Title, "Stores ".to_owned()),
        (
            Role::Plain,
            format!(
                " {} {} {dot} blobs {} {dot} ",
                stores.database,
                size(stores.database_bytes),
                size(stores.blob_bytes)
            ),
        ),
        (
            role,
            free.map_or_else(
                || "disk unknown".to_owned(),
                |free| format!("disk {} free", units::percent(free)),
            ),
        ),
    ];
    line::parts(buffer, area, &parts, view);
}
