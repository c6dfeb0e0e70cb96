//! Backups: the database and the blobs at one moment, with checksums, made while serving and put
//! back whole or not at all.

mod retention;

pub(crate) use retention::retention;
