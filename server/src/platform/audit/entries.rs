//! The record as the console looks at it: by page, one by one, and what undid what.

mod queries;

/// The act of undoing another, whose number is its target.
pub(super) const UNDO: &str = "undo";
/// What kind of thing an entry is, as a target.
pub(super) const ENTRY: &str = "audit_entry";
