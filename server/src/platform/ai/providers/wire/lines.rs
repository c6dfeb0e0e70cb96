//! Splits bytes into lines before anything decodes them, so that a character cut by a chunk border
//! stays whole, and refuses lines without an end.

use bytes::{Buf as _, BytesMut};

/// The longest line that a provider may send.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// A line was longer than [`LONGEST_LINE`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

#[derive(Default)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    scanned: usize,
}

impl Lines {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line without its end (`\n` or `\r\n`), when there is one.
    pub(super) fn next(&mut self) -> Result<Option<BytesMut>, LineTooLong> {
        let found = self.buffer[self.scanned..]
            .iter()
            .position(|byte| *byte == b'\n');
        let Some(found) = found else {
            self.scanned = self.buffer.len();
            return if self.scanned > LONGEST_LINE {
                Err(LineTooLong)
            } else {
                Ok(None)
            };
        };
        let length = self.scanned + found;
        if length > LONGEST_LINE {
            return Err(LineTooLong);
        }
        let mut line = self.buffer.split_to(length);
        self.buffer.advance(1);
        self.scanned = 0;
        if line.last() == Some(&b'\r') {
            line.truncate(length - 1);
        }
        Ok(Some(line))
    }

    /// What came after the last line end.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_by_a_chunk_border_stays_whole() {
        let mut lines = Lines::default();
        lines.push(b"gr\xc3");
        assert_eq!(lines.next(), Ok(None));
        lines.push(b"\xbc\xc3\x9fe\r\nrest");
        assert_eq!(lines.next().unwrap().unwrap(), "grüße".as_bytes());
        assert_eq!(lines.next(), Ok(None));
        assert_eq!(lines.rest(), b"rest");
    }

    #[test]
    fn a_line_without_end_is_refused_at_the_cap() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; LONGEST_LINE]);
        assert_eq!(lines.next(), Ok(None));
        lines.push(b"x");
        assert_eq!(lines.next(), Err(LineTooLong));
    }

    #[test]
    fn an_ended_line_beyond_the_cap_is_refused_too() {
        let mut lines = Lines::default();
        let mut long = vec![b'x'; LONGEST_LINE + 1];
        long.push(b'\n');
        lines.push(&long);
        assert_eq!(lines.next(), Err(LineTooLong));
    }
}
