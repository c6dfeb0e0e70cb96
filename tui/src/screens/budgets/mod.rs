//! Budgets: where does the money go, who runs out when?

pub mod acts;
mod columns;
mod head;
mod month;

use api::console::{FeedEvent, SpendLine};
use api::filter::{SPEND, Schema};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{Noun, read_rows};
use crate::client::{Failure, Reply, Request};
use crate::keys::Command;
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::widgets::table::Column;
use head::House;
use month::Month;

const PATH: &str = "/api/admin/spend";
/// As far as one can turn back.
const MOST_MONTHS: u32 = 120;
/// The house's money is read again at most this often.
const FOLLOW_MS: u64 = 5_000;

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

/// Spend of a month.
#[derive(Debug, Default)]
pub struct Budgets {
    /// Months before this one.
    back: u32,
    /// The month that is shown, once it is known which one is now.
    month: Option<Month>,
    house: House,
    /// When the house's money may be read again.
    rests_until_ms: u64,
}

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(Budgets::default(), ""))
}

impl Budgets {
    /// The server's name of a month that is over; nothing is this one.
    fn period(&self) -> String {
        self.month
            .filter(|_| self.back > 0)
            .map(Month::period)
            .unwrap_or_default()
    }
}

impl Listing for Budgets {
    type Row = SpendLine;

    fn noun(&self) -> &'static str {
        "budgets"
    }

    fn columns(&self) -> &'static [Column<SpendLine>] {
        columns::COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &SPEND
    }

    fn request(&self) -> Request {
        Request::get(PATH).with("period", self.period())
    }

    fn id(&self, row: &SpendLine) -> String {
        row.user_id.to_string()
    }

    fn object(&self, row: &SpendLine) -> Object {
        Object::Spend(Box::new(row.clone()))
    }

    /// A limit is of this month and those that come.
    fn acts(&self) -> &'static [&'static Act] {
        if self.back > 0 {
            acts::PAST
        } else {
            acts::ACTS
        }
    }

    fn open(&self, row: &SpendLine) -> Option<Place> {
        let user = format!("user:{}", row.user_id);
        let filter = match self.month {
            Some(month) => format!("{user} {}", month.charges()),
            None => user,
        };
        Some(Place::Ledger { filter })
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
        } else if self.back > 0 {
            "Nobody spent anything in this month. > goes on to the next.".to_owned()
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
        match self.month {
            Some(month) => format!("Budgets | {}", month.title()),
            None => "Budgets".to_owned(),
        }
    }

    fn remark(&self, view: &View) -> String {
        let now = view.mirror.pulse_now().map(|pulse| pulse.drift_nanos);
        match now.or_else(|| self.house.drift()) {
            Some(0) => "drift $0.00 ok".to_owned(),
            Some(drift) => format!("! drift {}", units::money_exact(drift)),
            None => String::new(),
        }
    }

    fn head_height(&self, area: Rect) -> u16 {
        if area.height >= 24 { 2 } else { 1 }
    }

    fn draw_head(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        self.house.draw(self.back > 0, area, buffer, view);
    }

    fn ask(&mut self, cx: &mut Cx) {
        let now = cx.mirror.server_time(cx.now.utc);
        self.month = Some(Month::before(now, self.back));
        House::ask(&self.period(), cx);
        self.rests_until_ms = cx.now.ms.saturating_add(FOLLOW_MS);
    }

    fn answered(&mut self, part: &'static str, reply: Reply, _: &mut Cx) -> bool {
        self.house.answered(part, &reply);
        false
    }

    fn missed(&mut self, part: &'static str, failure: &Failure) {
        self.house.missed(part, failure);
    }

    fn heard(&mut self, event: &FeedEvent, cx: &mut Cx) {
        let moved = matches!(event, FeedEvent::Account(_) | FeedEvent::Snapshot(_));
        if moved && self.back == 0 && cx.now.ms >= self.rests_until_ms {
            self.rests_until_ms = cx.now.ms.saturating_add(FOLLOW_MS);
            House::ask_again(&self.period(), FOLLOW_MS - 500, cx);
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> (bool, bool) {
        let back = match command {
            Command::TabLeft => self.back.saturating_add(1).min(MOST_MONTHS),
            Command::TabRight => self.back.saturating_sub(1),
            _ => return (false, false),
        };
        let changed = back != self.back;
        if changed {
            self.back = back;
            self.house.forget_month();
            self.ask(cx);
        }
        (true, changed)
    }
}
