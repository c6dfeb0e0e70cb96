//! Keys in dialogs and forms: what confirms, what leaves.

use crossterm::event::KeyEvent;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::App;
use super::dialogs::{Dialog, Overlay, Stage};
use crate::action::Action;
use crate::acts::Confirm;
use crate::keys::Key;

/// Keys so soon after a question appeared were not meant for it.
const UNMEANT_MS: u64 = 250;

impl App {
    pub(super) fn dialog_key(
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

    pub(super) fn form_key(
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
}
