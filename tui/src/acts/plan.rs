//! What becomes of a draft.

use super::Draft;
use crate::client::{Failure, Reply, Request};
use crate::place::Place;
use crate::theme::Role;

/// The next step of an act.
#[derive(Debug)]
pub enum Plan {
    /// It hurts nobody: send it.
    Send(Call),
    /// Ask the person first.
    Ask(Ask),
    /// Ask the server for the numbers first.
    Look(Look),
    /// It only goes somewhere.
    Go(Place),
}

/// What follows from the server's numbers.
type Next = dyn Fn(&Draft, &Reply) -> Result<Plan, Failure>;

/// A question for the server's numbers, and what follows from them: an act, a question to the
/// person, or a question for more.
pub struct Look {
    pub request: Request,
    next: Box<Next>,
}

impl Look {
    /// What to do now that the server has answered.
    pub fn next(&self, draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
        (self.next)(draft, reply)
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Look").field(&self.request).finish()
    }
}

impl Plan {
    /// Asks the server, then goes on with `next`.
    pub fn look(
        request: Request,
        next: impl Fn(&Draft, &Reply) -> Result<Plan, Failure> + 'static,
    ) -> Plan {
        Plan::Look(Look {
            request,
            next: Box::new(next),
        })
    }
}

/// What a person reads after it is done.
pub type Tell = fn(&Draft, &Reply) -> Result<Done, Failure>;

/// How a person says yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// With `y`.
    Yes,
    /// By typing this, then Enter.
    Word(String),
}

/// A question before an act that hurts.
#[derive(Debug)]
pub struct Ask {
    pub title: String,
    /// What will happen, in numbers of the server.
    pub lines: Vec<(Role, String)>,
    pub confirm: Confirm,
    pub call: Call,
}

impl Ask {
    /// A question that `y` answers.
    pub fn yes(title: impl Into<String>, call: Call) -> Ask {
        Ask {
            title: title.into(),
            lines: Vec::new(),
            confirm: Confirm::Yes,
            call,
        }
    }

    /// With a line of what will happen.
    #[must_use]
    pub fn line(mut self, text: impl Into<String>) -> Ask {
        self.lines.push((Role::Plain, text.into()));
        self
    }

    /// With a line that should not be missed.
    #[must_use]
    pub fn warn(mut self, text: impl Into<String>) -> Ask {
        self.lines.push((Role::Warn, text.into()));
        self
    }

    /// Only after typing `word`.
    #[must_use]
    pub fn word(mut self, word: impl Into<String>) -> Ask {
        self.confirm = Confirm::Word(word.into());
        self
    }
}

impl From<Ask> for Plan {
    fn from(ask: Ask) -> Plan {
        Plan::Ask(ask)
    }
}

/// What is sent at last: one request, or one for each object, in order.
#[derive(Debug)]
pub struct Call {
    pub requests: Vec<Request>,
    pub done: Tell,
    /// Whether the server can take it back by its audit entry.
    pub undo: bool,
}

impl Call {
    pub fn new(request: Request, done: Tell) -> Call {
        Call {
            requests: vec![request],
            done,
            undo: false,
        }
    }

    /// One request for each object.
    pub fn each(requests: Vec<Request>, done: Tell) -> Call {
        Call {
            requests,
            done,
            undo: false,
        }
    }

    /// The same call once more, after it failed.
    #[must_use]
    pub fn again(&self) -> Call {
        Call {
            requests: self.requests.clone(),
            done: self.done,
            undo: self.undo,
        }
    }

    /// The server can undo it.
    #[must_use]
    pub fn undoable(mut self) -> Call {
        self.undo = true;
        self
    }
}

/// An act that is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// One line, with the values as the server answered them.
    pub text: String,
    /// What is shown this once, such as a link: it stays until it is closed.
    pub reveal: Vec<String>,
    /// Rows left out of a bulk act.
    pub skipped: i64,
    /// Jobs that do what is left to do.
    pub jobs: Vec<i64>,
}

impl Done {
    pub fn new(text: impl Into<String>) -> Done {
        Done {
            text: text.into(),
            ..Done::default()
        }
    }

    /// With the job that goes on with it.
    #[must_use]
    pub fn job(mut self, id: i64) -> Done {
        self.jobs.push(id);
        self
    }
}

/// Why an act cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// The field to look at.
    pub field: Option<&'static str>,
    pub text: String,
}

impl Refusal {
    pub fn new(text: impl Into<String>) -> Refusal {
        Refusal {
            field: None,
            text: text.into(),
        }
    }

    pub fn of(field: &'static str, text: impl Into<String>) -> Refusal {
        Refusal {
            field: Some(field),
            text: text.into(),
        }
    }
}
