//! Checks the citations of an answer while it streams.
//!
//! `[n]` names the n-th passage that the answer was given. Numbers without a passage are dropped, and
//! so are markers whose sentence shares nothing with the passage. Text is held back from `[` to the
//! matching `]` only, and only while it can still be a citation; all other text passes unchanged.

use std::borrow::Cow;

use super::{support::Evidence, terms::Analyzers};

/// Characters held back at the most, the opening bracket included.
const MAX_HELD: usize = 16;
/// Digits of a passage's number; longer ones are years or codes.
const MAX_DIGITS: usize = 3;
/// Bytes of the text before a marker in which its sentence is looked for.
const CONTEXT_BYTES: usize = 1_024;

/// What became of an answer's citations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CitationReport {
    pub(crate) kept: u32,
    /// Numbers that no passage has.
    pub(crate) dropped_unknown: u32,
    /// Markers whose sentence shares no content with the passage.
    pub(crate) dropped_unsupported: u32,
    /// Numbers of cited passages, counted from 1, in the order of their first citation.
    pub(crate) cited: Vec<usize>,
}

/// The filter of one answer. Give it each delta and send on what it gives back; the result does not
/// depend on where the answer was cut into deltas.
pub(crate) struct CitationFilter {
    sources: Vec<Source>,
    analyzers: Analyzers,
    /// From an opening bracket on.
    held: String,
    /// The end of the text that passed, markers left out.
    context: String,
    code: CodeSpan,
    report: CitationReport,
}

/// A passage, read when it is first cited.
enum Source {
    Unread(String),
    Read(Evidence),
}

impl CitationFilter {
    /// A filter for an answer that was given `passages`, numbered from 1.
    pub(crate) fn new(passages: impl IntoIterator<Item = String>) -> Self {
        Self {
            sources: passages.into_iter().map(Source::Unread).collect(),
            analyzers: Analyzers::default(),
            held: String::new(),
            context: String::new(),
            code: CodeSpan::default(),
            report: CitationReport::default(),
        }
    }

    /// Takes a delta and gives what may be sent now. A delta without a bracket is given back as it is.
    pub(crate) fn push<'d>(&mut self, delta: &'d str) -> Cow<'d, str> {
        if self.held.is_empty() && !delta.contains('[') {
            self.pass(delta);
            return Cow::Borrowed(delta);
        }
        let mut out = String::with_capacity(self.held.len() + delta.len());
        for character in delta.chars() {
            self.take(character, &mut out);
        }
        Cow::Owned(out)
    }

    /// What was still held back when the answer ended.
    pub(crate) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        self.pass(&held);
        held
    }

    /// What became of the citations so far.
    pub(crate) fn report(&self) -> &CitationReport {
        &self.report
    }

    fn take(&mut self, character: char, out: &mut String) {
        if !self.held.is_empty() {
            if character == ']' {
                self.held.push(character);
                let held = std::mem::take(&mut self.held);
                self.resolve(&held, out);
                return;
            }
            let possible = character.is_ascii_digit() || matches!(character, ',' | ';' | ' ');
            if possible && self.held.len() < MAX_HELD {
                self.held.push(character);
                return;
            }
            let released = self.finish();
            out.push_str(&released);
        }
        if character == '[' && !self.code.is_open() {
            self.held.push(character);
        } else {
            out.push(character);
            self.pass(character.encode_utf8(&mut [0; 4]));
        }
    }

    /// Decides about a bracketed text.
    fn resolve(&mut self, held: &str, out: &mut String) {
        let Some(numbers) = numbers(held) else {
            out.push_str(held);
            self.pass(held);
            return;
        };
        let kept: Vec<usize> = numbers
            .iter()
            .copied()
            .filter(|number| self.keeps(*number))
            .collect();
        if kept.len() == numbers.len() {
            out.push_str(held);
        } else if !kept.is_empty() {
            let list: Vec<String> = kept.iter().map(ToString::to_string).collect();
            out.push('[');
            out.push_str(&list.join(", "));
            out.push(']');
        }
    }

    fn keeps(&mut self, number: usize) -> bool {
        let Some(source) = number
            .checked_sub(1)
            .and_then(|index| self.sources.get_mut(index))
        else {
            self.report.dropped_unknown += 1;
            return false;
        };
        if let Source::Unread(passage) = source {
            *source = Source::Read(Evidence::of(passage, &mut self.analyzers));
        }
        let start = self
            .context
            .ceil_char_boundary(self.context.len().saturating_sub(CONTEXT_BYTES));
        let supported = match source {
            Source::Read(evidence) => {
                evidence.supports(&self.context[start..], &mut self.analyzers)
            }
            Source::Unread(_) => true,
        };
        if !supported {
            self.report.dropped_unsupported += 1;
            return false;
        }
        self.report.kept += 1;
        if !self.report.cited.contains(&number) {
            self.report.cited.push(number);
        }
        true
    }

    /// Takes note of text that passes.
    fn pass(&mut self, text: &str) {
        self.code.pass(text);
        // Before it grows: an answer is written for long, and there are many at once.
        if self.context.len() + text.len() > CONTEXT_BYTES * 2 {
            let start = self
                .context
                .floor_char_boundary(self.context.len().saturating_sub(CONTEXT_BYTES));
            self.context.drain(..start);
        }
        self.context.push_str(text);
    }
}

/// The numbers of a bracketed text such as `[1]` or `[1, 2]`; nothing when it is something else.
fn numbers(held: &str) -> Option<Vec<usize>> {
    held.strip_prefix('[')?
        .strip_suffix(']')?
        .split([',', ';'])
        .map(|part| {
            let part = part.trim();
            let digits = (1..=MAX_DIGITS).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        })
        .collect()
}

/// Whether the text stands inside Markdown code, where brackets are no citations.
#[derive(Default)]
struct CodeSpan {
    /// Backticks that opened the span; 0 outside.
    open: usize,
    /// Backticks of the run that is being read.
    run: usize,
}

impl CodeSpan {
    fn pass(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte == b'`' {
                self.run += 1;
                continue;
            }
            self.end_run();
            // A span on one line was no span when the line ends.
            if byte == b'\n' && self.open < 3 {
                self.open = 0;
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.end_run();
        self.open > 0
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run == 0 {
            return;
        }
        if self.open == 0 {
            self.open = run;
        } else if run == self.open || (self.open >= 3 && run > self.open) {
            self.open = 0;
        }
    }
}

#[cfg(test)]
#[path = "citations_tests.rs"]
mod tests;
