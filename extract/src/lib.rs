//! Turns untrusted document files into text with structure and page numbers.

mod document;
mod error;
mod format;
mod limits;
mod profile;

pub use document::{Block, BlockKind, Extracted, Page};
pub use error::ExtractError;
pub use format::{Format, MediaType, UnknownFormat};
pub use limits::Limits;
pub use profile::{AllowedTypes, ProfileError, UploadProfile};
