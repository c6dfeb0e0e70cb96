//! Who pays, and how much is set aside before a call.

/// Money set aside for one call.
pub(crate) struct Hold {
    #[cfg(test)]
    pub(crate) reason: &'static str,
}
