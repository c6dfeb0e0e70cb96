//! How often one principal may ask, by class of route.

use std::num::NonZeroU32;

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const RATE_LIMIT_PER_MINUTE: Variable = Variable::new(
    "RATE_LIMIT_PER_MINUTE",
    "120",
    "Requests of every kind together.",
)
.unit("per minute");
pub(super) const CHAT_RATE_LIMIT_PER_MINUTE: Variable =
    Variable::new("CHAT_RATE_LIMIT_PER_MINUTE", "10", "Questions.").unit("per minute");
pub(super) const UPLOAD_RATE_LIMIT_PER_MINUTE: Variable =
    Variable::new("UPLOAD_RATE_LIMIT_PER_MINUTE", "10", "Uploads.").unit("per minute");
pub(super) const LOGIN_RATE_LIMIT_PER_MINUTE: Variable = Variable::new(
    "LOGIN_RATE_LIMIT_PER_MINUTE",
    "20",
    "Sign-in attempts, counted for each account and for each address.",
)
.unit("per minute");

pub(super) const SECTION: Section = Section {
    title: "Rate limits",
    about: "Counted for each user, else for each address.",
    variables: &[
        RATE_LIMIT_PER_MINUTE,
        CHAT_RATE_LIMIT_PER_MINUTE,
        UPLOAD_RATE_LIMIT_PER_MINUTE,
        LOGIN_RATE_LIMIT_PER_MINUTE,
    ],
};

/// Requests per minute and principal.
#[derive(Clone, Debug)]
pub(crate) struct LimitsConfig {
    pub(crate) general: NonZeroU32,
    pub(crate) chat: NonZeroU32,
    pub(crate) upload: NonZeroU32,
    pub(crate) login: NonZeroU32,
}

impl LimitsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut limit = |variable| {
            let count = reader.integer(variable, 1..=10_000_000);
            NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
        };
        Self {
            general: limit(&RATE_LIMIT_PER_MINUTE),
            chat: limit(&CHAT_RATE_LIMIT_PER_MINUTE),
            upload: limit(&UPLOAD_RATE_LIMIT_PER_MINUTE),
            login: limit(&LOGIN_RATE_LIMIT_PER_MINUTE),
        }
    }
}
