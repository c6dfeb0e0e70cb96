//! What extraction yields: pages of blocks, so that a chunker can cut by structure.

use serde::{Deserialize, Serialize};

/// The text of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extracted {
    /// Pages that hold text, in reading order. A document without known page
    /// numbers has one page whose `number` is `None`.
    pub pages: Vec<Page>,
    /// Pages, slides or sheets of the file, empty ones included; `None` when
    /// the format has no pages or does not record where they break.
    pub page_count: Option<u32>,
    /// How many of those hold no text.
    pub empty_pages: u32,
    /// Sentences for the owner of the document about what could not be read.
    pub warnings: Vec<String>,
}

impl Extracted {
    /// Bytes of UTF-8 text over all blocks.
    pub fn text_bytes(&self) -> usize {
        self.pages.iter().map(Page::text_bytes).sum()
    }
}

/// One page of a PDF, slide of a presentation or sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// Counted from 1; `None` when the file does not tell.
    pub number: Option<u32>,
    /// The page's content in reading order; never empty texts.
    pub blocks: Vec<Block>,
}

impl Page {
    /// Bytes of UTF-8 text over the page's blocks.
    pub fn text_bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.text.len()).sum()
    }
}

/// A heading, a paragraph, a row: the smallest unit that makes sense alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub kind: BlockKind,
    /// Without surrounding white space, at most 32 KiB; longer blocks arrive
    /// as several of the same kind.
    pub text: String,
}

/// What a block is in the structure of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A title of level 1 (outermost) to 9.
    Heading(u8),
    Paragraph,
    ListItem,
    /// A row of a table, each cell labelled by its column where there is a header.
    TableRow,
    Code,
    /// Beside the running text: a footnote or a speaker's note.
    Note,
}
