//! The palette: every screen and every act by name, users and ids from the server, and the shell's
//! commands without the program's name.

use api::console::FoundList;
use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::commands::Ran;
use super::{App, Overlay};
use crate::action::Action;
use crate::acts::{Act, On, Values, nouns};
use crate::client::{Reply, Request};
use crate::keys::Key;
use crate::message::{Owner, Slot};
use crate::place::Place;
use crate::screens::Chosen;
use crate::theme::Theme;

/// Lines of other runs that are kept.
const KEPT: usize = 50;
/// The server is asked after this pause in typing, from this many letters on.
const TYPING_MS: u64 = 150;
const LETTERS: usize = 2;

/// What an entry leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Place(Place),
    Act(&'static Act),
    /// A line as if typed.
    Line(String),
}

/// A line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub text: String,
    /// The key that does the same, or what it is.
    pub hint: String,
    pub target: Target,
}

/// The palette as it stands.
#[derive(Debug, Default)]
pub struct Palette {
    pub input: Input,
    pub entries: Vec<Entry>,
    pub shown: Vec<Entry>,
    pub at: usize,
    /// The cursor was moved: Enter takes the entry, not the line.
    pub moved: bool,
    /// How far back in the lines typed before.
    pub back: usize,
    /// An act that waits for the thing that was named.
    pub waiting: Option<(&'static Act, String, Values)>,
    pub error: Option<String>,
}

impl Palette {
    /// Everything that can be reached by name.
    pub fn new(app: &App) -> Palette {
        let mut entries: Vec<Entry> = Place::named()
            .into_iter()
            .map(|(name, place)| Entry {
                text: name.to_owned(),
                hint: match &place {
                    Place::Alarms => "a".to_owned(),
                    Place::Help => "?".to_owned(),
                    place => match (place.digit().and_then(Place::of_digit), place.digit()) {
                        (Some(own), Some(digit)) if own == *place => digit.to_string(),
                        _ => String::new(),
                    },
                },
                target: Target::Place(place),
            })
            .collect();
        entries.extend(nouns::acts().into_iter().map(|act| Entry {
            text: format!("{} {}", act.noun, act.verb),
            hint: act.key.map_or_else(String::new, |key| key.to_string()),
            target: Target::Act(act),
        }));
        let line = |text: String, hint: &str| Entry {
            hint: hint.to_owned(),
            target: Target::Line(text.clone()),
            text,
        };
        for theme in Theme::ALL {
            entries.push(line(format!("theme {}", theme.name()), "colours"));
        }
        for context in &app.setup.contexts {
            entries.push(line(format!("ctx {context}"), "server"));
        }
        entries.push(line("q".to_owned(), "quit"));
        let mut palette = Palette {
            entries,
            ..Palette::default()
        };
        palette.narrow();
        palette
    }

    /// Shows what is like the typed line, the likest first.
    fn narrow(&mut self) {
        let typed = self.input.value().trim();
        self.at = 0;
        self.moved = false;
        if typed.is_empty() {
            self.shown.clone_from(&self.entries);
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut letters = Vec::new();
        let mut scored: Vec<(u32, &Entry)> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let text = Utf32Str::new(&entry.text, &mut letters);
                Some((pattern.score(text, &mut matcher)?, entry))
            })
            .collect();
        scored.sort_by(|one, other| (other.0, one.1.text.len()).cmp(&(one.0, other.1.text.len())));
        self.shown = scored.into_iter().map(|(_, entry)| entry.clone()).collect();
    }
}

impl App {
    pub(super) fn palette_key(
        &mut self,
        mut palette: Box<Palette>,
        key: Key,
        event: &KeyEvent,
        actions: &mut Vec<Action>,
    ) {
        let last = palette.shown.len().saturating_sub(1);
        match key {
            Key::Esc | Key::Ctrl('c') => return,
            Key::Up if palette.at == 0 && !palette.moved => self.recall(&mut palette),
            Key::Up => {
                palette.at = palette.at.saturating_sub(1);
                palette.moved = true;
            }
            Key::Down => {
                palette.at = (palette.at + usize::from(palette.moved)).min(last);
                palette.moved = true;
            }
            Key::Tab => {
                if let Some(entry) = palette.shown.get(palette.at) {
                    palette.input = Input::new(format!("{} ", entry.text));
                    palette.narrow();
                }
            }
            Key::Enter => {
                self.accept(palette, actions);
                return;
            }
            Key::Ctrl('u') => {
                palette.input = Input::default();
                palette.narrow();
            }
            _ => {
                let before = palette.input.value().to_owned();
                palette
                    .input
                    .handle_event(&crossterm::event::Event::Key(*event));
                if palette.input.value() != before {
                    palette.error = None;
                    palette.narrow();
                    self.search(&palette, actions);
                }
            }
        }
        self.overlay = Overlay::Palette(palette);
    }

