//! Acts, from the key to the toast.

use tui_input::Input;

use super::dialogs::{Dialog, FormState, Overlay, Sending, Stage};
use super::{App, Followed};
use crate::action::Action;
use crate::acts::{Act, Ask, Call, Draft, On, Plan, Refusal, Values};
use crate::client::{Failure, Reply};
use crate::message::{Owner, Slot};
use crate::object::Object;
use crate::screens::Chosen;
use crate::widgets::toast::Toast;

/// A picture older than this is named in the dialog.
const OLD_MS: u64 = 10_000;

impl App {
    /// Begins an act on what is chosen.
    pub(super) fn start(
        &mut self,
        act: &'static Act,
        chosen: Chosen,
        values: Values,
        actions: &mut Vec<Action>,
    ) {
        if let (true, Some(why)) = (act.writes, self.refused()) {
            self.say(why, true);
            return;
        }
        let (draft, note) = match draft(act, chosen, values) {
            Ok(draft) => draft,
            Err(why) => {
                self.say(why, true);
                return;
            }
        };
        let number = self.number();
        let mut dialog = Dialog {
            number,
            act,
            draft,
            stage: Stage::Silent,
            opened_ms: self.now.ms,
            round: 0,
            sending: None,
            error: None,
            note,
        };
        dialog.draft.stale_s = self
            .connection
            .stale_ms(self.now.ms)
            .filter(|age| *age >= OLD_MS)
            .and_then(|age| i64::try_from(age / 1_000).ok());
        let told = act
            .fields
            .iter()
            .any(|field| dialog.draft.values.some(field.name).is_some());
        if act.fields.is_empty() || told {
            self.plan(dialog, actions);
        } else {
            dialog.stage = Stage::Form(FormState::new(act, &dialog.draft));
            self.overlay = Overlay::Dialog(Box::new(dialog));
        }
    }

    /// Plans the act from its draft, and takes the first step.
    pub(super) fn plan(&mut self, mut dialog: Dialog, actions: &mut Vec<Action>) {
        dialog.round += 1;
        dialog.error = None;
        let checked = dialog
            .act
            .fields
            .iter()
            .try_for_each(|field| field.check(dialog.draft.values.text(field.name)));
        match checked.and_then(|()| (dialog.act.plan)(&dialog.draft)) {
            Ok(plan) => self.follow(dialog, plan, actions),
            Err(refusal) => self.refuse(dialog, refusal),
        }
    }

    fn refuse(&mut self, mut dialog: Dialog, refusal: Refusal) {
        if let Stage::Form(form) = &mut dialog.stage {
            let fields = dialog.act.fields;
            if let Some(at) = fields
                .iter()
                .position(|field| Some(field.name) == refusal.field)
            {
                form.at = at;
            }
            form.wrong = Some((refusal.field.unwrap_or_default(), refusal.text));
            self.overlay = Overlay::Dialog(Box::new(dialog));
        } else {
            self.say(refusal.text, true);
        }
    }

    fn follow(&mut self, mut dialog: Dialog, plan: Plan, actions: &mut Vec<Action>) {
        match plan {
            Plan::Send(call) => self.send(dialog, call, actions),
            Plan::Ask(ask) => {
                let ask = Self::with_age(ask, &dialog);
                dialog.stage = Stage::Asking {
                    ask,
                    typed: Input::default(),
                };
                dialog.opened_ms = self.now.ms;
                self.overlay = Overlay::Dialog(Box::new(dialog));
            }
            Plan::Look(look) => {
                let request = look.request.clone();
                dialog.stage = Stage::Looking {
                    since_ms: self.now.ms,
                    look,
                };
                let slot = Slot {
                    owner: Owner::Dialog(dialog.number),
                    part: "look",
                };
                let generation = self.number();
                self.remember(&slot, generation);
                actions.push(Action::Fetch {
                    slot,
                    generation,
                    request,
                    after_ms: 0,
                });
                self.overlay = Overlay::Dialog(Box::new(dialog));
            }
            Plan::Go(place) => {
                self.overlay = Overlay::None;
                self.go(&place, actions);
            }
        }
    }

