//! One line that says what happened, for a while.

/// How long a toast stays.
const STAYS_MS: u64 = 12_000;

/// What can be taken back by `u`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoable {
    pub audit_id: i64,
    pub what: String,
}

/// A line above the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    pub bad: bool,
    pub undo: Option<Undoable>,
    until_ms: u64,
}

impl Toast {
    pub fn new(text: impl Into<String>, bad: bool, now_ms: u64) -> Toast {
        Toast {
            text: text.into(),
            bad,
            undo: None,
            until_ms: now_ms + STAYS_MS,
        }
    }

    /// Which `u` takes back while it is shown.
    #[must_use]
    pub fn undoable(mut self, audit_id: i64) -> Toast {
        self.undo = Some(Undoable {
            audit_id,
            what: self.text.clone(),
        });
        self
    }

    pub fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.until_ms
    }

    /// As it is drawn.
    pub fn line(&self) -> String {
        match self.undo {
            Some(_) => format!("{} - u undoes", self.text),
            None => self.text.clone(),
        }
    }
}