    fn recall(&self, palette: &mut Palette) {
        let line = self.typed_before.iter().rev().nth(palette.back);
        if let Some(line) = line {
            palette.back += 1;
            palette.input = Input::new(line.clone());
            palette.narrow();
        }
    }

    fn search(&mut self, palette: &Palette, actions: &mut Vec<Action>) {
        let Some(word) = palette.input.value().split_whitespace().next_back() else {
            return;
        };
        if word.chars().count() < LETTERS {
            return;
        }
        let generation = self.number();
        actions.push(Action::Fetch {
            slot: Slot {
                owner: Owner::App,
                part: "search",
            },
            generation,
            request: Request::get("/api/admin/search").with("q", word),
            after_ms: TYPING_MS,
        });
    }

    /// What the server found for the palette.
    pub(super) fn found(&mut self, reply: &Reply) {
        let Overlay::Palette(palette) = &mut self.overlay else {
            return;
        };
        let Ok(found) = reply.decode::<FoundList>() else {
            return;
        };
        for item in found.items {
            let place = match (item.kind.as_str(), item.id.parse::<i64>()) {
                ("user", Ok(id)) => Place::User { id },
                ("job", _) => Place::Job {
                    id: item.id.clone(),
                },
                ("stream", _) => Place::Stream {
                    id: item.id.clone(),
                },
                _ => continue,
            };
            let entry = Entry {
                text: format!("{} {}", item.kind, item.label),
                hint: item.id,
                target: Target::Place(place),
            };
            if !palette.entries.contains(&entry) {
                palette.entries.push(entry);
            }
        }
        if !palette.moved {
            palette.narrow();
        }
    }

    fn accept(&mut self, mut palette: Box<Palette>, actions: &mut Vec<Action>) {
        let line = palette.input.value().trim().to_owned();
        if !palette.moved && !line.is_empty() {
            match self.run_line(&line, &mut palette, actions) {
                Ran::Done => {
                    self.keep_line(line, actions);
                    return;
                }
                Ran::Waits => {
                    self.keep_line(line, actions);
                    self.overlay = Overlay::Palette(palette);
                    return;
                }
                Ran::Wrong(why) => {
                    palette.error = Some(why);
                    self.overlay = Overlay::Palette(palette);
                    return;
                }
                Ran::Unknown => {}
            }
        }
        match palette
            .shown
            .get(palette.at)
            .map(|entry| entry.target.clone())
        {
            Some(Target::Place(place)) => self.go(&place, actions),
            Some(Target::Act(act)) => {
                let chosen = self
                    .history
                    .shown()
                    .map(|(_, s)| (s.acts().contains(&act), s.chosen()));
                match chosen {
                    Some((true, chosen)) => self.start(act, chosen, Values::default(), actions),
                    _ if act.on == On::House => {
                        self.start(act, Chosen::default(), Values::default(), actions);
                    }
                    _ => {
                        palette.input = Input::new(format!("{} {} ", act.noun, act.verb));
                        palette.narrow();
                        self.overlay = Overlay::Palette(palette);
                    }
                }
            }
            Some(Target::Line(line)) => {
                self.run_line(&line, &mut palette, actions);
            }
            None => {
                palette.error = Some(format!("nothing is called {line:?}"));
                self.overlay = Overlay::Palette(palette);
            }
        }
    }

    fn keep_line(&mut self, line: String, actions: &mut Vec<Action>) {
        self.typed_before.retain(|known| *known != line);
        self.typed_before.push(line);
        let surplus = self.typed_before.len().saturating_sub(KEPT);
        self.typed_before.drain(..surplus);
        actions.push(Action::KeepHistory(self.typed_before.clone()));
    }
}
