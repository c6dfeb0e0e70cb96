//! The house's own rules, held by reading its sources: how long a file may be, what may name what,
//! and that the pages name only what exists. CONTRIBUTING.md says why each rule is there; loosening
//! one takes a page in docs/decisions.

mod directions;
mod doors;
mod pages;
mod sizes;
pub mod source;
