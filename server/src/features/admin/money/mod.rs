//! Money: who spends it, where it goes, and the rules for everybody.

mod charges;
mod defaults;
mod spend;

pub(super) use defaults::back_to;

use super::Administration;
use crate::platform::http::Registry;

const TAG: &str = "Admin: money";

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    spend::mount(registry, administration);
    charges::mount(registry, administration);
    defaults::mount(registry, administration);
}
