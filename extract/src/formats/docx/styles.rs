//! Paragraph styles: which of them are headings, lists or tables of contents.

use std::collections::HashMap;

use crate::error::ExtractError;
use crate::format::Format;
use crate::limits::Limits;
use crate::xml::{Element, Node, Reader};

/// What a paragraph is by its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Heading(u8),
    ListItem,
    /// An entry of a table of contents repeats a heading elsewhere.
    Contents,
    Code,
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline_level: Option<u8>,
    numbered: bool,
}

#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

/// Styles build upon each other; a longer chain than this is a loop.
const MAX_CHAIN: usize = 16;

pub(super) fn read(xml: &str, limits: &Limits) -> Result<Styles, ExtractError> {
    let mut reader = Reader::new(xml, Format::Docx, limits);
    let mut styles = HashMap::new();
    let mut current: Option<(String, Style)> = None;
    while let Some(node) = reader.next()? {
        match node {
            Node::Open(element) if element.name() == "style" => {
                let id = element.attribute("styleId").unwrap_or_default();
                current = Some((id, Style::default()));
            }
            Node::Open(element) => {
                if let Some((_, style)) = &mut current {
                    property(style, &element);
                }
            }
            Node::Close(closing) if closing.name() == "style" => styles.extend(current.take()),
            Node::Close(_) | Node::Text(_) => {}
        }
    }
    Ok(Styles(styles))
}

fn property(style: &mut Style, element: &Element<'_>) {
    let value = || element.attribute("val");
    match element.name() {
        "name" => style.name = value().unwrap_or_default().to_lowercase(),
        "basedOn" => style.based_on = value(),
        "outlineLvl" => style.outline_level = value().and_then(|level| level.parse().ok()),
        "numPr" => style.numbered = true,
        _ => {}
    }
}

impl Styles {
    /// The role of a style, by its own properties or those it builds upon.
    pub(super) fn role(&self, id: &str) -> Option<Role> {
        let mut id = id;
        for _ in 0..MAX_CHAIN {
            // A document without styles.xml still names Word's own styles.
            let Some(style) = self.0.get(id) else {
                return role_of_name(&id.to_lowercase());
            };
            if let Some(role) = style.role() {
                return Some(role);
            }
            id = style.based_on.as_deref()?;
        }
        None
    }
}

impl Style {
    fn role(&self) -> Option<Role> {
        let by_outline = self
            .outline_level
            .filter(|level| *level < 9)
            .map(|level| Role::Heading(level + 1));
        role_of_name(&self.name)
            .or(by_outline)
            .or(self.numbered.then_some(Role::ListItem))
    }
}

/// Names of built-in styles are the same in every language of Word.
fn role_of_name(name: &str) -> Option<Role> {
    if let Some(level) = name.strip_prefix("heading") {
        return level
            .trim()
            .parse()
            .ok()
            .filter(|level| (1..=9).contains(level))
            .map(Role::Heading);
    }
    match name {
        "title" => Some(Role::Heading(1)),
        _ if name.starts_with("toc ") || name == "table of figures" => Some(Role::Contents),
        _ if name.starts_with("list") => Some(Role::ListItem),
        "html preformatted" | "plain text" | "macro" => Some(Role::Code),
        _ => None,
    }
}
