//! Lines of the palette as commands: places with filters, acts on what is named, themes, servers.

use super::palette::Palette;
use super::{App, Overlay};
use crate::action::Action;
use crate::acts::{On, Values, nouns};
use crate::client::{Failure, Reply};
use crate::message::{Owner, Slot};
use crate::place::Place;
use crate::screens::Chosen;
use crate::theme::Theme;

impl App {
    /// Does what a typed line says.
    pub(super) fn run_line(
        &mut self,
        line: &str,
        palette: &mut Palette,
        actions: &mut Vec<Action>,
    ) -> Ran {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "q" | "quit" => {
                self.leaving = true;
                actions.push(Action::Quit);
                return Ran::Done;
            }
            "theme" => {
                return match Theme::named(rest) {
                    Some(theme) => {
                        self.setup.theme = theme;
                        Ran::Done
                    }
                    None => Ran::Wrong("themes: dark, light, 16, high-contrast, none".to_owned()),
                };
            }
            "ctx" if !rest.is_empty() => {
                if !self.setup.contexts.iter().any(|known| known == rest) {
                    return Ran::Wrong(format!("no context is called {rest:?}"));
                }
                actions.push(Action::Context(rest.to_owned()));
                return Ran::Done;
            }
            "export" if !rest.is_empty() => {
                let path = rest
                    .split_whitespace()
                    .next_back()
                    .unwrap_or(rest)
                    .to_owned();
                self.export_to(&path, actions);
                return Ran::Done;
            }
            _ => {}
        }
        if let Some(ran) = self.run_act(word, rest, palette, actions) {
            return ran;
        }
        if let Some((_, place)) = Place::named().into_iter().find(|(name, _)| *name == word) {
            return self.run_place(&place, rest, actions);
        }
        let one = match (word, rest.parse::<i64>()) {
            ("user", Ok(id)) => Some(Place::User { id }),
            ("user", Err(_)) if !rest.is_empty() => Some(Place::Users {
                filter: rest.to_owned(),
            }),
            ("job", Ok(_)) => Some(Place::Job {
                id: rest.to_owned(),
            }),
            ("stream", _) if !rest.is_empty() => Some(Place::Stream {
                id: rest.to_owned(),
            }),
            _ => None,
        };
        match one {
            Some(place) => {
                self.go(&place, actions);
                Ran::Done
            }
            None => Ran::Unknown,
        }
    }

    pub(super) fn run_place(
        &mut self,
        place: &Place,
        filter: &str,
        actions: &mut Vec<Action>,
    ) -> Ran {
        if filter.is_empty() {
            self.go(place, actions);
            return Ran::Done;
        }
        let Some(filtered) = place.filtered(filter) else {
            return Ran::Wrong("this screen has no filter".to_owned());
        };
        let schema = crate::screens::open(&filtered)
            .filtering()
            .map(|filtering| filtering.schema);
        if let Some(Err(error)) = schema.map(|schema| api::filter::parse(filter, schema)) {
            return Ran::Wrong(error.to_string());
        }
        self.go(&filtered, actions);
        Ran::Done
    }

    /// `jobs cancel 88121`, `budgets set bo@ex.org 20`: the thing is looked up, then the act begins
    /// with the values that were given.
    pub(super) fn run_act(
        &mut self,
        noun: &str,
        rest: &str,
        palette: &mut Palette,
        actions: &mut Vec<Action>,
    ) -> Option<Ran> {
        let mut words = rest.split_whitespace();
        let verb = words.next()?;
        let act = nouns::act(noun, verb)?;
        let named = if act.on == On::House {
            None
        } else {
            Some(words.next()?)
        };
        let mut values = Values::default();
        let said: Vec<&str> = words.collect();
        for (at, field) in act.fields.iter().enumerate() {
            let last = at + 1 == act.fields.len();
            let text = if last && said.len() > at {
                said.get(at..).unwrap_or_default().join(" ")
            } else {
                said.get(at).copied().unwrap_or_default().to_owned()
            };
            values.set(field.name, text);
        }
        let Some(named) = named else {
            self.start(act, Chosen::default(), values, actions);
            return Some(Ran::Done);
        };
        let find = nouns::noun(noun)?.find;
        palette.waiting = Some((act, named.to_owned(), values));
        let generation = self.number();
        actions.push(Action::Fetch {
            slot: Slot {
                owner: Owner::App,
                part: "resolve",
            },
            generation,
            request: find(named),
            after_ms: 0,
        });
        Some(Ran::Waits)
    }

    /// The thing that a line of the palette named.
    pub(super) fn resolved(&mut self, outcome: Result<Reply, Failure>, actions: &mut Vec<Action>) {
        let Overlay::Palette(palette) = &mut self.overlay else {
            return;
        };
        let Some((act, named, values)) = palette.waiting.take() else {
            return;
        };
        let read = outcome.and_then(|reply| match nouns::noun(act.noun) {
            Some(noun) => (noun.read)(&reply).map(|found| noun.called(found, &named)),
            None => Ok(Vec::new()),
        });
        match read {
            Ok(objects) if objects.len() == 1 => {
                self.overlay = Overlay::None;
                let chosen = Chosen {
                    objects,
                    ..Chosen::default()
                };
                self.start(act, chosen, values, actions);
            }
            Ok(objects) if objects.is_empty() => {
                palette.error = Some("nothing has that name".to_owned());
            }
            Ok(_) => palette.error = Some("several have that name: give the id".to_owned()),
            Err(failure) => palette.error = Some(failure.to_string()),
        }
    }
}

/// What became of a line.
pub(super) enum Ran {
    Done,
    /// The server is asked for the thing that was named.
    Waits,
    Wrong(String),
    /// No command: what is like it is taken.
    Unknown,
}
