//! From a place to its screen.

use super::{
    Screen, alarms, audit, audit_entry, budgets, deleted, help, job, jobs, ledger, overview,
    providers, retention, runs, settings, stream, streams, system, user, users,
};
use crate::place::Place;

/// The screen of a place.
pub fn open(place: &Place) -> Box<dyn Screen> {
    match place {
        Place::Overview => overview::screen(),
        Place::Users { filter } => users::screen(filter),
        Place::User { id } => user::screen(*id),
        Place::Budgets => budgets::screen(),
        Place::Ledger { filter } => ledger::screen(filter),
        Place::Jobs { filter } => jobs::screen(filter),
        Place::Job { id } => job::screen(id),
        Place::Streams { filter } => streams::screen(filter),
        Place::Stream { id } => stream::screen(id),
        Place::Retention => retention::screen(),
        Place::RetentionRuns => runs::screen(),
        Place::Providers => providers::screen(),
        Place::Audit { filter } => audit::screen(filter),
        Place::AuditEntry { id } => audit_entry::screen(*id),
        Place::System => system::screen(),
        Place::DeletedStores => deleted::screen(),
        Place::Settings => settings::screen(),
        Place::Alarms => alarms::screen(),
        Place::Help => help::screen(),
    }
}
