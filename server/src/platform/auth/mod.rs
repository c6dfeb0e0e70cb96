//! Who is calling.

pub(crate) mod principal;
