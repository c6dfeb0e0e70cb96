//! Keys: the overlay's first, then an act's, then the table's.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::dialogs::{Dialog, Overlay, SignInForm, Stage};
use super::{App, Palette};
use crate::action::{Action, Export, ExportFormat, SignIn};
use crate::acts::{Confirm, Values};
use crate::keys::{Command, Key, Where, command};
use crate::mirror::Line;
use crate::place::Place;
use crate::screens::export_path;

/// Keys so soon after a question appeared were not meant for it.
const UNMEANT_MS: u64 = 250;

impl App {
    /// A key that the console knows.
    pub(super) fn key(&mut self, key: Key, event: &KeyEvent, actions: &mut Vec<Action>) {
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
            let chosen = screen.chosen();
            self.start(act, chosen, Values::default(), actions);
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
            Command::Forward => {
                if self.history.forward() {
                    self.enter_screen(actions);
                }
            }
            Command::Refresh => self.enter_screen(actions),
            Command::Freeze => self.frozen = !self.frozen,
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

    fn leave(&mut self, actions: &mut Vec<Action>) {
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

    fn open_filter(&mut self) {
        let Some(filtering) = self.history.shown().and_then(|(_, s)| s.filtering()) else {
            self.toast = None;
            self.say("nothing to filter here", false);
            return;
        };
        let before = filtering.text.to_owned();
        self.overlay = Overlay::Filter {
            input: Input::new(before.clone()),
            before,
            error: None,
        };
    }

    fn filter_key(
        &mut self,
        mut input: Input,
        before: String,
        key: Key,
        event: &KeyEvent,
        actions: &mut Vec<Action>,
    ) {
        let Some(schema) = self
            .history
            .shown()
            .and_then(|(_, screen)| screen.filtering())
            .map(|filtering| filtering.schema)
        else {
            return;
        };
        match key {
            Key::Esc | Key::Ctrl('c') => {
                self.with_screen(actions, |screen, cx| screen.set_filter(&before, false, cx));
                return;
            }
            Key::Ctrl('u') => input = Input::default(),
            Key::Enter => {}
            _ => {
                input.handle_event(&crossterm::event::Event::Key(*event));
            }
        }
        let error = match api::filter::parse(input.value(), schema) {
            Ok(_) => {
                let text = input.value().trim().to_owned();
                let typing = key != Key::Enter;
                self.with_screen(actions, |screen, cx| screen.set_filter(&text, typing, cx));
                if key == Key::Enter {
                    return;
                }
                None
            }
            Err(error) => Some(error.to_string()),
        };
        self.overlay = Overlay::Filter {
            input,
            before,
            error,
        };
    }

    fn sort_key(&mut self, key: Key, actions: &mut Vec<Action>) {
        let Key::Char(letter) = key else { return };
        self.with_screen(actions, |screen, cx| {
            let field = screen
                .sorts()
                .into_iter()
                .find(|(known, _, _)| *known == letter.to_ascii_lowercase());
            if let Some((_, _, field)) = field {
                screen.sort_by(field, cx);
            }
        });
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
                let chosen = self.history.shown().map(|(_, s)| s.chosen());
                if let Some((act, chosen)) = acts.get(at).copied().zip(chosen) {
                    self.start(act, chosen, Values::default(), actions);
                }
                return;
            }
            _ => at,
        };
        self.overlay = Overlay::Menu { acts, at };
    }

    fn open_export(&mut self) {
        let Some((_, screen)) = self.history.shown() else {
            return;
        };
        if screen.export().is_none() {
            self.say("nothing to export here", false);
            return;
        }
        let name = screen.crumbs().to_lowercase();
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
        let path = export_path(name.unwrap_or("list"), self.now, ExportFormat::Csv);
        self.overlay = Overlay::Export {
            input: Input::new(path.display().to_string()),
        };
    }

    fn export_key(
        &mut self,
        mut input: Input,
        key: Key,
        event: &KeyEvent,
        actions: &mut Vec<Action>,
    ) {
        match key {
            Key::Esc | Key::Ctrl('c') => return,
            Key::Enter => {
                self.export_to(input.value().trim(), actions);
                return;
            }
            Key::Ctrl('u') => input = Input::default(),
            _ => {
                input.handle_event(&crossterm::event::Event::Key(*event));
            }
        }
        self.overlay = Overlay::Export { input };
    }

    /// Writes the shown list to a file; its ending says in which form.
    pub(super) fn export_to(&mut self, path: &str, actions: &mut Vec<Action>) {
        let request = self.history.shown().and_then(|(_, screen)| screen.export());
        let Some(request) = request.filter(|_| !path.is_empty()) else {
            self.say("nothing to export here", true);
            return;
        };
        let format = if path.ends_with(".json") {
            ExportFormat::Json
        } else {
            ExportFormat::Csv
        };
        actions.push(Action::Export(Export {
            request,
            format,
            path: path.into(),
        }));
    }

