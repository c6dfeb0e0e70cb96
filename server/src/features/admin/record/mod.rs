//! The record of what admins did: looked into, verified, undone.

mod entries;
mod undo;

use super::Administration;
use crate::platform::http::Registry;

const TAG: &str = "Admin: record";

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    entries::mount(registry, administration);
    undo::mount(registry, administration);
}
