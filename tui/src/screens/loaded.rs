//! One thing that a screen asks for whole, and what is to be said while it is not there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::de::DeserializeOwned;

use super::View;
use crate::client::{Failure, Reply};
use crate::message::Now;
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// Loading is not told before this: most answers are faster.
const QUIET_MS: u64 = 300;

/// What the server last said of it, and whether it is being asked again.
#[derive(Debug)]
pub(super) struct Loaded<T> {
    value: Option<T>,
    asked_ms: Option<u64>,
    failure: Option<Failure>,
    retry_at_ms: Option<u64>,
}

impl<T> Default for Loaded<T> {
    fn default() -> Self {
        Loaded {
            value: None,
            asked_ms: None,
            failure: None,
            retry_at_ms: None,
        }
    }
}

impl<T: DeserializeOwned> Loaded<T> {
    /// It was asked for.
    pub(super) fn asked(&mut self, now: Now) {
        self.asked_ms = Some(now.ms);
        self.retry_at_ms = None;
    }

    /// Takes the answer in; what was known before outlives a failure.
    pub(super) fn answered(&mut self, outcome: Result<Reply, Failure>, now: Now) {
        self.told(outcome.and_then(|reply| reply.decode()), now);
    }

    /// As [`Loaded::answered`], of what was found in the answer.
    pub(super) fn told(&mut self, outcome: Result<T, Failure>, now: Now) {
        self.asked_ms = None;
        match outcome {
            Ok(value) => {
                self.value = Some(value);
                self.failure = None;
            }
            Err(failure) => {
                self.retry_at_ms = failure
                    .retry_after_s()
                    .map(|wait| now.ms.saturating_add(wait * 1_000));
                self.failure = Some(failure);
            }
        }
    }

    /// Whether it failed and is to be asked for again now.
    pub(super) fn is_due(&self, now: Now) -> bool {
        self.retry_at_ms.is_some_and(|at| now.ms >= at)
    }

    pub(super) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    fn notice(&self, view: &View) -> Option<Part> {
        if let Some(failure) = &self.failure {
            let again = self.retry_at_ms.map_or_else(String::new, |at| {
                let left = at.saturating_sub(view.now.ms).div_ceil(1_000);
                format!(", retry in {left} s")
            });
            let id = failure
                .request_id()
                .map_or_else(String::new, |id| format!("  id {id}"));
            let role = if failure.status() == 403 {
                Role::Warn
            } else {
                Role::Bad
            };
            let text = format!("  could not load: {failure}{again}  r now{id}");
            return Some((role, text));
        }
        let waited = view.now.ms.saturating_sub(self.asked_ms?);
        let told = waited >= QUIET_MS && (self.value.is_none() || waited >= 1_000);
        told.then(|| {
            let seconds = format!("{}.{}", waited / 1_000, waited % 1_000 / 100);
            (Role::Muted, format!("  loading {seconds} s"))
        })
    }

    /// Says in the first line why it is not there, or not new; the area that is left.
    pub(super) fn draw_notice(&self, area: Rect, buffer: &mut Buffer, view: &View) -> Rect {
        let Some(notice) = self.notice(view) else {
            return area;
        };
        line::parts(buffer, line::row(area, 0), &[notice], view);
        Rect {
            y: area.y + 1.min(area.height),
            height: area.height.saturating_sub(1),
            ..area
        }
    }
}
