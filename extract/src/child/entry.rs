//! The child's side.

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use crate::collector::{PageSink, Progress, Summary};
use crate::document::Page;
use crate::error::ExtractError;
use crate::format::Format;
use crate::formats::extract_into;
use crate::limits::Limits;

use super::confine;
use super::message::Message;

/// Deep recursion of a parser should end in its own limit, not at the stack's.
const STACK_BYTES: usize = 64 << 20;

/// Runs in the child started by [`super::Extractor`]: takes `<format> <limits
/// as JSON> <path>`, limits itself, and writes pages to standard output. It
/// closes every file but the standard three, so nothing may be open yet: no
/// runtime, no log file, no database.
pub fn child_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A panic's message may quote the document, and is not needed to report it.
    panic::set_hook(Box::new(|_| {}));
    let Some(task) = Task::parse(arguments) else {
        return ExitCode::from(2);
    };
    let confined = confine::close_inherited_files()
        .and_then(|()| Ok(confine::apply(&task.limits)?))
        .and_then(|()| confine::exit_with_parent());
    if confined.is_err() {
        return ExitCode::from(3);
    }
    let format = task.format;
    let verdict = guarded(format, move || {
        extract_into(&task.path, task.format, &task.limits, &mut Output)
    });
    let message = match verdict {
        Ok(summary) => Message::Done(summary),
        Err(error) => Message::Failed(error),
    };
    match write(&message) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

struct Task {
    format: Format,
    limits: Limits,
    path: PathBuf,
}

impl Task {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        let task = Self {
            format: arguments.next()?.to_str()?.parse().ok()?,
            limits: arguments.next()?.to_str()?.parse().ok()?,
            path: arguments.next()?.into(),
        };
        arguments.next().is_none().then_some(task)
    }
}

/// Runs a reader on a stack of its own; its panic means that the file is damaged.
fn guarded(
    format: Format,
    read: impl FnOnce() -> Result<Summary, ExtractError> + Send + 'static,
) -> Result<Summary, ExtractError> {
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(read)?
        .join()
        .unwrap_or_else(|_| Err(ExtractError::Damaged(format.display_name().to_owned())))
}

/// Sends pages on as they come.
struct Output;

impl PageSink for Output {
    fn part(&mut self, page: Page, continues: bool) -> Result<(), ExtractError> {
        Ok(write(&Message::Part { page, continues })?)
    }

    fn progress(&mut self, progress: Progress) -> Result<(), ExtractError> {
        Ok(write(&Message::Progress(progress))?)
    }
}

fn write(message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_reader_means_a_damaged_file() {
        let verdict = guarded(Format::Pdf, || panic!("index out of bounds"));
        assert_eq!(verdict, Err(ExtractError::Damaged("PDF".to_owned())));
    }

    #[test]
    fn arguments_are_a_format_limits_and_a_path() {
        let parse = |arguments: &[&str]| Task::parse(arguments.iter().map(OsString::from));
        let task = parse(&["csv", r#"{"max_pages":3}"#, "/tmp/a b.csv"]).unwrap();
        assert_eq!(task.format, Format::Csv);
        assert_eq!(task.limits.max_pages, 3);
        assert_eq!(task.limits.max_xml_depth, Limits::default().max_xml_depth);
        assert!(parse(&["csv", "{}"]).is_none());
        assert!(parse(&["exe", "{}", "/tmp/a"]).is_none());
        assert!(parse(&["csv", r#"{"pages":1}"#, "/tmp/a"]).is_none());
    }
}
