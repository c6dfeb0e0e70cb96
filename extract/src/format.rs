//! The formats that can be extracted, and by which names the world calls them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A format that [`crate::extract`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Pdf,
    Docx,
    Pptx,
    Xlsx,
    Odt,
    Html,
    Markdown,
    Csv,
    Tsv,
    Plain,
    /// Any other `text/*`: source code, logs, configuration.
    OtherText,
}

/// How a format is named on the wire and on disk.
#[derive(Debug, PartialEq, Eq)]
pub struct MediaType {
    pub format: Format,
    /// For messages.
    pub name: &'static str,
    /// Canonical first; the rest are accepted from clients.
    pub mimes: &'static [&'static str],
    /// Lower case, without the dot; canonical first.
    pub extensions: &'static [&'static str],
}

static TABLE: [MediaType; 11] = [
    MediaType {
        format: Format::Pdf,
        name: "PDF",
        mimes: &["application/pdf", "application/x-pdf"],
        extensions: &["pdf"],
    },
    MediaType {
        format: Format::Docx,
        name: "Word document (DOCX)",
        mimes: &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
        extensions: &["docx"],
    },
    MediaType {
        format: Format::Pptx,
        name: "PowerPoint presentation (PPTX)",
        mimes: &["application/vnd.openxmlformats-officedocument.presentationml.presentation"],
        extensions: &["pptx"],
    },
    MediaType {
        format: Format::Xlsx,
        name: "Excel workbook (XLSX)",
        mimes: &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
        extensions: &["xlsx"],
    },
    MediaType {
        format: Format::Odt,
        name: "OpenDocument text (ODT)",
        mimes: &["application/vnd.oasis.opendocument.text"],
        extensions: &["odt"],
    },
    MediaType {
        format: Format::Html,
        name: "HTML page",
        mimes: &["text/html", "application/xhtml+xml"],
        extensions: &["html", "htm", "xhtml"],
    },
    MediaType {
        format: Format::Markdown,
        name: "Markdown",
        mimes: &["text/markdown", "text/x-markdown"],
        extensions: &["md", "markdown"],
    },
    MediaType {
        format: Format::Csv,
        name: "CSV table",
        mimes: &[
            "text/csv",
            "application/csv",
            "text/x-csv",
            "text/comma-separated-values",
        ],
        extensions: &["csv"],
    },
    MediaType {
        format: Format::Tsv,
        name: "TSV table",
        mimes: &["text/tab-separated-values"],
        extensions: &["tsv", "tab"],
    },
    MediaType {
        format: Format::Plain,
        name: "plain text",
        mimes: &["text/plain"],
        extensions: &["txt", "text", "log"],
    },
    MediaType {
        format: Format::OtherText,
        name: "other text",
        mimes: &["text/*"],
        extensions: &[],
    },
];

impl Format {
    /// Every format, in the order in which lists show them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.format)
    }

    /// The row of the table.
    pub fn media_type(self) -> &'static MediaType {
        &TABLE[self as usize]
    }

    /// The canonical MIME type; `text/*` for [`Format::OtherText`].
    pub fn mime(self) -> &'static str {
        self.media_type().mimes[0]
    }

    /// The name for messages.
    pub fn display_name(self) -> &'static str {
        self.media_type().name
    }

    /// The format of a MIME type, parameters and case aside.
    pub fn from_mime(mime: &str) -> Option<Self> {
        let essence = essence(mime);
        TABLE
            .iter()
            .find(|entry| {
                entry.format != Self::OtherText && entry.mimes.contains(&essence.as_str())
            })
            .map(|entry| entry.format)
            .or_else(|| is_other_text(&essence).then_some(Self::OtherText))
    }

    /// The format that a file's extension promises.
    pub fn from_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        TABLE
            .iter()
            .find(|entry| entry.extensions.contains(&extension.as_str()))
            .map(|entry| entry.format)
    }

    /// Whether only its name tells this format from other text.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Self::Html | Self::Markdown | Self::Csv | Self::Tsv | Self::Plain | Self::OtherText
        )
    }
}

/// The type and subtype in lower case, without parameters.
pub(crate) fn essence(mime: &str) -> String {
    mime.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// RTF is registered as text but is a markup that no plain reader understands.
fn is_other_text(essence: &str) -> bool {
    let Some(subtype) = essence.strip_prefix("text/") else {
        return false;
    };
    !matches!(subtype, "" | "rtf" | "richtext")
        && subtype
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
            Self::Odt => "odt",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Plain => "plain",
            Self::OtherText => "other_text",
        })
    }
}

/// A name that is no format of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a document format that can be read")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::all()
            .find(|format| format.to_string() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_the_index_of_their_format() {
        for format in Format::all() {
            assert_eq!(format.media_type().format, format);
            assert_eq!(format.to_string().parse(), Ok(format));
        }
    }

    #[test]
    fn mimes_are_read_without_case_and_parameters() {
        assert_eq!(
            Format::from_mime("Text/CSV; charset=utf-8"),
            Some(Format::Csv)
        );
        assert_eq!(Format::from_mime("text/x-rust"), Some(Format::OtherText));
        assert_eq!(Format::from_mime("text/rtf"), None);
        assert_eq!(Format::from_mime("text/*"), None);
        assert_eq!(Format::from_mime("application/msword"), None);
    }
}
