//! Who is calling.

pub(crate) mod identify;
pub(crate) mod observer;
pub(crate) mod password;
pub(crate) mod principal;
pub(crate) mod refresh_token;
pub(crate) mod tokens;
