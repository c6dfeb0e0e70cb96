//! The pieces that a passage is made of: headings, rows, short blocks and the sentences of long ones.

use std::{ops::Range, sync::Arc};

use extract::{Block, BlockKind};

use super::sentence::{sentences, split_long};

/// A block longer than this is cut into sentences, so that passages can be filled.
const WHOLE_BLOCK: usize = 400;
/// A sentence longer than this is cut at a word.
const LONGEST_PIECE: usize = 1_000;
/// Characters of a heading path.
const MAX_HEADING: usize = 300;

/// What a piece is to who packs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Level 1 is the outermost.
    Heading(u8),
    /// A whole short block.
    Whole,
    /// A sentence of a long block.
    Sentence,
}

/// A stretch of the text that is not cut.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) bytes: Range<usize>,
    pub(super) characters: Range<usize>,
    pub(super) page: Option<u32>,
    pub(super) kind: PieceKind,
    /// First piece of its block.
    pub(super) begins_block: bool,
    /// The headings above.
    pub(super) heading: Option<Arc<str>>,
}

impl Piece {
    pub(super) fn is_heading(&self) -> bool {
        matches!(self.kind, PieceKind::Heading(_))
    }
}

/// Where a block stands in the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) byte: usize,
    pub(super) character: usize,
    pub(super) page: Option<u32>,
    pub(super) heading: Option<Arc<str>>,
}

/// The pieces of a block, in order.
pub(super) fn pieces(block: &Block, place: &Place) -> Vec<Piece> {
    let characters = block.text.chars().count();
    let whole = |kind| vec![(0..block.text.len(), kind)];
    let parts = match block.kind {
        BlockKind::Heading(level) if characters <= LONGEST_PIECE && !is_label(&block.text) => {
            whole(PieceKind::Heading(level))
        }
        BlockKind::TableRow if characters <= LONGEST_PIECE => whole(PieceKind::Whole),
        _ if characters <= WHOLE_BLOCK => whole(PieceKind::Whole),
        kind => natural_parts(&block.text, kind),
    };
    let (mut byte, mut character) = (0, place.character);
    parts
        .into_iter()
        .enumerate()
        .map(|(index, (range, kind))| {
            let start = character + block.text[byte..range.start].chars().count();
            let end = start + block.text[range.clone()].chars().count();
            (byte, character) = (range.end, end);
            Piece {
                bytes: place.byte + range.start..place.byte + range.end,
                characters: start..end,
                page: place.page,
                kind,
                begins_block: index == 0,
                heading: place.heading.clone(),
            }
        })
        .collect()
}

/// The sentences of a block, or the lines of code, none longer than [`LONGEST_PIECE`].
fn natural_parts(text: &str, kind: BlockKind) -> Vec<(Range<usize>, PieceKind)> {
    let natural: Vec<Range<usize>> = if kind == BlockKind::Code {
        lines(text)
    } else {
        sentences(text).collect()
    };
    natural
        .into_iter()
        .flat_map(|range| split_long(text, range, LONGEST_PIECE))
        .map(|range| (range, PieceKind::Sentence))
        .collect()
}

fn lines(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .filter_map(|line| {
            let start = at;
            at += line.len();
            (!line.trim().is_empty()).then(|| start..start + line.trim_end().len())
        })
        .collect()
}

/// Titles of boxes inside a section.
const LABELS: &[&str] = &[
    "note",
    "notes",
    "tip",
    "tips",
    "hint",
    "warning",
    "caution",
    "important",
    "danger",
    "example",
    "see also",
    "hinweis",
    "hinweise",
    "tipp",
    "warnung",
    "achtung",
    "wichtig",
    "beispiel",
    "remarque",
    "attention",
    "conseil",
    "exemple",
    "nota",
    "consejo",
    "advertencia",
    "ejemplo",
    "aviso",
];

/// Whether a heading is the title of a box and not of a section.
fn is_label(heading: &str) -> bool {
    let plain = heading.trim().trim_end_matches([':', '.', '!']);
    plain.len() <= 16 && LABELS.contains(&plain.to_lowercase().as_str())
}

/// The headings that a block stands under.
#[derive(Default)]
pub(super) struct Outline {
    above: Vec<(u8, String)>,
    path: Option<Arc<str>>,
}

impl Outline {
    /// Takes note of a heading. A label opens no section, and a title that is given twice counts once.
    pub(super) fn enter(&mut self, level: u8, heading: &str) {
        if is_label(heading) {
            return;
        }
        self.above.retain(|(other, _)| *other < level);
        let heading = heading.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.above.last().is_some_and(|(_, last)| *last == heading) {
            return;
        }
        self.above
            .push((level, heading.chars().take(MAX_HEADING).collect()));
        let joined = self
            .above
            .iter()
            .map(|(_, heading)| heading.as_str())
            .collect::<Vec<_>>()
            .join(" › ");
        self.path = Some(joined.chars().take(MAX_HEADING).collect::<String>().into());
    }

    pub(super) fn path(&self) -> Option<Arc<str>> {
        self.path.clone()
    }
}
