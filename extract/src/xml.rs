//! XML of office documents: no document types, bounded depth, decoded references.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use crate::error::ExtractError;
use crate::format::Format;
use crate::limits::Limits;

/// An element's start, an element's end, or text between them.
pub(crate) enum Node<'a> {
    Open(Element<'a>),
    Close(Closing<'a>),
    Text(Cow<'a, str>),
}

pub(crate) struct Element<'a>(BytesStart<'a>);

pub(crate) struct Closing<'a>(BytesEnd<'a>);

impl Element<'_> {
    /// The name without its prefix: producers choose prefixes freely.
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// An attribute's value by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.find(|key| key.rsplit(':').next() == Some(name))
    }

    /// An attribute that carries a prefix, such as `r:id` beside a plain `id`.
    pub(crate) fn prefixed_attribute(&self, name: &str) -> Option<String> {
        self.find(|key| key.split_once(':').is_some_and(|(_, local)| local == name))
    }

    fn find(&self, matches: impl Fn(&str) -> bool) -> Option<String> {
        self.0
            .attributes()
            .flatten()
            .find(|attribute| matches(attribute.key.into_inner()))
            .and_then(|attribute| {
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .ok()
                    .map(Cow::into_owned)
            })
    }
}

impl Closing<'_> {
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

pub(crate) struct Reader<'a> {
    inner: quick_xml::Reader<&'a [u8]>,
    format: Format,
    depth: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(xml: &'a str, format: Format, limits: &Limits) -> Self {
        let mut inner = quick_xml::Reader::from_str(xml);
        inner.config_mut().expand_empty_elements = true;
        Self {
            inner,
            format,
            depth: 0,
            max_depth: limits.max_xml_depth,
        }
    }

    /// The next node; `None` at the end of a well-formed document.
    pub(crate) fn next(&mut self) -> Result<Option<Node<'a>>, ExtractError> {
        loop {
            match self.inner.read_event().map_err(|_| self.damaged())? {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > self.max_depth {
                        return Err(ExtractError::TooLarge {
                            limit: format!("{} levels of nesting", self.max_depth),
                        });
                    }
                    return Ok(Some(Node::Open(Element(start))));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Node::Close(Closing(end))));
                }
                Event::Text(text) => return Ok(Some(Node::Text(text.into_inner()))),
                Event::CData(text) => return Ok(Some(Node::Text(text.into_inner()))),
                Event::GeneralRef(reference) => {
                    let text = if reference.is_char_ref() {
                        let character = reference.resolve_char_ref().map_err(|_| self.damaged())?;
                        Cow::Owned(character.into_iter().collect())
                    } else {
                        // Without a document type only the five of XML exist.
                        Cow::Borrowed(
                            resolve_predefined_entity(&reference).ok_or_else(|| self.damaged())?,
                        )
                    };
                    return Ok(Some(Node::Text(text)));
                }
                Event::DocType(_) => {
                    return Err(ExtractError::Unsupported(
                        "it declares an XML document type, which office programs never do. Open it in one, save it again and upload that.".to_owned(),
                    ));
                }
                Event::Eof if self.depth > 0 => return Err(self.damaged()),
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// Passes over the rest of the element that was just opened.
    pub(crate) fn skip(&mut self) -> Result<(), ExtractError> {
        let outer = self.depth.saturating_sub(1);
        while self.depth > outer {
            if self.next()?.is_none() {
                return Err(self.damaged());
            }
        }
        Ok(())
    }

    fn damaged(&self) -> ExtractError {
        ExtractError::Damaged(self.format.display_name().to_owned())
    }
}
