//! One message at a time: what changes, and what is to be done.

use api::console::{ByeReason, FeedEvent};
use crossterm::event::{KeyEvent, KeyEventKind};

use super::{App, Overlay, SignInForm};
use crate::action::Action;
use crate::client::{Failure, Reply};
use crate::keys::Key;
use crate::message::{FeedMessage, Message, Now, Owner, Slot};
use crate::mirror::Line;
use crate::place::Place;
use crate::screens::{Cx, Screen, Wish};

/// Takes a message in.
pub fn update(app: &mut App, message: Message, now: Now) -> Vec<Action> {
    let mut actions = Vec::new();
    app.now = now;
    match message {
        Message::Key(event) => app.key_event(&event, &mut actions),
        Message::Paste(text) => app.paste(&text, &mut actions),
        Message::Mouse(event) => app.mouse(event, &mut actions),
        Message::Resize(width, height) => app.size = (width, height),
        Message::Feed(message) => app.feed(&message, &mut actions),
        Message::Answer {
            slot,
            generation,
            outcome,
        } => app.answer(&slot, generation, outcome, &mut actions),
        Message::SignedIn(outcome) => app.signed_in(outcome, &mut actions),
        Message::Told { text, bad } => app.say(text, bad),
        Message::Progress(text) => app.progress(text),
        Message::Tick => app.tick(&mut actions),
        Message::Resumed => actions.push(Action::Redraw),
    }
    app.note_questions(&actions);
    actions
}

impl App {
    /// The first questions of a new console.
    pub fn begin(&mut self, now: Now) -> Vec<Action> {
        let mut actions = vec![Action::Feed];
        self.now = now;
        self.enter_screen(&mut actions);
        self.note_questions(&actions);
        actions
    }

