//! How lists are asked for and counted.

use chrono::{DateTime, Utc};

use super::wire;

/// A page of a list that is wanted.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct ListQuery {
    /// `next_cursor` of the page before, with the same filter and order.
    pub cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    pub limit: Option<u64>,
    /// Terms joined by *and*, as `crate::filter` reads them.
    pub filter: Option<String>,
    /// A field, or `-` and a field for the reverse.
    pub sort: Option<String>,
}

/// What is to be counted.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct CountQuery {
    /// Terms joined by *and*, as `crate::filter` reads them.
    pub filter: Option<String>,
}

/// What the palette looks for.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct SearchQuery {
    /// Part of an e-mail address, or an id; 1 to 200 characters.
    pub q: String,
}

wire! {
    /// How many rows match.
    pub struct Count {
        /// At most 10,000.
        pub count: i64,
        /// False when there are more than were counted.
        pub exact: bool,
        /// When it was counted.
        pub as_of: DateTime<Utc>,
    }

    /// How many rows have a value.
    pub struct Tally {
        /// The value.
        pub value: String,
        /// At most 10,000.
        pub count: i64,
        /// False when there are more than were counted.
        pub exact: bool,
    }

    /// How many rows have which value.
    pub struct Tallies {
        /// One for each value.
        pub items: Vec<Tally>,
        /// When it was counted.
        pub as_of: DateTime<Utc>,
    }

    /// Something found by a word, for the palette.
    pub struct Found {
        /// `user`, `job`, `stream`, `store` or `document`.
        pub kind: String,
        /// Its id.
        pub id: String,
        /// An e-mail address of a user; for others what they are.
        pub label: String,
    }

    /// What was found, at most 20.
    pub struct FoundList {
        /// The nearest first.
        pub items: Vec<Found>,
    }
}
