//! HTML: the text of a page without its scripts, styles and navigation.
//!
//! Only the tokenizer of the HTML standard is used. No tree is built, so
//! nesting costs nothing, and unclosed tags end where the next block starts.

mod blocks;

use std::cell::RefCell;

use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::collector::Collector;
use crate::encoding::{self, GUESSED};
use crate::error::ExtractError;

use blocks::Blocks;

/// Where a page must have declared its encoding.
const META_BYTES: usize = 4 << 10;
/// Bytes given to the tokenizer at once.
const FEED_BYTES: usize = 64 << 10;

pub(super) fn read(bytes: &[u8], collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let decoded = encoding::decode(bytes, declared_encoding(bytes))?;
    if decoded.guessed {
        collector.warn(GUESSED.to_owned());
    }
    let tokenizer = Tokenizer::new(
        Sink::new(collector.limits().max_text_bytes),
        TokenizerOpts::default(),
    );
    let queue = BufferQueue::default();
    let mut rest = decoded.text.as_str();
    while !rest.is_empty() && !tokenizer.sink.overflown() {
        let (chunk, tail) = rest.split_at(rest.floor_char_boundary(FEED_BYTES));
        queue.push_back(StrTendril::from_slice(chunk));
        // The sink never asks for a script to be run, so nothing interrupts.
        let _fed = tokenizer.feed(&queue);
        rest = tail;
    }
    tokenizer.end();
    tokenizer.sink.blocks.into_inner().write(collector)
}

/// `charset=` of a `meta` element, by a scan like the standard's prescan.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(META_BYTES)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (_, after) = head.split_once("charset=")?;
    let label = after
        .trim_start_matches(['"', '\'', ' '])
        .split(['"', '\'', ' ', ';', '>', '/'])
        .next()?;
    Encoding::for_label(label.as_bytes())
}

/// Elements whose text is not the page's: code, styling, navigation, controls.
const DROPPED: [&str; 14] = [
    "script", "style", "nav", "noscript", "template", "svg", "iframe", "object", "select",
    "button", "footer", "dialog", "noframes", "textarea",
];
/// Classes by which DocBook, Sphinx and others mark navigation without `nav`.
const NAVIGATION_CLASSES: [&str; 6] = [
    "navheader",
    "navfooter",
    "navbar",
    "sphinxsidebar",
    "toc",
    "breadcrumb",
];
/// Elements without content, which no closing tag ends.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// An element that is being passed over, until its own closing tag.
struct Dropped {
    name: String,
    depth: usize,
}

struct Sink {
    blocks: RefCell<Blocks>,
    dropped: RefCell<Option<Dropped>>,
}

impl Sink {
    fn new(max_text_bytes: u64) -> Self {
        Self {
            blocks: RefCell::new(Blocks::new(max_text_bytes)),
            dropped: RefCell::new(None),
        }
    }

    fn overflown(&self) -> bool {
        self.blocks.borrow().overflown()
    }

    /// Whether the tag belongs to an element that is passed over.
    fn drop_tag(&self, tag: &Tag) -> bool {
        let mut dropped = self.dropped.borrow_mut();
        let opens =
            tag.kind == TagKind::StartTag && !tag.self_closing && !VOID.contains(&&*tag.name);
        match dropped.as_mut() {
            Some(element) => {
                if *tag.name == *element.name {
                    match tag.kind {
                        TagKind::StartTag if opens => element.depth += 1,
                        TagKind::StartTag => {}
                        TagKind::EndTag => element.depth -= 1,
                    }
                }
                if element.depth == 0 {
                    *dropped = None;
                }
                true
            }
            None if opens && is_dropped(tag) => {
                *dropped = Some(Dropped {
                    name: tag.name.to_string(),
                    depth: 1,
                });
                true
            }
            None => false,
        }
    }
}

fn is_dropped(tag: &Tag) -> bool {
    let attribute = |name: &str| {
        tag.attrs
            .iter()
            .find(|attribute| &*attribute.name.local == name)
            .map(|attribute| &*attribute.value)
    };
    let navigation = || {
        attribute("role") == Some("navigation")
            || attribute("class").is_some_and(|classes| {
                classes
                    .split_ascii_whitespace()
                    .any(|class| NAVIGATION_CLASSES.contains(&class))
            })
    };
    DROPPED.contains(&&*tag.name)
        || (matches!(&*tag.name, "div" | "table" | "ul" | "ol" | "section") && navigation())
}

/// Elements in whose text tags mean nothing.
fn raw_text(tag: &Tag) -> Option<RawKind> {
    match &*tag.name {
        _ if tag.kind == TagKind::EndTag => None,
        "script" => Some(RawKind::ScriptData),
        "style" | "iframe" | "noframes" => Some(RawKind::Rawtext),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => {
                if !self.drop_tag(&tag) {
                    match tag.kind {
                        TagKind::StartTag => self.blocks.borrow_mut().open(&tag.name),
                        TagKind::EndTag => self.blocks.borrow_mut().close(&tag.name),
                    }
                }
                if let Some(kind) = raw_text(&tag) {
                    return TokenSinkResult::RawData(kind);
                }
            }
            Token::CharacterTokens(text) if self.dropped.borrow().is_none() => {
                self.blocks.borrow_mut().text(&text);
            }
            Token::CharacterTokens(_)
            | Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}
