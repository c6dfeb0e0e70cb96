//! One load of a run: of what, by how many.

use crate::{
    load::Figure,
    report::{Row, Store, Subject, say},
};

/// Which load.
#[derive(Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) subject: Subject,
    pub(crate) store: Store,
    pub(crate) users: usize,
    pub(crate) connections: usize,
}

impl Seat {
    pub(crate) const fn new(
        subject: Subject,
        store: Store,
        users: usize,
        connections: usize,
    ) -> Self {
        Self {
            subject,
            store,
            users,
            connections,
        }
    }

    /// Tells who watches.
    pub(crate) fn announce(&self) {
        say(&format!(
            "{}, {}: {} connections, {} users",
            self.subject.name(),
            self.store.name(),
            self.connections,
            self.users
        ));
    }

    /// What it came to.
    pub(crate) fn row(&self, figure: Figure, processor_ms: Option<f64>) -> Row {
        Row {
            subject: self.subject,
            store: self.store,
            users: self.users,
            connections: self.connections,
            figure,
            processor_ms,
        }
    }
}
