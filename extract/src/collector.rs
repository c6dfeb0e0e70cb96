//! Where readers put what they find: the one place that counts against the limits.

use serde::{Deserialize, Serialize};

use crate::document::{Block, BlockKind, Extracted, Page};
use crate::error::ExtractError;
use crate::limits::Limits;

/// Longest text of one block: a chunker's cost grows with the run it is given.
const BLOCK_BYTES: usize = 32 << 10;
/// Text after which a page goes out in parts, so that no message grows with the file.
const PART_BYTES: usize = 256 << 10;
/// More sentences than this nobody reads.
pub(crate) const MAX_WARNINGS: usize = 20;

/// How far a reader has come, in pages, slides, sheets or steps of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u32,
    /// `None` while the end is not known.
    pub total: Option<u32>,
}

/// What stands at the end of an extraction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) page_count: Option<u32>,
    pub(crate) empty_pages: u32,
    pub(crate) warnings: Vec<String>,
}

/// Takes finished pages, or parts of long ones.
pub(crate) trait PageSink {
    /// `continues` says that the page goes on where the last one ended.
    fn part(&mut self, page: Page, continues: bool) -> Result<(), ExtractError>;
    fn progress(&mut self, progress: Progress) -> Result<(), ExtractError>;
}

/// Puts parts together again and holds them to the limits.
pub(crate) struct Gather {
    extracted: Extracted,
    text_bytes: u64,
    blocks: u64,
    limits: Limits,
}

impl Gather {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            extracted: Extracted::default(),
            text_bytes: 0,
            blocks: 0,
            limits: limits.clone(),
        }
    }

    pub(crate) fn finish(mut self, summary: Summary) -> Extracted {
        self.extracted.page_count = summary.page_count;
        self.extracted.empty_pages = summary.empty_pages;
        self.extracted.warnings = summary.warnings;
        self.extracted
    }
}

impl PageSink for Gather {
    fn part(&mut self, mut page: Page, continues: bool) -> Result<(), ExtractError> {
        self.text_bytes += page.text_bytes() as u64;
        self.blocks += page.blocks.len() as u64;
        check_text(&self.limits, self.text_bytes, self.blocks)?;
        match self.extracted.pages.last_mut() {
            Some(last) if continues => last.blocks.append(&mut page.blocks),
            _ => {
                self.extracted.pages.push(page);
                check_pages(&self.limits, self.extracted.pages.len())?;
            }
        }
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) -> Result<(), ExtractError> {
        Ok(())
    }
}

/// Refuses more text or blocks than the limits.
pub(crate) fn check_text(
    limits: &Limits,
    text_bytes: u64,
    blocks: u64,
) -> Result<(), ExtractError> {
    if text_bytes > limits.max_text_bytes || blocks > limits.max_blocks {
        return Err(ExtractError::TooMuchText {
            allowed_mib: limits.max_text_bytes >> 20,
            allowed_blocks: limits.max_blocks,
        });
    }
    Ok(())
}

/// Refuses more pages than the limit.
pub(crate) fn check_pages(limits: &Limits, pages: usize) -> Result<(), ExtractError> {
    let found = u32::try_from(pages).unwrap_or(u32::MAX);
    if found > limits.max_pages {
        return Err(ExtractError::TooManyPages {
            found,
            allowed: limits.max_pages,
        });
    }
    Ok(())
}

