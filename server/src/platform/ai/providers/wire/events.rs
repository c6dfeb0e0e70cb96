//! Server-sent events: joins the `data:` lines of an event, ignores comments and other fields.

use super::lines::{LONGEST_LINE, LineTooLong, Lines};

#[derive(Default)]
pub(super) struct Events {
    lines: Lines,
    data: Vec<u8>,
    has_data: bool,
}

impl Events {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.lines.push(chunk);
    }

    /// The data of the next whole event.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        while let Some(line) = self.lines.next()? {
            if line.is_empty() {
                if let Some(event) = self.take() {
                    return Ok(Some(event));
                }
                continue;
            }
            self.field(&line)?;
        }
        Ok(None)
    }

    /// What stood at the end of the body without the blank line that should follow it. A last line
    /// that was cut cannot be told from one that lost only its line end; the decoder decides.
    pub(super) fn finish(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        let rest = self.lines.rest().to_vec();
        self.field(&rest)?;
        Ok(self.take())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), LineTooLong> {
        let Some(value) = line.strip_prefix(b"data:") else {
            return Ok(());
        };
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data
            .extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        self.has_data = true;
        if self.data.len() > LONGEST_LINE {
            Err(LineTooLong)
        } else {
            Ok(())
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        std::mem::take(&mut self.has_data).then(|| std::mem::take(&mut self.data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for byte in text.as_bytes() {
            events.push(std::slice::from_ref(byte));
            while let Some(event) = events.next().unwrap() {
                found.push(String::from_utf8(event).unwrap());
            }
        }
        found.extend(
            events
                .finish()
                .unwrap()
                .map(|event| String::from_utf8(event).unwrap()),
        );
        found
    }

    #[test]
    fn comments_and_other_fields_are_ignored() {
        assert_eq!(
            all(": ping\n\nevent: x\nid: 3\ndata: a\n\n\n\ndata:b\r\n\r\n"),
            ["a", "b"]
        );
    }

    #[test]
    fn data_lines_of_one_event_are_joined() {
        assert_eq!(all("data: {\ndata: }\n\n"), ["{\n}"]);
    }

    #[test]
    fn an_event_at_the_end_needs_no_blank_line() {
        assert_eq!(all("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
    }

    #[test]
    fn an_event_of_many_lines_is_capped_as_a_whole() {
        let mut events = Events::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        let refused = (0..2000).any(|_| {
            events.push(line.as_bytes());
            events.next().is_err()
        });
        assert!(refused);
    }
}
