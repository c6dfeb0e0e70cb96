//! What a person does at the console: rows chosen, acts begun, forms filled in, questions answered.

use binnacle_tui::acts::FieldKind;
use binnacle_tui::app::{Dialog, Overlay, Stage};
use binnacle_tui::keys::Key;

use super::console::{Console, SIZE, name_of};
use crate::support::house::ADMIN;

impl Console {
    /// Moves the cursor down to the first row that shows it.
    pub async fn select(&mut self, text: &str) {
        let is_row = |line: &str| line.starts_with([' ', '>']) && line.contains(text);
        let row = |frame: &str| {
            let lines: Vec<&str> = frame.lines().collect();
            // Above stands where one is, below what was told and the keys.
            let rows = lines.len().saturating_sub(2);
            lines[..rows].iter().skip(3).any(|line| is_row(line))
        };
        self.wait_for(text, |_, frame| row(frame).then_some(()))
            .await;
        self.key(Key::Home);
        for _ in 0..SIZE.1 {
            let frame = self.frame();
            let mut lines = frame.lines();
            if lines.any(|line| line.starts_with('>') && line.contains(text)) {
                return;
            }
            self.key(Key::Down);
        }
        panic!("no row says {text}:\n{}", self.frame());
    }

    /// Begins an act of the screen, such as `users disable`: by its key, else by the menu.
    #[track_caller]
    pub fn act(&mut self, act: &str) {
        // What is told from now on is told of this act.
        self.app.toast = None;
        let (place, acts) = match self.app.history.shown() {
            Some((_, screen)) => (screen.place(), screen.acts()),
            None => panic!("no screen"),
        };
        let at = acts.iter().position(|known| format!("{known:?}") == act);
        let at = at.unwrap_or_else(|| panic!("{place:?} has no act {act}"));
        if let Some(letter) = acts[at].key {
            self.key(Key::Char(letter));
        } else {
            self.key(Key::Char('x'));
            for _ in 0..at {
                self.key(Key::Down);
            }
            self.key(Key::Enter);
        }
        if !acts[at].writes {
            let now = self.app.history.shown().map(|(_, screen)| screen.place());
            assert_ne!(now, Some(place.clone()), "{act} goes nowhere");
            self.done.insert((name_of(&place), act.to_owned()));
        }
    }

    /// Fills the form of an act, field by field, and saves it.
    pub async fn fill(&mut self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            let (at, here, words) = self
                .form(|dialog, at| {
                    let fields = dialog.act.fields;
                    let wanted = fields.iter().position(|field| field.name == *name)?;
                    let choice = matches!(fields[wanted].kind, FieldKind::Choice(_));
                    Some((wanted, at, choice))
                })
                .await;
            for _ in here..at {
                self.key(Key::Tab);
            }
            for _ in at..here {
                self.key(Key::BackTab);
            }
            if words {
                for _ in 0..8 {
                    if self.value(at) == *value {
                        break;
                    }
                    self.key(Key::Char(' '));
                }
                assert_eq!(self.value(at), *value, "a choice of {name}");
            } else {
                self.key(Key::Ctrl('u'));
                self.types(value);
            }
        }
        self.key(Key::Enter);
    }

    async fn form<T>(&mut self, read: impl Fn(&Dialog, usize) -> Option<T>) -> T {
        self.wait_for("a form", |app, _| match &app.overlay {
            Overlay::Dialog(dialog) => match &dialog.stage {
                Stage::Form(form) => read(dialog, form.at),
                _ => None,
            },
            _ => None,
        })
        .await
    }

    fn value(&self, at: usize) -> String {
        match &self.app.overlay {
            Overlay::Dialog(dialog) => match &dialog.stage {
                Stage::Form(form) => form.inputs[at].value().to_owned(),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    /// Waits for a question, which has to name all of these: the object, and the effect in numbers.
    pub async fn asked(&mut self, words: &[&str]) -> String {
        let question = self
            .wait_for("a question", |app, _| match &app.overlay {
                Overlay::Dialog(dialog) => match &dialog.stage {
                    Stage::Asking { ask, .. } => {
                        let lines = ask.lines.iter().map(|(_, line)| line.clone());
                        let all: Vec<String> =
                            std::iter::once(ask.title.clone()).chain(lines).collect();
                        Some(all)
                    }
                    _ => None,
                },
                _ => None,
            })
            .await;
        self.until(&question[0]).await;
        let question = question.join("\n");
        for word in words {
            assert!(question.contains(word), "no {word:?} in {question}");
        }
        question
    }

    /// Confirms by `y`.
    pub fn yes(&mut self) {
        self.key(Key::Char('y'));
    }

    /// Confirms by typing what is asked for.
    pub fn word(&mut self, word: &str) {
        self.types(word);
        self.key(Key::Enter);
    }

    /// Waits for what is shown only once, and closes it.
    pub async fn revealed(&mut self) -> Vec<String> {
        let lines = self
            .wait_for("something shown once", |app, _| match &app.overlay {
                Overlay::Dialog(dialog) => match &dialog.stage {
                    Stage::Reveal { lines, .. } => Some(lines.clone()),
                    _ => None,
                },
                _ => None,
            })
            .await;
        self.key(Key::Enter);
        lines
    }

    /// Waits until the console says that, and answers the whole line.
    pub async fn told(&mut self, text: &str) -> String {
        self.wait_for(text, |app, _| {
            let toast = app.toast.as_ref()?;
            toast.text.contains(text).then(|| toast.text.clone())
        })
        .await
    }

    /// Waits until the audit screen shows an act of the console's on that target.
    pub async fn audited(&mut self, action: &str, target: &str) {
        self.screen('8', "Audit").await;
        self.until_line(&[ADMIN.0, action, target, "console"]).await;
    }
}
