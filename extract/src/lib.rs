//! Turns untrusted document files into text with structure and page numbers.
//!
//! Parsers of hostile files never run in the server: [`Extractor`] starts the
//! same binary again as a child with limits on memory, processor time and the
//! clock, and [`child_main`] is what that child runs. [`sniff`] decides by
//! content what a file is before anything is stored.

mod child;
mod collector;
mod document;
mod encoding;
mod error;
mod format;
mod formats;
mod limits;
mod package;
mod profile;
mod sniff;
mod table;
mod xml;

pub use child::{Extractor, Progress, child_main};
pub use document::{Block, BlockKind, Extracted, Page};
pub use error::ExtractError;
pub use format::{Format, MediaType, UnknownFormat};
pub use formats::extract;
pub use limits::Limits;
pub use profile::{AllowedTypes, ProfileError, UploadProfile};
pub use sniff::{HEAD_BYTES, Legacy, Sniffed, TAIL_BYTES, TypeRefusal, sniff};
