//! Which class of data each table of the feature belongs to.

/// A table and its class. `settings` stay until they are changed; they hold no data of users but
/// the id of who changed them last.
pub(crate) const TABLES: [(&str, &str); 1] = [("app_settings", "settings")];