    fn dialog_key(
        &mut self,
        mut dialog: Dialog,
        key: Key,
        event: &KeyEvent,
        actions: &mut Vec<Action>,
    ) {
        let cancel = matches!(key, Key::Esc | Key::Ctrl('c'));
        if dialog.sending.is_some() {
            if cancel {
                dialog.stage = Stage::Silent;
                self.silent.push(dialog);
            } else {
                self.overlay = Overlay::Dialog(Box::new(dialog));
            }
            return;
        }
        let unmeant = self.now.ms.saturating_sub(dialog.opened_ms) < UNMEANT_MS;
        match &mut dialog.stage {
            Stage::Form(_) => self.form_key(dialog, key, event, actions),
            Stage::Asking { .. } if unmeant && !cancel => {
                self.overlay = Overlay::Dialog(Box::new(dialog));
            }
            Stage::Asking { ask, typed } => {
                let sure = match &ask.confirm {
                    Confirm::Yes => key == Key::Char('y'),
                    Confirm::Word(word) => key == Key::Enter && typed.value().trim() == word,
                };
                let by_word = matches!(ask.confirm, Confirm::Word(_));
                if sure {
                    let again = ask.call.again();
                    self.send(dialog, again, actions);
                } else if cancel || key == Key::Enter {
                    // The default is to leave it.
                } else {
                    if by_word {
                        typed.handle_event(&crossterm::event::Event::Key(*event));
                    }
                    self.overlay = Overlay::Dialog(Box::new(dialog));
                }
            }
            Stage::Reveal { lines, .. } => match key {
                Key::Char('y') => {
                    actions.push(Action::Copy(lines.join("\n")));
                    self.overlay = Overlay::Dialog(Box::new(dialog));
                }
                Key::Enter | Key::Esc | Key::Char('q') | Key::Ctrl('c') if !unmeant => {}
                _ => self.overlay = Overlay::Dialog(Box::new(dialog)),
            },
            Stage::Looking { .. } | Stage::Silent => {
                if !cancel && key != Key::Enter {
                    self.overlay = Overlay::Dialog(Box::new(dialog));
                }
            }
        }
    }

    fn form_key(
        &mut self,
        mut dialog: Dialog,
        key: Key,
        event: &KeyEvent,
        actions: &mut Vec<Action>,
    ) {
        let act = dialog.act;
        let Stage::Form(form) = &mut dialog.stage else {
            return;
        };
        let last = form.inputs.len().saturating_sub(1);
        match key {
            Key::Esc | Key::Ctrl('c') if !form.changed || form.leaving => return,
            Key::Esc | Key::Ctrl('c') => form.leaving = true,
            Key::Enter => {
                for (field, input) in act.fields.iter().zip(&form.inputs) {
                    dialog.draft.values.set(field.name, input.value());
                }
                self.plan(dialog, actions);
                return;
            }
            _ => {
                form.leaving = false;
                match key {
                    Key::Tab | Key::Down => form.at = (form.at + 1).min(last),
                    Key::BackTab | Key::Up => form.at = form.at.saturating_sub(1),
                    Key::Left | Key::Right | Key::Char(' ')
                        if form.turn(act, if key == Key::Left { -1 } else { 1 }) => {}
                    Key::Ctrl('u') => {
                        form.changed = true;
                        if let Some(input) = form.inputs.get_mut(form.at) {
                            *input = Input::default();
                        }
                    }
                    _ => {
                        form.changed |= matches!(key, Key::Char(_) | Key::Backspace | Key::Delete);
                        form.wrong = None;
                        if let Some(input) = form.inputs.get_mut(form.at) {
                            input.handle_event(&crossterm::event::Event::Key(*event));
                        }
                    }
                }
            }
        }
        self.overlay = Overlay::Dialog(Box::new(dialog));
    }

    fn sign_in_key(
        &mut self,
        mut form: SignInForm,
        key: Key,
        event: &KeyEvent,
        actions: &mut Vec<Action>,
    ) {
        match key {
            Key::Ctrl('c') => {
                self.leave(actions);
                return;
            }
            Key::Tab | Key::Down | Key::BackTab | Key::Up => form.in_password = !form.in_password,
            Key::Enter if !form.in_password => form.in_password = true,
            Key::Enter if !form.waiting => {
                form.waiting = true;
                form.error = None;
                actions.push(Action::SignIn(SignIn {
                    email: form.email.value().trim().to_owned(),
                    password: form.password.value().to_owned(),
                }));
                form.password = Input::default();
            }
            _ => {
                let field = if form.in_password {
                    &mut form.password
                } else {
                    &mut form.email
                };
                field.handle_event(&crossterm::event::Event::Key(*event));
            }
        }
        self.overlay = Overlay::SignIn(form);
    }

    /// Pasted text is text, wherever text is wanted; elsewhere it is nothing.
    pub(super) fn paste(&mut self, text: &str, actions: &mut Vec<Action>) {
        let wanted = match &self.overlay {
            Overlay::None | Overlay::Menu { .. } | Overlay::Sort => false,
            Overlay::Dialog(dialog) => match &dialog.stage {
                Stage::Form(_) => true,
                Stage::Asking { ask, .. } => matches!(ask.confirm, Confirm::Word(_)),
                _ => false,
            },
            _ => true,
        };
        if wanted {
            for letter in text.chars().filter(|letter| !letter.is_control()) {
                let key = Key::Char(letter);
                self.key(key, &key.event(), actions);
            }
        }
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

    /// Whether the line to the server is lost.
    pub fn is_lost(&self) -> bool {
        matches!(self.connection.line, Line::Lost { .. })
    }
}
