//! Keys: the overlay's first, then an act's, then the table's.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;
use tui_input::backend::crossterm::EventHandler;

use super::dialogs::Overlay;
use super::{App, Palette};
use crate::action::Action;
use crate::keys::{Command, Key, Where, command};
use crate::place::Place;

impl App {
    /// A key that the console knows.
    pub(super) fn key(&mut self, key: Key, event: &KeyEvent, actions: &mut Vec<Action>) {
        // These two are about the terminal, whatever lies over the screen.
        match key {
            Key::Ctrl('z') => return actions.push(Action::Suspend),
            Key::Ctrl('l') => return actions.push(Action::Redraw),
            _ => {}
        }
        match std::mem::take(&mut self.overlay) {
            Overlay::None => self.screen_key(key, actions),
            Overlay::Dialog(dialog) => self.dialog_key(*dialog, key, event, actions),
            Overlay::Menu { acts, at } => self.menu_key(acts, at, key, actions),
            Overlay::Palette(palette) => self.palette_key(palette, key, event, actions),
            Overlay::Filter { input, before, .. } => {
                self.filter_key(input, before, key, event, actions);
            }
            Overlay::Sort => self.sort_key(key, actions),
            Overlay::Export { input } => self.export_key(input, key, event, actions),
            Overlay::SignIn(form) => self.sign_in_key(form, key, event, actions),
        }
    }

    /// A key of a line that is being typed.
    pub(super) fn typed(&mut self, event: &KeyEvent) {
        if let Overlay::Filter { input, .. } = &mut self.overlay {
            input.handle_event(&crossterm::event::Event::Key(*event));
        }
    }

    fn screen_key(&mut self, key: Key, actions: &mut Vec<Action>) {
        let Some((_, screen)) = self.history.shown() else {
            return;
        };
        let act = match key {
            Key::Char(letter) => screen
                .acts()
                .iter()
                .find(|act| act.key == Some(letter))
                .copied(),
            _ => None,
        };
        if let Some(act) = act {
            let mut chosen = screen.chosen_for(act);
            let told = std::mem::take(&mut chosen.told);
            self.start(act, chosen, told, actions);
            return;
        }
        let mut places = screen.keys().to_vec();
        places.push(Where::Everywhere);
        if let Some(command) = command(key, &places) {
            self.command(command, actions);
        }
    }

    /// What a key of the table means without an overlay.
    pub(super) fn command(&mut self, command: Command, actions: &mut Vec<Action>) {
        if self.with_screen(actions, |screen, cx| screen.command(command, cx)) {
            return;
        }
        match command {
            Command::Help => self.go(&Place::Help, actions),
            Command::Alarms => self.go(&Place::Alarms, actions),
            Command::Screen(digit) => {
                if let Some(place) = Place::of_digit(digit) {
                    self.go(&place, actions);
                }
            }
            Command::Palette => {
                let palette = Palette::new(self);
                self.overlay = Overlay::Palette(Box::new(palette));
            }
            Command::Filter => self.open_filter(),
            Command::Sort => {
                let sorts = self
                    .history
                    .shown()
                    .is_some_and(|(_, s)| !s.sorts().is_empty());
                if sorts {
                    self.overlay = Overlay::Sort;
                }
            }
            Command::Acts => self.open_menu(),
            Command::Export => self.open_export(),
            Command::Out | Command::Back | Command::Quit => {
                if self.history.back() {
                    self.enter_screen(actions);
                } else if command == Command::Quit {
                    self.leave(actions);
                }
            }
            Command::Forward if self.history.forward() => self.enter_screen(actions),
            Command::Refresh => self.enter_screen(actions),
            Command::Freeze => self.freeze(actions),
            Command::Undo => self.undo_last(actions),
            Command::Mouse => {
                self.mouse = !self.mouse;
                actions.push(Action::Mouse(self.mouse));
            }
            Command::Redraw => actions.push(Action::Redraw),
            Command::Suspend => actions.push(Action::Suspend),
            Command::Leave => self.leave(actions),
            Command::RowNext => self.step_behind(Command::Down, actions),
            Command::RowPrevious => self.step_behind(Command::Up, actions),
            _ => {}
        }
    }

    /// Holds the picture, or lets it go on: then the screen asks for what passed it meanwhile.
    fn freeze(&mut self, actions: &mut Vec<Action>) {
        if self.still.take().is_some() {
            self.enter_screen(actions);
        } else {
            self.still = Some(Box::new(self.mirror.clone()));
        }
    }

    pub(super) fn leave(&mut self, actions: &mut Vec<Action>) {
        self.leaving = true;
        actions.push(Action::Quit);
    }

    /// Moves the cursor of the list behind a detail, and shows that row's detail instead.
    fn step_behind(&mut self, step: Command, actions: &mut Vec<Action>) {
        let Some((number, _)) = self.history.behind_mut() else {
            return;
        };
        self.with_behind(number, step, actions);
    }

    fn open_menu(&mut self) {
        let acts = self
            .history
            .shown()
            .map(|(_, screen)| screen.acts().to_vec())
            .unwrap_or_default();
        if acts.is_empty() {
            self.say("nothing can be done here", false);
        } else {
            self.overlay = Overlay::Menu { acts, at: 0 };
        }
    }

    fn menu_key(
        &mut self,
        acts: Vec<&'static crate::acts::Act>,
        at: usize,
        key: Key,
        actions: &mut Vec<Action>,
    ) {
        let last = acts.len().saturating_sub(1);
        let at = match key {
            Key::Up | Key::Char('k') => at.saturating_sub(1),
            Key::Down | Key::Char('j') => (at + 1).min(last),
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => last,
            Key::Esc | Key::Char('q' | 'x') | Key::Ctrl('c') => return,
            Key::Enter => {
                let Some(act) = acts.get(at).copied() else {
                    return;
                };
                let chosen = self.history.shown().map(|(_, s)| s.chosen_for(act));
                let mut chosen = chosen.unwrap_or_default();
                let told = std::mem::take(&mut chosen.told);
                self.start(act, chosen, told, actions);
                return;
            }
            _ => at,
        };
        self.overlay = Overlay::Menu { acts, at };
    }

    /// The mouse: the footer's and the tabs' keys are the screen's, the rest too.
    pub(super) fn mouse(&mut self, event: MouseEvent, actions: &mut Vec<Action>) {
        if !matches!(self.overlay, Overlay::None) {
            return;
        }
        let (width, height) = self.size;
        if event.kind == MouseEventKind::Down(MouseButton::Left) && event.row + 1 == height {
            if let Some(key) = self.footer_key_at(event.column) {
                self.key(key, &key.event(), actions);
            }
            return;
        }
        let area = Rect::new(0, 0, width, height);
        self.with_screen(actions, |screen, cx| screen.mouse(event, area, cx));
    }
}