/// Receives blocks in reading order, cleans them, and hands pages on.
pub(crate) struct Collector<'a> {
    limits: &'a Limits,
    sink: &'a mut dyn PageSink,
    page: Page,
    page_bytes: usize,
    /// Whether a part of the current page went out already.
    continues: bool,
    page_open: bool,
    text_bytes: u64,
    blocks: u64,
    numbered_pages: u32,
    summary: Summary,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(limits: &'a Limits, sink: &'a mut dyn PageSink) -> Self {
        Self {
            limits,
            sink,
            page: Page::default(),
            page_bytes: 0,
            continues: false,
            page_open: false,
            text_bytes: 0,
            blocks: 0,
            numbered_pages: 0,
            summary: Summary::default(),
        }
    }

    pub(crate) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// Ends the page before and starts the numbered one.
    pub(crate) fn begin_page(&mut self, number: u32) -> Result<(), ExtractError> {
        self.end_page()?;
        self.numbered_pages += 1;
        check_pages(self.limits, self.numbered_pages as usize)?;
        self.page.number = Some(number);
        self.page_open = true;
        Ok(())
    }

    pub(crate) fn heading(&mut self, level: u8, text: &str) -> Result<(), ExtractError> {
        let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.push(BlockKind::Heading(level.clamp(1, 9)), &one_line)
    }

    /// Adds a block; white space alone is no block.
    pub(crate) fn push(&mut self, kind: BlockKind, text: &str) -> Result<(), ExtractError> {
        let clean = clean(text);
        let mut rest = match kind {
            // Indentation of the first line carries meaning in code.
            BlockKind::Code => clean.trim_end().trim_start_matches('\n'),
            _ => clean.trim(),
        };
        while !rest.trim().is_empty() {
            let cut = split_point(rest);
            self.add(kind, &rest[..cut])?;
            rest = &rest[cut..];
        }
        Ok(())
    }

    fn add(&mut self, kind: BlockKind, text: &str) -> Result<(), ExtractError> {
        let text = match kind {
            BlockKind::Code => text,
            _ => text.trim(),
        };
        self.text_bytes += text.len() as u64;
        self.blocks += 1;
        check_text(self.limits, self.text_bytes, self.blocks)?;
        self.page_bytes += text.len();
        self.page.blocks.push(Block {
            kind,
            text: text.to_owned(),
        });
        // Many tiny blocks weigh as much as a few long ones.
        if self.page_bytes + self.page.blocks.len() * 64 >= PART_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Notes once what the owner should know.
    pub(crate) fn warn(&mut self, warning: String) {
        if self.summary.warnings.len() < MAX_WARNINGS && !self.summary.warnings.contains(&warning) {
            self.summary.warnings.push(warning);
        }
    }

    pub(crate) fn progress(&mut self, done: u32, total: Option<u32>) -> Result<(), ExtractError> {
        self.sink.progress(Progress { done, total })
    }

    fn flush(&mut self) -> Result<(), ExtractError> {
        if self.page.blocks.is_empty() {
            return Ok(());
        }
        let blocks = std::mem::take(&mut self.page.blocks);
        let page = Page {
            number: self.page.number,
            blocks,
        };
        self.sink.part(page, self.continues)?;
        self.continues = true;
        self.page_bytes = 0;
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), ExtractError> {
        self.flush()?;
        if self.page_open && !self.continues {
            self.summary.empty_pages += 1;
        }
        self.continues = false;
        self.page_open = false;
        self.page.number = None;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Summary, ExtractError> {
        self.end_page()?;
        if self.blocks == 0 {
            return Err(ExtractError::Empty);
        }
        if self.numbered_pages > 0 {
            self.summary.page_count = Some(self.numbered_pages);
        }
        Ok(self.summary)
    }
}

/// Removes what no reader sees: controls, soft hyphens, zero-width marks.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter_map(|character| match character {
            '\r' => Some('\n'),
            '\u{a0}' | '\u{2007}' | '\u{202f}' => Some(' '),
            '\u{ad}' | '\u{200b}' | '\u{feff}' => None,
            '\n' | '\t' => Some(character),
            _ if character.is_control() => None,
            _ => Some(character),
        })
        .collect()
}

/// Where to cut a text that is too long for one block: after the last white
/// space that fits, else between two characters.
fn split_point(text: &str) -> usize {
    if text.len() <= BLOCK_BYTES {
        return text.len();
    }
    let limit = text.floor_char_boundary(BLOCK_BYTES);
    text[..limit]
        .rfind(char::is_whitespace)
        .filter(|&space| space > BLOCK_BYTES / 2)
        .map_or(limit, |space| text.ceil_char_boundary(space + 1))
}
