//! Cuts an extracted document into passages: by headings, pages and paragraphs, then by sentences.
//!
//! A document's text is its blocks in order, with one line break between rows, between list items
//! and between lines of code, and an empty line elsewhere. A passage is a contiguous stretch of it,
//! so its offsets are exact. Every character that is not white space is in at least one passage;
//! where a paragraph had to be cut, the next passage repeats its last sentence.

use extract::{BlockKind, Extracted};

use super::pieces::{Outline, Piece, PieceKind, Place, pieces};

/// Characters that a passage should have.
const TARGET: usize = 1_000;
/// Characters that a passage may have.
const MAX_CHARACTERS: usize = 1_200;
/// A section shorter than this shares its passage with the next one.
const MIN_SECTION: usize = 300;
/// A page with less than this shares its passage with the next one; else passages end with their
/// page, so that a citation names the right one.
const MIN_PAGE: usize = 200;
/// A passage cut for its size keeps at least so many characters, when a paragraph ends there.
const MIN_CUT: usize = 600;
/// The longest sentence that is repeated.
const MAX_OVERLAP: usize = 200;

/// A passage before it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Counted from 0.
    pub(crate) ordinal: u32,
    /// Page of the first character, counted from 1.
    pub(crate) page: Option<u32>,
    /// Offset in the document's text, in characters (Unicode scalar values).
    pub(crate) char_start: u64,
    /// One past the last character.
    pub(crate) char_end: u64,
    /// The headings above, outermost first, joined by ` › `.
    pub(crate) heading: Option<String>,
    pub(crate) body: String,
    /// An estimate.
    pub(crate) token_count: u32,
}

/// Cuts `document` into passages.
pub(crate) fn chunks(document: &Extracted) -> Vec<Chunk> {
    let mut packer = Packer::default();
    let mut outline = Outline::default();
    let mut place = Place::default();
    let mut last: Option<BlockKind> = None;
    for page in &document.pages {
        for block in &page.blocks {
            let separator = last.map_or("", |last| separator(last, block.kind));
            packer.text.push_str(separator);
            packer.text.push_str(&block.text);
            if let BlockKind::Heading(level) = block.kind {
                outline.enter(level, &block.text);
            }
            place.byte += separator.len();
            place.character += separator.len();
            place.page = page.number;
            place.heading = outline.path();
            for piece in pieces(block, &place) {
                packer.add(piece);
            }
            place.byte += block.text.len();
            place.character += block.text.chars().count();
            last = Some(block.kind);
        }
    }
    packer.finish()
}

/// How many tokens a model will count, by the ratios of common vocabularies: four ASCII characters,
/// two of another alphabet, or one of a script without spaces make a token.
pub(crate) fn estimate_tokens(text: &str) -> u32 {
    let quarters: usize = text
        .chars()
        .map(|character| match u32::from(character) {
            0..=0x7F => 1,
            0x80..=0x0DFF => 2,
            _ => 4,
        })
        .sum();
    u32::try_from(quarters.div_ceil(4)).unwrap_or(u32::MAX)
}

fn separator(last: BlockKind, next: BlockKind) -> &'static str {
    let tight = matches!(
        next,
        BlockKind::ListItem | BlockKind::TableRow | BlockKind::Code
    );
    if tight && last == next { "\n" } else { "\n\n" }
}

/// Gathers pieces until a passage is full.
#[derive(Default)]
struct Packer {
    text: String,
    open: Vec<Piece>,
    chunks: Vec<Chunk>,
}

impl Packer {
    fn add(&mut self, piece: Piece) {
        if self.ends_before(&piece) {
            self.close(self.open.len());
        }
        while self.size_until(&piece) > MAX_CHARACTERS && !self.open.is_empty() {
            self.cut(&piece);
        }
        self.open.push(piece);
    }

    /// Characters from the first open piece to the end of `piece`.
    fn size_until(&self, piece: &Piece) -> usize {
        self.open
            .first()
            .map_or(0, |first| piece.characters.end - first.characters.start)
    }

    /// Whether the structure of the document ends the open passage here.
    fn ends_before(&self, piece: &Piece) -> bool {
        let Some(last) = self.open.last() else {
            return false;
        };
        if last.is_heading() {
            return false;
        }
        let size = self.size_until(last);
        match piece.kind {
            PieceKind::Heading(1) => true,
            PieceKind::Heading(_) => size >= MIN_SECTION,
            _ if piece.page != last.page => size >= MIN_PAGE,
            _ => size >= TARGET && piece.begins_block,
        }
    }

    /// Makes room for `next`: ends the passage after its last whole paragraph when enough is before
    /// it, else before `next`, and never right after a heading.
    fn cut(&mut self, next: &Piece) {
        let full = self.open.len();
        let paragraph = (1..full)
            .rev()
            .find(|index| self.open[*index].begins_block)
            .filter(|index| {
                !next.begins_block && self.size_until(&self.open[index - 1]) >= MIN_CUT
            });
        let wanted = paragraph.unwrap_or(full);
        let end = self.open[..wanted]
            .iter()
            .rposition(|piece| !piece.is_heading())
            .map_or(wanted, |index| index + 1);
        let repeated = self.overlap(end, next);
        self.close(end);
        if let Some(repeated) = repeated {
            self.open.insert(0, repeated);
        }
    }

    /// The sentence that the passage after `end` repeats: only inside a paragraph, and only when
    /// the next piece still fits behind it.
    fn overlap(&self, end: usize, next: &Piece) -> Option<Piece> {
        let following = self.open.get(end).unwrap_or(next);
        let repeated = self.open[..end].last()?;
        let useful = end > 1
            && !following.begins_block
            && repeated.kind == PieceKind::Sentence
            && repeated.characters.len() <= MAX_OVERLAP
            && next.characters.end - repeated.characters.start <= MAX_CHARACTERS;
        useful.then(|| repeated.clone())
    }

    /// Turns the first `end` open pieces into a passage.
    fn close(&mut self, end: usize) {
        let (Some(first), Some(last)) = (self.open.first(), self.open[..end].last()) else {
            return;
        };
        let described = self.open[..end]
            .iter()
            .find(|piece| !piece.is_heading())
            .unwrap_or(last);
        let body = self.text[first.bytes.start..last.bytes.end].to_owned();
        self.chunks.push(Chunk {
            ordinal: u32::try_from(self.chunks.len()).unwrap_or(u32::MAX),
            page: first.page,
            char_start: first.characters.start as u64,
            char_end: last.characters.end as u64,
            heading: described.heading.as_deref().map(str::to_owned),
            token_count: estimate_tokens(&body),
            body,
        });
        self.open.drain(..end);
    }

    fn finish(mut self) -> Vec<Chunk> {
        self.close(self.open.len());
        self.chunks
    }
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;
