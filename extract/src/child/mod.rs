//! Extraction in a child process: the parent's side and the child's.
//!
//! The child speaks JSON lines on its standard output and has nothing else:
//! no environment, no input, no files of the parent. It is the leader of its
//! own process group, so that one kill ends whatever it may have started.

mod confine;
mod entry;
mod extractor;
mod message;
mod process_group;

pub use crate::collector::Progress;
pub use entry::child_main;
pub use extractor::Extractor;
