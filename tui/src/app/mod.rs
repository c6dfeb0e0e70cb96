//! The console as a value: everything it knows, and nothing of terminals, networks and clocks.
//!
//! [`update`] takes a message and says what is to be done; [`draw`] shows what there is.

mod commands;
mod dialog_keys;
mod dialogs;
mod draw;
mod following;
mod history;
mod keys;
mod palette;
mod running;
mod typing;
mod update;

pub use dialogs::{Dialog, FormState, Overlay, Sending, SignInForm, Stage};
pub use draw::{LEAST, draw, render};
pub use following::Followed;
pub use history::History;
pub use palette::{Entry, Palette, Target};
pub use update::update;

use api::accounts::Role as UserRole;
use chrono::DateTime;

use crate::glyphs::Glyphs;
use crate::message::Now;
use crate::mirror::{Connection, Mirror};
use crate::place::Place;
use crate::screens::{Typing, View};
use crate::theme::Theme;
use crate::widgets::toast::{Toast, Undoable};

/// What a console is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub context: String,
    /// Every known context, for the palette.
    pub contexts: Vec<String>,
    /// Host and port, for line 1.
    pub server: String,
    pub theme: Theme,
    /// The role in which the context's name is shown: production may be red.
    pub context_role: crate::theme::Role,
    pub glyphs: &'static Glyphs,
    pub read_only: bool,
    /// Plain HTTP to another machine: said in line 1.
    pub insecure: bool,
    pub mouse: bool,
    /// Unlike any other run: the beginning of every Idempotency-Key.
    pub run: String,
    /// Lines typed in the palette before.
    pub typed_before: Vec<String>,
}

/// The whole state.
pub struct App {
    pub setup: Setup,
    pub mirror: Mirror,
    pub connection: Connection,
    pub history: History,
    pub overlay: Overlay,
    /// Acts that need no dialog, on their way.
    pub silent: Vec<Dialog>,
    pub toast: Option<Toast>,
    /// The job that the last act has begun.
    pub followed: Option<Followed>,
    /// The last act that the server can take back.
    pub undo: Option<Undoable>,
    /// The house as it was when the console was frozen: shown until it is thawed, while
    /// [`App::mirror`] goes on.
    pub still: Option<Box<Mirror>>,
    pub mouse: bool,
    pub size: (u16, u16),
    pub now: Now,
    /// Counts questions, dialogs and screens of this run.
    pub(crate) counter: u64,
    /// The newest question of each slot.
    pub(crate) newest: Vec<(crate::message::Slot, u64)>,
    pub typed_before: Vec<String>,
    pub leaving: bool,
}

impl App {
    /// A console of `size` cells that shows the overview.
    pub fn new(setup: Setup, size: (u16, u16)) -> App {
        App {
            mirror: Mirror::default(),
            connection: Connection::default(),
            history: History::new(&Place::Overview, 1),
            overlay: Overlay::None,
            silent: Vec::new(),
            toast: None,
            followed: None,
            undo: None,
            still: None,
            mouse: setup.mouse,
            size,
            now: Now {
                utc: DateTime::UNIX_EPOCH,
                ms: 0,
            },
            counter: 1,
            newest: Vec::new(),
            typed_before: setup.typed_before.clone(),
            leaving: false,
            setup,
        }
    }

    /// Why acts that change something are refused here, if they are.
    pub fn refused(&self) -> Option<&'static str> {
        if self.setup.read_only {
            return Some("this console is read-only: --read-only or its context says so");
        }
        match self
            .mirror
            .snapshot
            .as_ref()
            .map(|snapshot| snapshot.me.role)
        {
            Some(UserRole::Auditor) => Some("Your role auditor may read this, not change it"),
            Some(UserRole::User) => Some("Your role user may not change this"),
            Some(UserRole::Admin) | None => None,
        }
    }

    /// What drawing needs.
    pub fn view(&self) -> View<'_> {
        View {
            theme: self.setup.theme,
            glyphs: self.setup.glyphs,
            now: self.now,
            mirror: self.still.as_deref().unwrap_or(&self.mirror),
            stale_ms: self.connection.stale_ms(self.now.ms),
            refused: self.refused(),
            context: &self.setup.context,
            form: self.typing(),
        }
    }

    /// The form that is being filled in.
    fn typing(&self) -> Option<Typing<'_>> {
        match &self.overlay {
            Overlay::Dialog(dialog) => match &dialog.stage {
                Stage::Form(form) => Some(Typing {
                    act: dialog.act,
                    form,
                }),
                _ => None,
            },
            _ => None,
        }
    }

    /// A number that was not given before.
    pub(crate) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Says how far something is, unless that would hide what can be undone.
    fn progress(&mut self, text: String) {
        if self.toast.as_ref().is_none_or(|toast| toast.undo.is_none()) {
            self.say(text, false);
        }
    }

    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        self.toast = Some(Toast::new(text, bad, self.now.ms));
    }
}
