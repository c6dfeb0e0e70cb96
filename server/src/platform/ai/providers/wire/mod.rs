//! What both wires have in common: server-sent events over HTTP, capped in every direction.

mod body;
mod events;
mod failure;
mod lines;
mod stream;

pub(super) use body::{read_json, send};
pub(super) use failure::{WireError, classify};
pub(super) use stream::{Decoder, pieces};
