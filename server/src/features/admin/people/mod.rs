//! Users: looked at, made, changed, kept out, let in.

mod acts;
mod bulk;
mod bulk_act;
mod lists;
mod making;
mod render;

pub(super) use render::{position, role_from, role_of};

use super::Administration;
use crate::platform::http::Registry;

pub(super) const TAG: &str = "Admin: people";

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    lists::mount(registry, administration);
    making::mount(registry, administration);
    acts::mount(registry, administration);
    bulk::mount(registry, administration);
}
