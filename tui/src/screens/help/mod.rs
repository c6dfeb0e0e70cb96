//! Help: the keys of the screen behind, then every key, from the tables that give them their
//! meaning. A search narrows it; Enter does the act.

use api::console::FeedEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Filtering, Screen, View, Wish};
use crate::acts::Act;
use crate::acts::nouns::{self, NO_FIELDS};
use crate::client::{Failure, Reply};
use crate::keys::{BINDINGS, Command, Where, labels};
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;

/// A line of the help.
#[derive(Clone, Debug)]
pub struct Line {
    /// A heading has no keys.
    pub keys: Option<String>,
    pub text: String,
    /// Done by Enter.
    pub act: Option<&'static Act>,
}

/// The acts of a screen, then every key of the console: those of the table, and the acts by noun.
pub fn lines(here: &[&'static Act]) -> Vec<Line> {
    let mut lines = Vec::new();
    if !here.is_empty() {
        lines.push(heading("This screen"));
        lines.extend(here.iter().map(|act| line_of(act, true)));
    }
    let places = [
        Where::List,
        Where::Detail,
        Where::Everywhere,
        Where::Form,
        Where::Dialog,
    ];
    for place in places {
        lines.push(heading(place.title()));
        let bindings = BINDINGS.iter().filter(|binding| binding.place == place);
        lines.extend(bindings.map(|binding| Line {
            keys: Some(labels(binding.keys)),
            text: binding.help.to_owned(),
            act: None,
        }));
    }
    for noun in nouns::NOUNS {
        let own: Vec<&&Act> = noun
            .acts
            .iter()
            .filter(|act| act.noun == noun.name)
            .collect();
        if !own.is_empty() {
            lines.push(heading(&format!("{}: {}", noun.name, noun.help)));
            lines.extend(own.into_iter().map(|act| line_of(act, false)));
        }
    }
    lines
}

fn heading(text: &str) -> Line {
    Line {
        keys: None,
        text: text.to_owned(),
        act: None,
    }
}

fn line_of(act: &'static Act, can: bool) -> Line {
    Line {
        keys: Some(
            act.key
                .map_or_else(|| "x".to_owned(), |key| key.to_string()),
        ),
        text: format!("{}: {}", act.label, act.help),
        act: can.then_some(act),
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Help {
    here: &'static [&'static Act],
    words: String,
    at: usize,
}

pub fn screen() -> Box<dyn Screen> {
    Box::new(Help::default())
}

impl Help {
    fn shown(&self) -> Vec<Line> {
        let words = self.words.to_lowercase();
        lines(self.here)
            .into_iter()
            .filter(|line| {
                words.is_empty() || line.keys.is_some() && line.text.to_lowercase().contains(&words)
            })
            .collect()
    }
}

impl Screen for Help {
    fn place(&self) -> Place {
        Place::Help
    }

    fn crumbs(&self) -> String {
        match self.words.as_str() {
            "" => "Keys".to_owned(),
            words => format!("Keys | {words}"),
        }
    }

    fn status(&self, _: &View) -> String {
        "Enter does the act under the cursor".to_owned()
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.here = cx.behind;
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        let shown = self.shown();
        let last = shown.len().saturating_sub(1);
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => (self.at + 1).min(last),
            Command::PageUp => self.at.saturating_sub(16),
            Command::PageDown => (self.at + 16).min(last),
            Command::Home => 0,
            Command::End => last,
            Command::Open => {
                if let Some(act) = shown.get(self.at).and_then(|line| line.act) {
                    cx.wishes.push(Wish::Behind(act));
                }
                self.at
            }
            Command::Out if !self.words.is_empty() => {
                self.words.clear();
                0
            }
            _ => return false,
        };
        true
    }

    fn answer(&mut self, _: &'static str, _: Result<Reply, Failure>, _: &mut Cx) {}

    fn feed(&mut self, _: &FeedEvent, _: &mut Cx) {}

    fn filtering(&self) -> Option<Filtering<'_>> {
        Some(Filtering {
            text: &self.words,
            schema: &NO_FIELDS,
        })
    }

    fn set_filter(&mut self, text: &str, _: bool, _: &mut Cx) {
        text.clone_into(&mut self.words);
        self.at = 0;
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let shown = self.shown();
        if shown.is_empty() {
            let text = format!("  No key does {:?}. Esc clears the search.", self.words);
            line::text(buffer, line::row(area, 0), &text, Role::Muted, view);
        }
        let height = usize::from(area.height);
        let top = (self.at + 1).saturating_sub(height);
        for (row, (number, help)) in (0..area.height).zip(shown.iter().enumerate().skip(top)) {
            let place = line::row(area, row);
            match &help.keys {
                None => line::rule(buffer, place, &help.text, view),
                Some(keys) => {
                    let parts = [
                        (Role::Info, format!("  {keys:<14}")),
                        (Role::Plain, help.text.clone()),
                    ];
                    line::parts(buffer, place, &parts, view);
                }
            }
            if number == self.at {
                buffer.set_style(place, view.style(Role::Selection));
            }
        }
    }
}
