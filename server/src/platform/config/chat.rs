//! What a question may ask for.

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const ALLOW_METADATA_FILTERS: Variable = Variable::new(
    "ALLOW_METADATA_FILTERS",
    "false",
    "Whether a question may filter documents by METADATA_FILTER_ALLOWED_KEYS.",
);
pub(super) const METADATA_FILTER_ALLOWED_KEYS: Variable = Variable::new(
    "METADATA_FILTER_ALLOWED_KEYS",
    "",
    "Keys that a filter may name, each of at most 64 characters.",
);

pub(super) const SECTION: Section = Section {
    title: "Chat",
    about: "",
    variables: &[ALLOW_METADATA_FILTERS, METADATA_FILTER_ALLOWED_KEYS],
};

/// The most characters of a filter's key.
const MAX_KEY_CHARS: usize = 64;

/// What a question may ask for.
#[derive(Clone, Debug)]
pub(crate) struct ChatConfig {
    pub(crate) metadata_filters_allowed: bool,
    pub(crate) metadata_filter_keys: Vec<String>,
}

impl ChatConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let keys = reader.list(&METADATA_FILTER_ALLOWED_KEYS);
        if keys.iter().any(|key| key.chars().count() > MAX_KEY_CHARS) {
            reader.problem(
                &METADATA_FILTER_ALLOWED_KEYS,
                "has a key of more than 64 characters",
                "Use shorter keys",
            );
        }
        Self {
            metadata_filters_allowed: reader.flag(&ALLOW_METADATA_FILTERS),
            metadata_filter_keys: keys,
        }
    }
}