    fn with_age(ask: Ask, dialog: &Dialog) -> Ask {
        let ask = match &dialog.note {
            Some(note) => ask.warn(note.clone()),
            None => ask,
        };
        match dialog.draft.stale_s {
            Some(age) => ask.warn(format!("the picture is {age} s old: the line is lost")),
            None => ask,
        }
    }

    /// Sends what was confirmed.
    pub(super) fn send(&mut self, mut dialog: Dialog, call: Call, actions: &mut Vec<Action>) {
        dialog.error = None;
        dialog.sending = Some(Sending {
            call,
            since_ms: self.now.ms,
            replies: Vec::new(),
            failures: Vec::new(),
        });
        self.send_next(dialog, actions);
    }

    /// Sends what comes after the answers that are there.
    fn send_next(&mut self, dialog: Dialog, actions: &mut Vec<Action>) {
        if let Some(sending) = &dialog.sending
            && let Some(request) = sending.call.requests.get(sending.answered())
        {
            let mut request = request.clone();
            request.idempotency_key = Some(format!(
                "{}-{}-{}-{}",
                self.setup.run,
                dialog.number,
                dialog.round,
                sending.answered()
            ));
            actions.push(Action::Act {
                slot: Slot {
                    owner: Owner::Dialog(dialog.number),
                    part: "act",
                },
                generation: self.number(),
                request,
            });
        }
        if matches!(dialog.stage, Stage::Silent) {
            self.silent.push(dialog);
        } else {
            self.overlay = Overlay::Dialog(Box::new(dialog));
        }
    }

    fn take_dialog(&mut self, number: u64) -> Option<Dialog> {
        if let Some(at) = self.silent.iter().position(|known| known.number == number) {
            return Some(self.silent.remove(at));
        }
        match std::mem::take(&mut self.overlay) {
            Overlay::Dialog(dialog) if dialog.number == number => Some(*dialog),
            other => {
                self.overlay = other;
                None
            }
        }
    }

    /// The server's numbers before an act.
    pub(super) fn looked(
        &mut self,
        number: u64,
        outcome: Result<Reply, Failure>,
        actions: &mut Vec<Action>,
    ) {
        let Some(mut dialog) = self.take_dialog(number) else {
            return;
        };
        let Stage::Looking { look, .. } = &dialog.stage else {
            return;
        };
        match outcome.and_then(|reply| look.next(&dialog.draft, &reply)) {
            Ok(plan) => self.follow(dialog, plan, actions),
            Err(failure) => {
                dialog.error = Some(failure.to_string());
                self.overlay = Overlay::Dialog(Box::new(dialog));
            }
        }
    }

    /// An act's answer.
    pub(super) fn acted(
        &mut self,
        number: u64,
        outcome: Result<Reply, Failure>,
        actions: &mut Vec<Action>,
    ) {
        let Some(mut dialog) = self.take_dialog(number) else {
            return;
        };
        let Some(mut sending) = dialog.sending.take() else {
            return;
        };
        match outcome {
            Ok(reply) => sending.replies.push(reply),
            Err(failure) => sending.failures.push(failure),
        }
        if sending.answered() < sending.call.requests.len() {
            dialog.sending = Some(sending);
            return self.send_next(dialog, actions);
        }
        for id in sending.replies.iter().filter_map(|reply| reply.audit_id) {
            self.mirror.told(id);
        }
        match sending.failures.first().cloned() {
            Some(failure) => self.failed(dialog, &sending, &failure, actions),
            None => self.done(dialog, &sending, actions),
        }
    }

