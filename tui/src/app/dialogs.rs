//! What lies over the screen.

use tui_input::Input;

use super::Palette;
use crate::acts::{Act, Ask, Call, Draft, FieldKind, Look};
use crate::client::{Failure, Reply};

/// What has the keys instead of the screen.
#[derive(Debug, Default)]
pub enum Overlay {
    #[default]
    None,
    Dialog(Box<Dialog>),
    /// Every act of the screen.
    Menu {
        acts: Vec<&'static Act>,
        at: usize,
    },
    Palette(Box<Palette>),
    /// The filter's line, with what is wrong in it.
    Filter {
        input: Input,
        before: String,
        error: Option<String>,
    },
    /// Waits for a column's letter.
    Sort,
    /// Where to export to.
    Export {
        input: Input,
    },
    SignIn(SignInForm),
}

/// Who one is.
#[derive(Default)]
pub struct SignInForm {
    pub email: Input,
    pub password: Input,
    /// Which of the two has the keys.
    pub in_password: bool,
    pub waiting: bool,
    pub error: Option<String>,
}

impl std::fmt::Debug for SignInForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInForm")
    }
}

/// An act on its way.
#[derive(Debug)]
pub struct Dialog {
    pub number: u64,
    pub act: &'static Act,
    pub draft: Draft,
    pub stage: Stage,
    pub opened_ms: u64,
    /// Rises whenever the act is planned anew: another round is another Idempotency-Key.
    pub round: u32,
    pub sending: Option<Sending>,
    pub error: Option<String>,
    /// Rows that it does not fit, in words.
    pub note: Option<String>,
}

/// How far an act is.
#[derive(Debug)]
pub enum Stage {
    /// It needs no dialog.
    Silent,
    Form(FormState),
    Looking {
        since_ms: u64,
        look: Look,
    },
    Asking {
        ask: Ask,
        typed: Input,
    },
    /// Shown this once.
    Reveal {
        text: String,
        lines: Vec<String>,
    },
}

/// A form being filled in.
#[derive(Debug)]
pub struct FormState {
    pub inputs: Vec<Input>,
    pub at: usize,
    pub changed: bool,
    /// Esc was pressed on a changed form.
    pub leaving: bool,
    pub wrong: Option<(&'static str, String)>,
}

impl FormState {
    pub fn new(act: &Act, draft: &Draft) -> FormState {
        let inputs = act
            .fields
            .iter()
            .map(|field| {
                let said = draft.values.some(field.name);
                Input::new(said.unwrap_or_else(|| (field.initial)(&draft.objects)))
            })
            .collect();
        FormState {
            inputs,
            at: 0,
            changed: false,
            leaving: false,
            wrong: None,
        }
    }

    /// The next word of a choice, or the one before.
    pub fn turn(&mut self, act: &Act, by: isize) -> bool {
        let Some(FieldKind::Choice(words)) = act.fields.get(self.at).map(|field| field.kind) else {
            return false;
        };
        if let Some(input) = self.inputs.get_mut(self.at) {
            let at = words.iter().position(|word| *word == input.value());
            let count = isize::try_from(words.len()).unwrap_or(1).max(1);
            let at = at
                .and_then(|at| isize::try_from(at).ok())
                .unwrap_or(-by.max(0));
            let next = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
            *input = Input::new(words.get(next).copied().unwrap_or_default().to_owned());
            self.changed = true;
        }
        true
    }
}

/// Requests that were sent, and what came back.
#[derive(Debug)]
pub struct Sending {
    pub call: Call,
    pub since_ms: u64,
    pub replies: Vec<Reply>,
    pub failures: Vec<Failure>,
}

impl Sending {
    /// How many of the requests were answered.
    pub fn answered(&self) -> usize {
        self.replies.len() + self.failures.len()
    }
}
