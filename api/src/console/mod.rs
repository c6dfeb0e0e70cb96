//! What the admin console reads and does, under `/api/admin`.
//!
//! Units are in names: `_nanos` is integer nano-dollars, `_ms`, `_s` and `_bytes` say themselves,
//! `_ratio` is 0 to 1, `_at` is RFC 3339 in UTC. `null` is unknown, which is never 0.

mod accounts;
mod audit;
mod bulk;
mod feed;
mod jobs;
mod lists;
mod overview;
mod providers;
mod retention;
mod spend;
mod steps;
mod streams;
mod system;

pub use accounts::*;
pub use audit::*;
pub use bulk::*;
pub use feed::*;
pub use jobs::*;
pub use lists::*;
pub use overview::*;
pub use providers::*;
pub use retention::*;
pub use spend::*;
pub use steps::*;
pub use streams::*;
pub use system::*;

/// An `Object` of the wire: derives what every one of them has.
macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    )*};
}

/// Words of the wire: a closed set, in `snake_case`.
macro_rules! words {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "openapi", derive(poem_openapi::Enum), oai(rename_all = "snake_case"))]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.word())
            }
        }
    )*};
}

/// A page of a list.
macro_rules! page {
    ($($(#[$meta:meta])* pub struct $name:ident of $item:ty;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
        pub struct $name {
            /// In the order that was asked for; the id breaks ties.
            pub items: Vec<$item>,
            /// For the next page; absent on the last. It carries filter and order.
            pub next_cursor: Option<String>,
        }
    )*};
}

use {page, wire, words};