    fn failed(
        &mut self,
        mut dialog: Dialog,
        sending: &Sending,
        failure: &Failure,
        actions: &mut Vec<Action>,
    ) {
        let fresh = matches!(failure.code(), "changed_since" | "preview_changed");
        let id = failure
            .request_id()
            .map_or_else(String::new, |id| format!("  id {id}"));
        let all = sending.answered();
        let part = if all > 1 {
            format!("{} of {all} failed: ", sending.failures.len())
        } else {
            String::new()
        };
        let text = format!("{part}{failure}{id}");
        if fresh && !matches!(dialog.stage, Stage::Silent) {
            self.say("it changed meanwhile: here are the fresh numbers", true);
            self.plan(dialog, actions);
        } else if matches!(dialog.stage, Stage::Silent) {
            self.say(format!("{}: {text}", dialog.act.label), true);
        } else {
            if let (
                Stage::Form(form),
                Failure::Refused {
                    field: Some(field), ..
                },
            ) = (&mut dialog.stage, failure)
            {
                let fields = dialog.act.fields;
                if let Some(at) = fields.iter().position(|known| known.name == field) {
                    form.at = at;
                }
            }
            dialog.error = Some(text);
            self.overlay = Overlay::Dialog(Box::new(dialog));
        }
        if !sending.replies.is_empty() {
            self.refresh_after_act(actions);
        }
    }

    fn done(&mut self, mut dialog: Dialog, sending: &Sending, actions: &mut Vec<Action>) {
        let Some(reply) = sending.replies.last() else {
            return;
        };
        match (sending.call.done)(&dialog.draft, reply) {
            Ok(mut done) => {
                let all = sending.replies.len();
                if all > 1 {
                    done.text =
                        format!("{}: {all} done, the last: {}", dialog.act.label, done.text);
                }
                let mut toast = Toast::new(done.text.clone(), false, self.now.ms);
                // What is done to one job is seen in its row.
                let begun = dialog.act.noun != "jobs" || dialog.draft.is_bulk();
                if let (true, [job]) = (begun, done.jobs.as_slice()) {
                    self.followed = Some(Followed {
                        job: *job,
                        what: format!("{:?}", dialog.act),
                    });
                }
                // `u` takes back one change; of several, each is in Audit.
                let undo = sending.call.undo && all == 1;
                if let (true, Some(id)) = (undo, reply.audit_id) {
                    toast = toast.undoable(id);
                    self.undo.clone_from(&toast.undo);
                }
                if done.reveal.is_empty() {
                    self.toast = Some(toast);
                } else {
                    dialog.stage = Stage::Reveal {
                        text: done.text,
                        lines: done.reveal,
                    };
                    dialog.opened_ms = self.now.ms;
                    self.overlay = Overlay::Dialog(Box::new(dialog));
                }
            }
            // It was done; only the answer is in a form that this console does not know.
            Err(failure) => self.say(format!("{}: done; {failure}", dialog.act.label), false),
        }
        self.refresh_after_act(actions);
    }

    fn refresh_after_act(&mut self, actions: &mut Vec<Action>) {
        self.with_screen(actions, |screen, cx| screen.acted(cx));
    }
}

/// The draft of an act, and what is to be said about rows that it does not fit.
fn draft(
    act: &'static Act,
    chosen: Chosen,
    values: Values,
) -> Result<(Draft, Option<String>), String> {
    let mut draft = Draft {
        values,
        ..Draft::default()
    };
    if act.on == On::House {
        return Ok((draft, None));
    }
    if let Some(everything) = chosen.everything {
        if act.on == On::One {
            return Err(format!("{} works on one row at a time", act.label));
        }
        draft.everything = Some(everything);
        return Ok((draft, None));
    }
    let all = chosen.objects.len();
    if all == 0 {
        return Err("choose a row first".to_owned());
    }
    if act.on == On::One && all > 1 {
        return Err(format!("{} works on one row at a time", act.label));
    }
    let mut why = None;
    let objects: Vec<Object> = chosen
        .objects
        .into_iter()
        .filter(|object| match (act.fits)(object) {
            Ok(()) => true,
            Err(reason) => {
                why.get_or_insert(reason);
                false
            }
        })
        .collect();
    let fit = objects.len();
    draft.objects = objects;
    match why {
        Some(reason) if fit == 0 => Err(reason),
        Some(reason) => Ok((draft, Some(format!("{fit} of {all}; others: {reason}")))),
        None => Ok((draft, None)),
    }
}
