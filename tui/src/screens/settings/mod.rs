//! Settings: what do users see? Name, colours, prompts; with a preview.

pub mod acts;

use api::admin::AppSettings;
use api::console::FeedEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::{Chosen, Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun};
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::theme::{Role, Theme};
use crate::widgets::line;

pub(super) const PATH: &str = "/api/settings";

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
    settings: Option<AppSettings>,
    failure: Option<Failure>,
}

pub fn screen() -> Box<dyn Screen> {
    Box::new(SettingsScreen::default())
}

/// The fields in the order of the form.
pub fn fields(settings: &AppSettings) -> [(&'static str, &str); 9] {
    [
        ("name", &settings.app_name),
        ("icon", &settings.app_icon),
        ("preset", &settings.theme_preset),
        ("primary", &settings.primary_color),
        ("accent", &settings.accent_color),
        ("welcome", &settings.welcome_message),
        ("prompt1", &settings.suggested_prompt_1),
        ("prompt2", &settings.suggested_prompt_2),
        ("prompt3", &settings.suggested_prompt_3),
    ]
}

/// `#rrggbb` as a colour.
fn colour(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#')?;
    let number = u32::from_str_radix(digits, 16)
        .ok()
        .filter(|_| digits.len() == 6)?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

impl Screen for SettingsScreen {
    fn place(&self) -> Place {
        Place::Settings
    }

    fn crumbs(&self) -> String {
        "Settings".to_owned()
    }

    fn status(&self, _: &View) -> String {
        String::new()
    }

    fn keys(&self) -> &'static [Where] {
        &[]
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        cx.fetch("settings", Request::get(PATH));
    }

    fn command(&mut self, _: Command, _: &mut Cx) -> bool {
        false
    }

    fn answer(&mut self, _: &'static str, outcome: Result<Reply, Failure>, _: &mut Cx) {
        match outcome.and_then(|reply| reply.decode()) {
            Ok(settings) => {
                self.settings = Some(settings);
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn feed(&mut self, _: &FeedEvent, _: &mut Cx) {}

    fn chosen(&self) -> Chosen {
        Chosen {
            objects: self
                .settings
                .iter()
                .map(|settings| Object::Branding(Box::new(settings.clone())))
                .collect(),
            ..Chosen::default()
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(settings) = &self.settings else {
            let (role, text) = match &self.failure {
                Some(failure) => (Role::Bad, format!("  could not load: {failure}  r now")),
                None => (Role::Muted, "  loading...".to_owned()),
            };
            line::text(buffer, line::row(area, 0), &text, role, view);
            return;
        };
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
        line::rule(
            buffer,
            line::row(left, 0),
            "What users see (c changes)",
            view,
        );
        for (row, (name, value)) in (1..).zip(fields(settings)) {
            let parts = [
                (Role::Muted, format!(" {name:<10}")),
                (Role::Plain, value.to_owned()),
            ];
            line::parts(buffer, line::row(left, row), &parts, view);
        }
        preview(settings, right, buffer, view);
    }
}

/// How it looks there, in the colours that are set where the theme may show colours.
fn preview(settings: &AppSettings, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, 0), "Preview", view);
    let shows = !matches!(
        view.theme,
        Theme::None | Theme::HighContrast | Theme::Sixteen
    );
    let paint = |buffer: &mut Buffer, row: u16, text: &str, wanted: &str| {
        let place = line::row(area, row);
        let used = line::parts(buffer, place, &[(Role::Title, format!("  {text}"))], view);
        if let (true, Some(colour)) = (shows, colour(wanted)) {
            let place = Rect {
                width: used,
                ..place
            };
            buffer.set_style(place, Style::new().fg(colour));
        }
    };
    paint(buffer, 2, &settings.app_name, &settings.primary_color);
    line::text(
        buffer,
        line::row(area, 4),
        &format!("  {}", settings.welcome_message),
        Role::Plain,
        view,
    );
    let prompts = [
        &settings.suggested_prompt_1,
        &settings.suggested_prompt_2,
        &settings.suggested_prompt_3,
    ];
    for (row, prompt) in (6..).zip(prompts) {
        paint(
            buffer,
            row,
            &format!("{} {prompt}", view.glyphs.info),
            &settings.accent_color,
        );
    }
}
