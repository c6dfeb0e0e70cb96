//! The house's money of the month, above the users'.

use api::console::{SpendGroup, SpendGroups, SpendTotal};
use chrono::NaiveDate;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::client::{Failure, Reply, Request};
use crate::screens::{Cx, View};
use crate::text::units::{self, money};
use crate::text::width::cells;
use crate::theme::Role;
use crate::widgets::line::{self, Part};
use crate::widgets::spark::spark;

const PATH: &str = "/api/admin/spend";

/// What the house spent.
#[derive(Debug, Default)]
pub(super) struct House {
    /// Of this month, whichever is shown; the server adds no other up.
    pub(super) total: Option<SpendTotal>,
    days: Vec<SpendGroup>,
    models: Vec<SpendGroup>,
    failure: Option<Failure>,
}

impl House {
    /// Asks for all of it.
    pub(super) fn ask(period: &str, cx: &mut Cx) {
        cx.fetch("total", Request::get(format!("{PATH}/total")));
        cx.fetch("days", by("day", period));
        cx.fetch("models", by("model", period));
    }

    /// Asks again for what moves.
    pub(super) fn ask_again(period: &str, after_ms: u64, cx: &mut Cx) {
        cx.fetch_after("total", Request::get(format!("{PATH}/total")), after_ms);
        cx.fetch_after("days", by("day", period), after_ms);
    }

    /// Another month: its days are not known yet.
    pub(super) fn forget_month(&mut self) {
        self.days.clear();
        self.models.clear();
    }

    pub(super) fn answered(&mut self, part: &str, reply: &Reply) {
        let groups = || reply.decode::<SpendGroups>().map(|groups| groups.items);
        match part {
            "days" => self.days = groups().unwrap_or_default(),
            "models" => self.models = groups().unwrap_or_default(),
            _ => match reply.decode() {
                Ok(total) => {
                    self.total = Some(total);
                    self.failure = None;
                }
                Err(failure) => self.failure = Some(failure),
            },
        }
    }

    /// The days and models are an ornament; without the total the head says why.
    pub(super) fn missed(&mut self, part: &str, failure: &Failure) {
        if part == "total" {
            self.failure = Some(failure.clone());
        }
    }

    /// What the ledger and the months' sums disagree by.
    pub(super) fn drift(&self) -> Option<i64> {
        self.total.as_ref().map(|total| total.drift_nanos)
    }

    /// Draws one line, or two where there is room.
    pub(super) fn draw(&self, past: bool, area: Rect, buffer: &mut Buffer, view: &View) {
        let first = line::row(area, 0);
        if let Some(failure) = &self.failure {
            let text = format!(" the house's money: could not load: {failure}  r now");
            line::text(buffer, first, &text, Role::Bad, view);
        } else if let Some(total) = &self.total {
            let parts = if past {
                self.past(total, view)
            } else {
                now(total, view)
            };
            let used = line::parts(buffer, first, &parts, view);
            let rules = rules(total);
            let width = u16::try_from(cells(&rules)).unwrap_or(u16::MAX);
            if used.saturating_add(width) < area.width {
                line::right(buffer, first, &[(Role::Muted, rules)], view);
            }
        }
        self.draw_days(line::row(area, 1), buffer, view);
    }

    /// Of a month that is over: nothing is held and nothing forecast.
    fn past(&self, total: &SpendTotal, view: &View) -> Vec<Part> {
        let dot = view.glyphs.dot;
        let spent: i64 = self.days.iter().map(|day| day.spent_nanos).sum();
        let entries: i64 = self.days.iter().map(|day| day.entries).sum();
        let known = if self.days.is_empty() {
            units::UNKNOWN.to_owned()
        } else {
            format!("{} in {} charges", money(spent), units::count_i(entries))
        };
        let line = or_none(total.house_line_nanos);
        vec![line::plain(format!(
            " house line {line} {dot} spent {known}"
        ))]
    }

    /// Where it went: by day, then the dearest models.
    fn draw_days(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let values = day_by_day(&self.days);
        if values.is_empty() {
            return;
        }
        let mut parts: Vec<Part> = vec![
            (Role::Muted, " days ".to_owned()),
            (
                view.live(Role::Info),
                spark(&values, values.len().min(31), view.glyphs),
            ),
        ];
        if let Some(peak) = self.days.iter().max_by_key(|day| day.spent_nanos) {
            let day = date(peak).map_or_else(
                || peak.group.clone(),
                |date| date.format("%d %b").to_string(),
            );
            let text = format!("  peak {day} {}", money(peak.spent_nanos));
            parts.push((Role::Muted, text));
        }
        let mut used: usize = parts.iter().map(|(_, text)| cells(text)).sum();
        for model in &self.models {
            let text = format!(
                " {} {} {}",
                view.glyphs.dot,
                model.group,
                money(model.spent_nanos)
            );
            used += cells(&text);
            if used > usize::from(area.width) {
                break;
            }
            parts.push((Role::Plain, text));
        }
        line::parts(buffer, area, &parts, view);
    }
}

fn by(group: &str, period: &str) -> Request {
    Request::get(format!("{PATH}/by"))
        .with("group", group)
        .with("period", period)
}

fn or_none(limit: Option<i64>) -> String {
    limit.map_or_else(|| "none".to_owned(), money)
}

fn rules(total: &SpendTotal) -> String {
    let default = total
        .default_limit_nanos
        .map_or_else(|| "no limit".to_owned(), money);
    format!("new users get {default} [D]")
}

fn now(total: &SpendTotal, view: &View) -> Vec<Part> {
    let dot = view.glyphs.dot;
    let house = &total.budget;
    let pulse = view.mirror.pulse_now();
    let held = pulse.map_or(house.held_nanos, |pulse| pulse.held_nanos);
    let beyond = |nanos: i64| total.house_line_nanos.is_some_and(|line| nanos > line);
    let mut parts = vec![
        line::plain(format!(
            " house line {} {dot} ",
            or_none(total.house_line_nanos)
        )),
        (
            view.live(if beyond(house.spent_nanos) {
                Role::Bad
            } else {
                Role::Plain
            }),
            format!("spent {}", money(house.spent_nanos)),
        ),
        (
            view.live(Role::Plain),
            format!(" {dot} held {}", money(held)),
        ),
    ];
    if let Some(forecast) = house.forecast_nanos {
        let band = house.forecast_band_nanos.map_or_else(String::new, |band| {
            format!(" {} {}", view.glyphs.spread, money(band))
        });
        let (role, sign) = if beyond(forecast) {
            (Role::Warn, "!")
        } else {
            (Role::Plain, "")
        };
        let text = format!(" {dot} forecast {}{sign}{band}", money(forecast));
        parts.push((view.live(role), text));
    }
    parts
}

fn date(day: &SpendGroup) -> Option<NaiveDate> {
    day.group.parse().ok()
}

/// From the first day of the month to the last that is known; a day without charges cost nothing.
fn day_by_day(days: &[SpendGroup]) -> Vec<Option<f64>> {
    let mut values = Vec::new();
    for (day, date) in days.iter().filter_map(|day| Some((day, date(day)?))) {
        let at = usize::try_from(chrono::Datelike::day0(&date)).unwrap_or(0);
        values.resize(values.len().max(at + 1), Some(0.0));
        if let Some(value) = values.get_mut(at) {
            *value = Some(units::real(day.spent_nanos.max(0).unsigned_abs()));
        }
    }
    values
}
