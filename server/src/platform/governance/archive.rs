//! Writing a zip as it comes: pieces go through a short queue to a thread that compresses and
//! writes, so that neither the archive nor a file in it is ever whole in memory.

use std::{fs::File, io::Write};

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::GovernanceError;

/// Pieces that wait for the disk at the most.
const WAITING: usize = 8;

enum Piece {
    File(String),
    Bytes(Bytes),
    End,
}

/// A file of the archive, for its list of contents.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    path: String,
    bytes: u64,
    /// Hexadecimal.
    sha256: String,
}

/// An archive under way.
pub(super) struct Archive {
    pieces: mpsc::Sender<Piece>,
    written: JoinHandle<Result<(), std::io::Error>>,
    open: Option<(String, u64, Sha256)>,
    entries: Vec<Entry>,
}

impl Archive {
    pub(super) fn into_file(file: File) -> Self {
        let (pieces, waiting) = mpsc::channel(WAITING);
        Self {
            pieces,
            written: tokio::task::spawn_blocking(move || write(file, waiting)),
            open: None,
            entries: Vec::new(),
        }
    }

    /// Begins a file; the one before ends.
    pub(super) async fn file(&mut self, path: impl Into<String>) -> Result<(), GovernanceError> {
        self.end_file();
        let path = path.into();
        self.open = Some((path.clone(), 0, Sha256::new()));
        self.send(Piece::File(path)).await
    }

    /// More of the file.
    pub(super) async fn bytes(
        &mut self,
        bytes: impl Into<Bytes> + Send,
    ) -> Result<(), GovernanceError> {
        let bytes = bytes.into();
        if let Some((_, count, digest)) = &mut self.open {
            *count += bytes.len() as u64;
            digest.update(&bytes);
        }
        self.send(Piece::Bytes(bytes)).await
    }

    fn end_file(&mut self) {
        if let Some((path, bytes, digest)) = self.open.take() {
            self.entries.push(Entry {
                path,
                bytes,
                sha256: hex::encode(digest.finalize()),
            });
        }
    }

    /// What is in the archive so far.
    pub(super) fn entries(&mut self) -> &[Entry] {
        self.end_file();
        &self.entries
    }

    /// Ends the archive; it is on disk.
    pub(super) async fn end(self) -> Result<(), GovernanceError> {
        self.send(Piece::End).await?;
        drop(self.pieces);
        joined(self.written.await)
    }

    /// When the thread has ended early, its reason is told by [`Archive::end`]; here, that it has.
    async fn send(&self, piece: Piece) -> Result<(), GovernanceError> {
        self.pieces.send(piece).await.map_err(|_| {
            let reason = "the thread that writes the archive has ended";
            GovernanceError::Archive(std::io::Error::other(reason))
        })
    }
}

fn joined(
    outcome: Result<Result<(), std::io::Error>, tokio::task::JoinError>,
) -> Result<(), GovernanceError> {
    outcome
        .map_err(|error| GovernanceError::Archive(std::io::Error::other(error)))?
        .map_err(GovernanceError::Archive)
}

/// An archive whose sender goes away before the end is left as it is: its file is removed by who
/// made it.
fn write(file: File, mut waiting: mpsc::Receiver<Piece>) -> Result<(), std::io::Error> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(true)
        .unix_permissions(0o600);
    let mut zip = ZipWriter::new(file);
    while let Some(piece) = waiting.blocking_recv() {
        match piece {
            Piece::File(path) => zip.start_file(path, options)?,
            Piece::Bytes(bytes) => zip.write_all(&bytes)?,
            Piece::End => {
                let file = zip.finish()?;
                return file.sync_all();
            }
        }
    }
    Err(std::io::Error::other("the archive was given up"))
}
