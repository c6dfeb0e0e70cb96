//! Which class of data each table of the feature belongs to.

/// A table and its class. `account` lasts as long as the account; a user's erasure empties it of
/// everything but a tombstone.
pub(crate) const TABLES: [(&str, &str); 4] = [
    ("users", "account"),
    ("sessions", "sessions"),
    ("refresh_tokens", "sessions"),
    ("revocations", "sessions"),
];
