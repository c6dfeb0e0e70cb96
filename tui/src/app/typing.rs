//! Lines that are typed: the filter, the path of an export, who one is.

use crossterm::event::KeyEvent;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::App;
use super::dialogs::{Overlay, SignInForm, Stage};
use crate::action::{Action, Export, ExportFormat, SignIn};
use crate::acts::Confirm;
use crate::keys::Key;
use crate::screens::export_path;

impl App {
    pub(super) fn open_filter(&mut self) {
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

    pub(super) fn filter_key(
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
            // The line is short: what was meant comes first.
            Err(error) => Some(match &error.nearest {
                Some(nearest) => format!("did you mean {nearest}? {}", error.message),
                None => error.message,
            }),
        };
        self.overlay = Overlay::Filter {
            input,
            before,
            error,
        };
    }

    pub(super) fn sort_key(&mut self, key: Key, actions: &mut Vec<Action>) {
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

    pub(super) fn open_export(&mut self) {
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

    pub(super) fn export_key(
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
        let ending = std::path::Path::new(path).extension();
        let format = if ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
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

    pub(super) fn sign_in_key(
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
}
