//! Budgets: where does the money go, who runs out when?

pub mod acts;

use api::console::{FeedEvent, SpendLine, SpendTotal};
use api::filter::{SPEND, Schema};
use chrono::{Datelike, Months, NaiveDate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use super::overview::month_over;
use super::users::columns::{forecast, limit};
use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{Noun, read_rows};
use crate::client::{Reply, Request};
use crate::keys::Command;
use crate::object::Object;
use crate::place::Place;
use crate::text::units::{self, money};
use crate::theme::Role;
use crate::widgets::bar::{Bar, bar};
use crate::widgets::line;
use crate::widgets::table::{Cell, Column, left, right};

const PATH: &str = "/api/admin/spend";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "budgets",
    help: "limits, and what is left of them",
    find: crate::screens::users::find,
    read: |reply| read_rows(reply, |user| Object::User(Box::new(user))),
    list: Some(PATH),
    schema: &SPEND,
    acts: acts::ACTS,
};

static COLUMNS: &[Column<SpendLine>] = &[
    left("USER", "email", (28, 22), |row, _, _| {
        Cell::new(row.email.clone())
    }),
    right("LIMIT", "limit", (10, 9), |row, _, _| limit(&row.budget)),
    right("SPENT", "spent", (10, 9), |row, _, view| {
        Cell::role(money(row.budget.spent_nanos), view.live(Role::Plain))
    }),
    right("HELD", "held", (8, 7), |row, _, _| {
        Cell::new(money(row.budget.held_nanos))
    }),
    right("LEFT", "", (10, 9), |row, _, _| {
        Cell::new(
            row.budget
                .left_nanos
                .map_or_else(|| units::UNKNOWN.to_owned(), money),
        )
    }),
    left("USED OF LIMIT | TODAY", "used", (25, 5), used),
    right("FCST", "", (9, 8), |row, _, _| forecast(&row.budget)),
    left("HITS", "", (7, 0), |row, _, view| {
        match row.budget.exhausts_at {
            Some(at) if at <= view.server_time() => Cell::role("now", Role::Bad),
            Some(at) => Cell::role(at.format("%d %b").to_string(), Role::Warn),
            None => Cell::new(units::UNKNOWN),
        }
    }),
];

/// A bar of used and held with today's place in the month.
fn used(row: &SpendLine, width: u16, view: &View) -> Cell {
    let budget = &row.budget;
    let (Some(all), Some(ratio)) = (budget.limit_nanos, budget.used_ratio) else {
        return match budget.limit_nanos {
            Some(0) => Cell::role("blocked", Role::Bad),
            _ => Cell::new(""),
        };
    };
    let role = match ratio {
        ratio if ratio >= 1.0 => Role::Bad,
        ratio if ratio >= 0.8 => Role::Warn,
        _ => Role::Plain,
    };
    let percent = units::percent(ratio);
    if width < 14 {
        return Cell::role(percent, role);
    }
    let shown = Bar {
        used: units::share(budget.spent_nanos, all),
        held: units::share(budget.held_nanos, all),
        today: Some(month_over(view)),
    };
    let bar = bar(shown, usize::from(width).min(30) - 7, view.glyphs);
    Cell::role(format!("{bar} {percent:>5}"), role)
}

/// Spend of a month.
#[derive(Default)]
pub struct Budgets {
    /// Months before this one.
    back: u32,
    total: Option<SpendTotal>,
    /// The month that is shown, once it is known which one is now.
    period: String,
}

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(Budgets::default(), ""))
}

impl Budgets {
    fn turn(&mut self, back: u32, cx: &Cx) {
        self.back = back;
        let now = cx.mirror.server_time(cx.now.utc).date_naive();
        let first = NaiveDate::from_ymd_opt(now.year(), now.month(), 1);
        let month = first.and_then(|first| first.checked_sub_months(Months::new(back)));
        self.period = match month {
            Some(month) if back > 0 => month.format("%Y-%m").to_string(),
            _ => String::new(),
        };
        self.total = None;
    }
}

impl Listing for Budgets {
    type Row = SpendLine;

    fn noun(&self) -> &'static str {
        "budgets"
    }

    fn columns(&self) -> &'static [Column<SpendLine>] {
        COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &SPEND
    }

    fn request(&self) -> Request {
        Request::get(PATH).with("period", self.period.clone())
    }

    fn id(&self, row: &SpendLine) -> String {
        row.user_id.to_string()
    }

    fn object(&self, row: &SpendLine) -> Object {
        Object::Spend(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn open(&self, row: &SpendLine) -> Option<Place> {
        Some(Place::Ledger {
            filter: format!("user:{}", row.user_id),
        })
    }

    fn change(&self, event: &FeedEvent) -> Change<SpendLine> {
        match event {
            FeedEvent::Account(_) if self.back == 0 => Change::Reload,
            _ => Change::None,
        }
    }

    fn empty(&self, filtered: bool) -> String {
        if filtered {
            "No budgets match. Esc clears the filter.".to_owned()
        } else {
            "Nobody has spent anything, and nobody has a limit.".to_owned()
        }
    }
}

impl Frame for Budgets {
    fn place(&self, _: &str) -> Place {
        Place::Budgets
    }

    fn title(&self) -> String {
        match &self.total {
            Some(total) => format!("Budgets | {}", total.budget.period),
            None => "Budgets".to_owned(),
        }
    }

    fn remark(&self, _: &View) -> String {
        match &self.total {
            Some(total) if total.drift_nanos == 0 => "drift $0.00 ok".to_owned(),
            Some(total) => format!("! drift {}", units::money_exact(total.drift_nanos)),
            None => String::new(),
        }
    }

    fn head_height(&self, _: Rect) -> u16 {
        1
    }

    fn draw_head(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(total) = &self.total else { return };
        let dot = view.glyphs.dot;
        let house = &total.budget;
        let or_none = |limit: Option<i64>| limit.map_or_else(|| "none".to_owned(), money);
        let forecast = house.forecast_nanos.map_or_else(String::new, |forecast| {
            format!(" {dot} forecast {}", money(forecast))
        });
        let text = format!(
            " house line {} {dot} spent {} {dot} held {}{forecast}",
            or_none(total.house_line_nanos),
            money(house.spent_nanos),
            money(house.held_nanos)
        );
        line::text(buffer, area, &text, Role::Plain, view);
        let right = format!(
            "new users get {} [D]  < > month",
            or_none(total.default_limit_nanos)
        );
        if area.width >= 100 {
            line::right(buffer, area, &[(Role::Muted, right)], view);
        }
    }

    fn ask(&mut self, cx: &mut Cx) {
        let request = Request::get(format!("{PATH}/total")).with("period", self.period.clone());
        cx.fetch("total", request);
    }

    fn answered(&mut self, part: &'static str, reply: Reply, _: &mut Cx) -> bool {
        if part == "total" {
            self.total = reply.decode().ok();
        }
        false
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> (bool, bool) {
        let back = match command {
            Command::TabLeft => self.back.saturating_add(1).min(120),
            Command::TabRight => self.back.saturating_sub(1),
            _ => return (false, false),
        };
        let changed = back != self.back;
        if changed {
            self.turn(back, cx);
            self.ask(cx);
        }
        (true, changed)
    }
}
