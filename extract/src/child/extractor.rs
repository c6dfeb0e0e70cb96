//! The parent's side.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::collector::{Gather, MAX_WARNINGS, PageSink, Progress, Summary};
use crate::document::Extracted;
use crate::error::ExtractError;
use crate::format::Format;
use crate::limits::Limits;

use super::message::{MAX_LINE_BYTES, Message};
use super::process_group::ProcessGroup;

/// Last words of a dying child; enough to tell why it died.
const MAX_STDERR_BYTES: u64 = 8 << 10;

/// No sentence of ours is longer.
const MAX_REASON_BYTES: usize = 600;

/// Starts a child for each document and reads its pages.
#[derive(Debug, Clone)]
pub struct Extractor {
    /// The binary whose `args` lead to [`super::child_main`].
    pub program: PathBuf,
    /// Arguments before those of the child itself, for example a hidden subcommand.
    pub args: Vec<OsString>,
    pub limits: Limits,
}

impl Extractor {
    /// Extracts one document. Cancelling, running out of time or dropping the
    /// future kills the child and all that it started.
    pub async fn run(
        &self,
        path: &Path,
        format: Format,
        cancel: CancellationToken,
        mut on_progress: impl FnMut(Progress) + Send,
    ) -> Result<Extracted, ExtractError> {
        let mut child = self.spawn(path, format)?;
        let group = ProcessGroup::led_by(child.id().unwrap_or_default());
        let seconds = self.limits.wall_seconds;
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ExtractError::Cancelled),
            () = tokio::time::sleep(Duration::from_secs(seconds)) => Err(ExtractError::Timeout { seconds }),
            result = self.converse(&mut child, format, &mut on_progress) => result,
        };
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            group.disarm();
        } else {
            drop(group);
            child.wait().await?;
        }
        result
    }

    fn spawn(&self, path: &Path, format: Format) -> Result<Child, ExtractError> {
        let limits = serde_json::to_string(&self.limits)
            .map_err(|error| ExtractError::Io(error.to_string()))?;
        Ok(Command::new(&self.program)
            .args(&self.args)
            .arg(format.to_string())
            .arg(limits)
            .arg(std::path::absolute(path)?)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?)
    }

    /// Reads until the child has given its verdict and ended.
    async fn converse(
        &self,
        child: &mut Child,
        format: Format,
        on_progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Extracted, ExtractError> {
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(ExtractError::Io("the child has no output".to_owned()));
        };
        let mut gather = Gather::new(&self.limits);
        let mut last_words = pin!(read_last_words(stderr));
        let mut heard = None;
        let verdict = {
            let mut messages = pin!(read_messages(stdout, format, &mut gather, on_progress));
            tokio::select! {
                verdict = &mut messages => verdict,
                words = &mut last_words => {
                    heard = Some(words);
                    messages.await
                }
            }
        };
        if let Some(summary) = verdict? {
            child.wait().await?;
            return Ok(gather.finish(summary));
        }
        let last_words = match heard {
            Some(words) => words,
            None => last_words.await,
        };
        let status = child.wait().await?;
        Err(self.explain(status, &last_words, format))
    }

    /// Why a child ended without a verdict.
    fn explain(&self, status: ExitStatus, last_words: &str, format: Format) -> ExtractError {
        let out_of_memory = ExtractError::OutOfMemory {
            allowed_mib: self.limits.memory_bytes >> 20,
        };
        let damaged = ExtractError::Damaged(format.display_name().to_owned());
        let signal = status
            .signal()
            .and_then(|signal| Signal::try_from(signal).ok());
        match signal {
            Some(Signal::SIGXCPU) => ExtractError::Timeout {
                seconds: self.limits.cpu_seconds,
            },
            // Nobody but the kernel kills it so: it is short of memory.
            Some(Signal::SIGKILL) => out_of_memory,
            // Rust aborts when an allocation fails, and says so.
            Some(Signal::SIGABRT) if last_words.contains("memory allocation of") => out_of_memory,
            Some(_) => damaged,
            None if last_words.contains("annot allocate memory") => out_of_memory,
            None => ExtractError::Io("the extraction process could not do its work".to_owned()),
        }
    }
}

/// The summary, or `None` when the child fell silent without one.
async fn read_messages(
    stdout: impl AsyncRead + Unpin,
    format: Format,
    gather: &mut Gather,
    on_progress: &mut (impl FnMut(Progress) + Send),
) -> Result<Option<Summary>, ExtractError> {
    let damaged = || ExtractError::Damaged(format.display_name().to_owned());
    let mut reader = BufReader::with_capacity(64 << 10, stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut reader).take(MAX_LINE_BYTES as u64);
        bounded.read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            // Cut in the middle: it died while it wrote; too long: it is not our child's work.
            return if line.len() < MAX_LINE_BYTES {
                Ok(None)
            } else {
                Err(damaged())
            };
        }
        match serde_json::from_slice(&line).map_err(|_| damaged())? {
            Message::Progress(progress) => on_progress(progress),
            Message::Part { page, continues } => gather.part(page, continues)?,
            Message::Done(mut summary) => {
                summary.warnings.truncate(MAX_WARNINGS);
                summary
                    .warnings
                    .retain(|warning| warning.len() <= MAX_REASON_BYTES);
                return Ok(Some(summary));
            }
            // A taken-over child must not fill the screens of the owner.
            Message::Failed(error) if error.to_string().len() > MAX_REASON_BYTES => {
                return Err(damaged());
            }
            Message::Failed(error) => return Err(error),
        }
    }
}

/// The start of what the child says on standard error; the rest is read and forgotten.
async fn read_last_words(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut words = Vec::new();
    // What cannot be read does not matter: these words only refine an error.
    let _ignored = (&mut stderr)
        .take(MAX_STDERR_BYTES)
        .read_to_end(&mut words)
        .await;
    let _ignored = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&words).into_owned()
}
