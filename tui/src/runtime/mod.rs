//! The console's only contact with the world: terminal, network, clock, files.

mod clipboard;
pub mod clock;
mod event_loop;
pub mod export;
mod suspend;
pub mod tasks;
pub mod terminal;

pub use event_loop::{Connect, Ended, Started, run};

/// What went wrong with the terminal.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("the terminal: {0}")]
    Terminal(#[from] std::io::Error),
    #[error("{0}")]
    Client(#[from] crate::client::http::ClientError),
}
