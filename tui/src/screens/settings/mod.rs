//! Settings: what do users see, and what do new ones get? Name, colours, prompts with a preview; the
//! rules of money.

pub mod acts;
mod branding;
mod preview;

use api::admin::AppSettings;
use api::console::{FeedEvent, MoneyDefaults};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::loaded::Loaded;
use super::{Chosen, Cx, Screen, Typing, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun};
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line;
use branding::Branding;

const PATH: &str = "/api/settings";
/// Rules of money: what new users get, and the house's line.
const MONEY: &str = "/api/admin/settings";

/// The shell's noun: one thing, shown whole.
pub static NOUN: Noun = Noun {
    name: "settings",
    help: "what users see: name, colours, prompts",
    find: |_| Request::get(PATH),
    read: |reply| {
        let settings: AppSettings = reply.decode()?;
        Ok(vec![Object::Branding(Box::new(settings))])
    },
    list: None,
    schema: &NO_FIELDS,
    acts: acts::ACTS,
};

/// The screen.
#[derive(Debug, Default)]
pub struct SettingsScreen {
    settings: Loaded<AppSettings>,
    money: Loaded<MoneyDefaults>,
}

pub fn screen() -> Box<dyn Screen> {
    Box::new(SettingsScreen::default())
}

impl SettingsScreen {
    fn draw_money(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        line::rule(buffer, line::row(area, 0), "Money (D changes)", view);
        let below = Rect {
            y: area.y + 1.min(area.height),
            height: area.height.saturating_sub(1),
            ..area
        };
        let below = self.money.draw_notice(below, buffer, view);
        let Some(money) = self.money.value() else {
            return;
        };
        let rows = [
            (
                "new users get",
                limit(money.default_limit_nanos, "no limit"),
                "a month, new users alone",
            ),
            (
                "house line",
                limit(money.house_line_nanos, "none"),
                "alarms, never refuses",
            ),
        ];
        for (row, (label, value, note)) in (0..).step_by(2).zip(rows) {
            let parts = [(Role::Muted, format!(" {label:<15}")), (Role::Plain, value)];
            line::parts(buffer, line::row(below, row), &parts, view);
            let note = format!(" {:<15}{note}", "");
            line::text(buffer, line::row(below, row + 1), &note, Role::Muted, view);
        }
    }
}

fn limit(nanos: Option<i64>, none: &str) -> String {
    nanos.map_or_else(|| none.to_owned(), units::money)
}

/// The preview stands at the foot, below whatever form is open.
fn foot(area: Rect) -> Rect {
    let height = preview::HEIGHT.min(area.height);
    Rect {
        y: area.bottom() - height,
        height,
        ..area
    }
}

fn draw_fields(branding: &Branding, area: Rect, buffer: &mut Buffer, view: &View) {
    let title = "What users see (c changes)";
    line::rule(buffer, line::row(area, 0), title, view);
    for (row, (name, value, changed)) in (1..).zip(branding.rows()) {
        let sign = if changed { view.glyphs.mark } else { " " };
        let shown = if value.is_empty() {
            units::UNKNOWN
        } else {
            value
        };
        let parts = [
            (Role::Mark, sign.to_owned()),
            (Role::Muted, format!("{name:<10}")),
            (Role::Plain, shown.to_owned()),
        ];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

impl Screen for SettingsScreen {
    fn place(&self) -> Place {
        Place::Settings
    }

    fn crumbs(&self) -> String {
        "Settings".to_owned()
    }

    fn status(&self, _: &View) -> String {
        let settings = self.settings.value();
        settings
            .map(|settings| settings.app_name.clone())
            .unwrap_or_default()
    }

    fn keys(&self) -> &'static [Where] {
        &[]
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.settings.asked(cx.now);
        cx.fetch("settings", Request::get(PATH));
        self.money.asked(cx.now);
        cx.fetch("money", Request::get(MONEY));
    }

    fn command(&mut self, _: Command, _: &mut Cx) -> bool {
        false
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        if part == "money" {
            self.money.answered(outcome, cx.now);
        } else {
            self.settings.answered(outcome, cx.now);
        }
    }

    fn feed(&mut self, _: &FeedEvent, _: &mut Cx) {}

    fn tick(&mut self, cx: &mut Cx) {
        if self.settings.is_due(cx.now) || self.money.is_due(cx.now) {
            self.enter(cx);
        }
    }

    fn chosen(&self) -> Chosen {
        let settings = self.settings.value().cloned();
        Chosen {
            objects: settings
                .map(|settings| Object::Branding(Box::new(settings)))
                .into_iter()
                .collect(),
            ..Chosen::default()
        }
    }

    fn stage(&self, body: Rect) -> Rect {
        Rect {
            height: body.height - foot(body).height,
            ..body
        }
    }

    fn opens(&self) -> bool {
        false
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let top = self.settings.draw_notice(self.stage(area), buffer, view);
        let half = top.width / 2;
        let left = Rect {
            width: half.saturating_sub(1),
            ..top
        };
        let right = Rect {
            x: top.x + half,
            width: top.width - half,
            ..top
        };
        self.draw_money(right, buffer, view);
        let Some(settings) = self.settings.value() else {
            return;
        };
        let form = view.form.filter(|form: &Typing| *form.act == acts::CHANGE);
        let branding = Branding::new(settings, |name| form.and_then(|form| form.text(name)));
        draw_fields(&branding, left, buffer, view);
        preview::draw(&branding, foot(area), buffer, view);
    }
}