    fn key_event(&mut self, event: &KeyEvent, actions: &mut Vec<Action>) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        if matches!(self.connection.line, Line::Lost { .. }) {
            actions.push(Action::Feed);
        }
        match Key::of(event) {
            Some(key) => self.key(key, event, actions),
            None => self.typed(event),
        }
    }

    fn feed(&mut self, message: &FeedMessage, actions: &mut Vec<Action>) {
        self.connection.take(message, self.now.ms);
        match message {
            FeedMessage::SignIn => self.ask_who(),
            FeedMessage::Event { id, event, data } => {
                self.mirror.last_id = Some(id.clone());
                if let Ok(Some(event)) = FeedEvent::read(event, data) {
                    self.feed_event(&event, actions);
                }
            }
            FeedMessage::Connecting
            | FeedMessage::Open
            | FeedMessage::Heartbeat
            | FeedMessage::Lost { .. } => {}
        }
    }

    fn feed_event(&mut self, event: &FeedEvent, actions: &mut Vec<Action>) {
        match event {
            FeedEvent::Bye(bye) if bye.reason == ByeReason::Forbidden => {
                self.say("the feed needs role admin or auditor", true);
            }
            _ => {}
        }
        self.mirror.take(event, self.now.utc);
        self.hear_of_followed(event, actions);
        self.with_screen(actions, |screen, cx| screen.feed(event, cx));
    }

    fn answer(
        &mut self,
        slot: &Slot,
        generation: u64,
        outcome: Result<Reply, Failure>,
        actions: &mut Vec<Action>,
    ) {
        match &outcome {
            Ok(reply) => self.connection.round_trip_ms = Some(reply.took_ms),
            Err(Failure::SignIn) => self.ask_who(),
            Err(failure) if failure.status() == 429 => {
                let wait = failure.retry_after_s().unwrap_or(4) * 1_000;
                self.connection.limited_until_ms = self.now.ms.saturating_add(wait);
            }
            Err(_) => {}
        }
        let acts = slot.part == "act" || slot.part == "undo";
        if !acts && !self.is_newest(slot, generation) {
            return;
        }
        match slot.owner {
            Owner::Dialog(number) if slot.part == "act" => self.acted(number, outcome, actions),
            Owner::Dialog(number) => self.looked(number, outcome, actions),
            Owner::App => self.own_answer(slot.part, outcome, actions),
            Owner::Screen(number) => {
                self.with_numbered(number, actions, |screen, cx| {
                    screen.answer(slot.part, outcome, cx);
                });
            }
        }
    }

    fn own_answer(
        &mut self,
        part: &'static str,
        outcome: Result<Reply, Failure>,
        actions: &mut Vec<Action>,
    ) {
        match (part, outcome) {
            ("undo", Ok(reply)) => {
                if let Some(id) = reply.audit_id {
                    self.mirror.told(id);
                }
                self.say("undone", false);
                self.with_screen(actions, |screen, cx| screen.acted(cx));
            }
            ("undo", Err(failure)) => self.say(format!("not undone: {failure}"), true),
            ("followed", outcome) => self.followed_answered(outcome),
            ("search", Ok(reply)) => self.found(&reply),
            ("resolve", outcome) => self.resolved(outcome, actions),
            _ => {}
        }
    }

    /// Takes the last act back.
    pub(super) fn undo_last(&mut self, actions: &mut Vec<Action>) {
        if let Some(why) = self.refused() {
            self.say(why, true);
            return;
        }
        let Some(undo) = self.undo.take() else {
            self.say("nothing to undo here: older acts are in Audit (8)", false);
            return;
        };
        self.toast = None;
        let mut request = crate::screens::audit::acts::undo(undo.audit_id);
        request.idempotency_key = Some(format!("{}-undo-{}", self.setup.run, undo.audit_id));
        let generation = self.number();
        actions.push(Action::Act {
            slot: Slot {
                owner: Owner::App,
                part: "undo",
            },
            generation,
            request,
        });
    }

    fn signed_in(&mut self, outcome: Result<(), Failure>, actions: &mut Vec<Action>) {
        match outcome {
            Ok(()) => {
                self.overlay = Overlay::None;
                actions.push(Action::Feed);
                self.enter_screen(actions);
            }
            Err(failure) => {
                if let Overlay::SignIn(form) = &mut self.overlay {
                    form.waiting = false;
                    form.error = Some(failure.to_string());
                }
            }
        }
    }

    fn ask_who(&mut self) {
        if !matches!(self.overlay, Overlay::SignIn(_)) {
            self.overlay = Overlay::SignIn(SignInForm::default());
        }
    }

    fn tick(&mut self, actions: &mut Vec<Action>) {
        if self
            .toast
            .as_ref()
            .is_some_and(|toast| toast.is_over(self.now.ms))
        {
            self.toast = None;
        }
        self.with_screen(actions, |screen, cx| screen.tick(cx));
    }

    /// Opens a place after the shown one.
    pub(super) fn go(&mut self, place: &Place, actions: &mut Vec<Action>) {
        if self
            .history
            .shown()
            .is_some_and(|(_, screen)| screen.place() == *place)
        {
            return;
        }
        let number = self.number();
        self.history.push(place, number);
        self.enter_screen(actions);
    }

    pub(super) fn enter_screen(&mut self, actions: &mut Vec<Action>) {
        self.with_screen(actions, |screen, cx| screen.enter(cx));
    }

    /// Lets the shown screen do something, and does what it wishes.
    pub(super) fn with_screen<T: Default>(
        &mut self,
        actions: &mut Vec<Action>,
        what: impl FnOnce(&mut dyn Screen, &mut Cx) -> T,
    ) -> T {
        let Some((number, _)) = self.history.shown() else {
            return T::default();
        };
        self.with_numbered(number, actions, what)
    }

    /// Moves the cursor of a list behind, and shows that row instead of the shown one.
    pub(super) fn with_behind(
        &mut self,
        number: u64,
        step: crate::keys::Command,
        actions: &mut Vec<Action>,
    ) {
        let mut wishes = Vec::new();
        let behind = self.history.acts_behind();
        let Some(screen) = self.history.numbered(number) else {
            return;
        };
        let mut cx = Cx {
            now: self.now,
            mirror: self.still.as_deref().unwrap_or(&self.mirror),
            frozen: self.still.is_some(),
            behind,
            number,
            actions,
            wishes: &mut wishes,
            generation: &mut self.counter,
        };
        screen.command(step, &mut cx);
        screen.command(crate::keys::Command::Open, &mut cx);
        for wish in wishes {
            if let Wish::Go(place) = wish {
                self.grant(Wish::Replace(place), actions);
            }
        }
    }

    fn with_numbered<T: Default>(
        &mut self,
        number: u64,
        actions: &mut Vec<Action>,
        what: impl FnOnce(&mut dyn Screen, &mut Cx) -> T,
    ) -> T {
        let mut wishes = Vec::new();
        let behind = self.history.acts_behind();
        let Some(screen) = self.history.numbered(number) else {
            return T::default();
        };
        let mut cx = Cx {
            now: self.now,
            mirror: self.still.as_deref().unwrap_or(&self.mirror),
            frozen: self.still.is_some(),
            behind,
            number,
            actions,
            wishes: &mut wishes,
            generation: &mut self.counter,
        };
        let answer = what(screen.as_mut(), &mut cx);
        for wish in wishes {
            self.grant(wish, actions);
        }
        answer
    }

    fn grant(&mut self, wish: Wish, actions: &mut Vec<Action>) {
        match wish {
            Wish::Go(place) => self.go(&place, actions),
            Wish::Replace(place) => {
                let number = self.number();
                self.history.replace(&place, number);
                self.enter_screen(actions);
            }
            Wish::Behind(act) => {
                self.history.back();
                let shown = self.history.shown();
                let mut chosen = shown
                    .map(|(_, screen)| screen.chosen_for(act))
                    .unwrap_or_default();
                let told = std::mem::take(&mut chosen.told);
                self.start(act, chosen, told, actions);
            }
            Wish::Picture(snapshot) => {
                let now = self.now.utc;
                self.mirror.take(&FeedEvent::Snapshot(snapshot), now);
            }
            Wish::Toast { text, bad } => self.say(text, bad),
        }
    }

    /// Keeps which question of a slot is the newest.
    fn note_questions(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Fetch {
                    slot, generation, ..
                } => self.remember(slot, *generation),
                Action::Cancel(slot) => self.newest.retain(|(known, _)| known != slot),
                _ => {}
            }
        }
    }

    pub(super) fn remember(&mut self, slot: &Slot, generation: u64) {
        match self.newest.iter_mut().find(|(known, _)| known == slot) {
            Some((_, newest)) => *newest = generation,
            None => self.newest.push((slot.clone(), generation)),
        }
    }

    fn is_newest(&mut self, slot: &Slot, generation: u64) -> bool {
        let found = self
            .newest
            .iter()
            .position(|(known, newest)| known == slot && *newest == generation);
        if let Some(at) = found {
            self.newest.swap_remove(at);
        }
        found.is_some()
    }

    /// Whether time alone changes what is shown within the next second.
    pub fn ticks(&self) -> bool {
        self.toast.is_some()
            || self.mirror.snapshot.is_some()
            || !matches!(self.connection.line, Line::Live)
            || !self.newest.is_empty()
    }
}
