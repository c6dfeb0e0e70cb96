//! What drawing knows besides the screen's own state.

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::glyphs::Glyphs;
use crate::message::Now;
use crate::mirror::Mirror;
use crate::text::units;
use crate::theme::{Role, Theme};

/// From this age on a picture is stale.
const STALE_MS: u64 = 10_000;

/// The looks, the time and the house.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub theme: Theme,
    pub glyphs: &'static Glyphs,
    pub now: Now,
    pub mirror: &'a Mirror,
    /// For how long the picture has been out of date.
    pub stale_ms: Option<u64>,
    /// Whether acts that change something are refused, and why.
    pub refused: Option<&'static str>,
    pub context: &'a str,
}

impl View<'_> {
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// The server's time.
    pub fn server_time(&self) -> DateTime<Utc> {
        self.mirror.server_time(self.now.utc)
    }

    /// How long ago that was, by the server's clock.
    pub fn age(&self, at: DateTime<Utc>) -> String {
        units::age(self.server_time(), at)
    }

    /// As [`View::age`], of what may never have been.
    pub fn age_or(&self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(|| units::UNKNOWN.to_owned(), |at| self.age(at))
    }

    /// The time until then, `now` when it has come.
    pub fn until(&self, at: DateTime<Utc>) -> String {
        units::age(at, self.server_time())
    }

    /// Whether the picture is too old to be taken for the house.
    pub fn is_stale(&self) -> bool {
        self.stale_ms.is_some_and(|age| age >= STALE_MS)
    }

    /// The role of live numbers: stale when the line is lost.
    pub fn live(&self, role: Role) -> Role {
        if self.is_stale() { Role::Stale } else { role }
    }
}
