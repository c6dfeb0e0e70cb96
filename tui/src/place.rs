//! Where one can be in the console.

/// A screen, and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Overview,
    Users { filter: String },
    User { id: i64 },
    Budgets,
    Ledger { filter: String },
    Jobs { filter: String },
    Job { id: String },
    Streams { filter: String },
    Stream { id: String },
    Retention,
    RetentionRuns,
    Providers,
    Audit { filter: String },
    AuditEntry { id: i64 },
    System,
    DeletedStores,
    Settings,
    Alarms,
    Help,
}

impl Place {
    /// The screen of a digit.
    pub fn of_digit(digit: u8) -> Option<Place> {
        let filter = String::new();
        Some(match digit {
            1 => Place::Overview,
            2 => Place::Users { filter },
            3 => Place::Budgets,
            4 => Place::Jobs { filter },
            5 => Place::Streams { filter },
            6 => Place::Retention,
            7 => Place::Providers,
            8 => Place::Audit { filter },
            9 => Place::System,
            0 => Place::Settings,
            _ => return None,
        })
    }

    /// The digit that opens it, or the screen that it is a part of.
    pub fn digit(&self) -> Option<u8> {
        Some(match self {
            Place::Overview => 1,
            Place::Users { .. } | Place::User { .. } => 2,
            Place::Budgets | Place::Ledger { .. } => 3,
            Place::Jobs { .. } | Place::Job { .. } => 4,
            Place::Streams { .. } | Place::Stream { .. } => 5,
            Place::Retention | Place::RetentionRuns => 6,
            Place::Providers => 7,
            Place::Audit { .. } | Place::AuditEntry { .. } => 8,
            Place::System | Place::DeletedStores => 9,
            Place::Settings => 0,
            Place::Alarms | Place::Help => return None,
        })
    }

    /// The places that the palette goes to by name.
    pub fn named() -> Vec<(&'static str, Place)> {
        let filter = String::new;
        vec![
            ("overview", Place::Overview),
            ("users", Place::Users { filter: filter() }),
            ("budgets", Place::Budgets),
            ("ledger", Place::Ledger { filter: filter() }),
            ("jobs", Place::Jobs { filter: filter() }),
            ("streams", Place::Streams { filter: filter() }),
            ("retention", Place::Retention),
            ("runs", Place::RetentionRuns),
            ("providers", Place::Providers),
            ("audit", Place::Audit { filter: filter() }),
            ("system", Place::System),
            ("deleted", Place::DeletedStores),
            ("settings", Place::Settings),
            ("alarms", Place::Alarms),
            ("help", Place::Help),
        ]
    }

    /// The same place, showing what `filter` leaves; `None` where there is nothing to filter.
    pub fn filtered(&self, filter: &str) -> Option<Place> {
        let filter = filter.to_owned();
        Some(match self {
            Place::Users { .. } => Place::Users { filter },
            Place::Ledger { .. } => Place::Ledger { filter },
            Place::Jobs { .. } => Place::Jobs { filter },
            Place::Streams { .. } => Place::Streams { filter },
            Place::Audit { .. } => Place::Audit { filter },
            _ => return None,
        })
    }
}
