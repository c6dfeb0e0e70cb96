//! Numbers, times and strings as people read them on a screen of fixed cells.

pub mod clean;
pub mod units;
pub mod width;
