//! Formats that we know, do not read, and can say a way around.

/// A format with a successor that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    Word,
    Excel,
    PowerPoint,
    /// An old Office file that is none of the above, or does not tell.
    OldOffice,
    WordTemplate,
    MacroDocument,
    Rtf,
    Spreadsheet,
    Presentation,
    Epub,
}

impl Legacy {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Word => "The old Word format (.doc)",
            Self::Excel => "The old Excel format (.xls)",
            Self::PowerPoint => "The old PowerPoint format (.ppt)",
            Self::OldOffice => "The old Office format (before 2007)",
            Self::WordTemplate => "An Office template",
            Self::MacroDocument => "An Office document with macros",
            Self::Rtf => "Rich text (RTF)",
            Self::Spreadsheet => "An OpenDocument spreadsheet (ODS)",
            Self::Presentation => "An OpenDocument presentation (ODP)",
            Self::Epub => "An e-book (EPUB)",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Word | Self::Rtf => "Open it and save it as DOCX or PDF, then upload that.",
            Self::Excel | Self::Spreadsheet => {
                "Open it and save it as XLSX or CSV, then upload that."
            }
            Self::PowerPoint | Self::Presentation => {
                "Open it and save it as PPTX or PDF, then upload that."
            }
            Self::OldOffice | Self::WordTemplate | Self::MacroDocument => {
                "Open it and save it as DOCX, XLSX, PPTX or PDF, then upload that."
            }
            Self::Epub => "Convert it to PDF or HTML, then upload that.",
        }
    }

    pub(super) fn from_mime(mime: &str) -> Option<Self> {
        Some(match mime {
            "application/msword" => Self::Word,
            "application/vnd.ms-excel" => Self::Excel,
            "application/vnd.ms-powerpoint" => Self::PowerPoint,
            "application/rtf" | "text/rtf" | "text/richtext" => Self::Rtf,
            "application/vnd.oasis.opendocument.spreadsheet" => Self::Spreadsheet,
            "application/vnd.oasis.opendocument.presentation" => Self::Presentation,
            "application/epub+zip" => Self::Epub,
            _ if mime.contains("macroenabled") => Self::MacroDocument,
            _ if mime.starts_with("application/vnd.openxmlformats")
                && mime.ends_with(".template") =>
            {
                Self::WordTemplate
            }
            _ => return None,
        })
    }

    pub(super) fn from_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "doc" | "dot" => Self::Word,
            "xls" | "xlt" => Self::Excel,
            "ppt" | "pps" | "pot" => Self::PowerPoint,
            "dotx" | "xltx" | "potx" | "ott" => Self::WordTemplate,
            "docm" | "xlsm" | "pptm" | "dotm" => Self::MacroDocument,
            "rtf" => Self::Rtf,
            "ods" => Self::Spreadsheet,
            "odp" => Self::Presentation,
            "epub" => Self::Epub,
            _ => return None,
        })
    }
}
