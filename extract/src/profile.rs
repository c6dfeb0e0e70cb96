//! Which formats an installation accepts.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::format::{Format, essence};

/// A named set of formats. Every profile holds only what can be extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadProfile {
    /// PDF, plain text, Markdown, CSV, TSV.
    Safe,
    /// `Safe`, HTML and the office formats.
    Office,
    /// `Office` and any `text/*`.
    AllSupported,
    /// A list of MIME types.
    Custom,
}

/// Why a profile could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("{0:?} is not an upload profile; use safe, office, all-supported or custom")]
    UnknownProfile(String),
    #[error("the custom upload profile needs a list of MIME types; supported are {supported}")]
    EmptyList { supported: String },
    #[error("{} cannot be extracted; supported are {supported}", .unsupported.join(", "))]
    UnsupportedMimes {
        unsupported: Vec<String>,
        supported: String,
    },
}

impl FromStr for UploadProfile {
    type Err = ProfileError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.trim().to_ascii_lowercase().as_str() {
            "safe" => Ok(Self::Safe),
            "office" => Ok(Self::Office),
            "all-supported" => Ok(Self::AllSupported),
            "custom" => Ok(Self::Custom),
            _ => Err(ProfileError::UnknownProfile(name.to_owned())),
        }
    }
}

impl fmt::Display for UploadProfile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Safe => "safe",
            Self::Office => "office",
            Self::AllSupported => "all-supported",
            Self::Custom => "custom",
        })
    }
}

const SAFE: [Format; 5] = [
    Format::Pdf,
    Format::Plain,
    Format::Markdown,
    Format::Csv,
    Format::Tsv,
];
const OFFICE: [Format; 5] = [
    Format::Html,
    Format::Docx,
    Format::Pptx,
    Format::Xlsx,
    Format::Odt,
];

/// The MIME types that an installation accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedTypes {
    formats: BTreeSet<Format>,
    /// Members of `text/*` that a custom list names one by one.
    other_text: BTreeSet<String>,
}

impl AllowedTypes {
    /// The types of a profile; `custom` is read only for
    /// [`UploadProfile::Custom`], where it must be a non-empty subset of what
    /// can be extracted (`text/*` stands for all other text).
    pub fn new(profile: UploadProfile, custom: &[String]) -> Result<Self, ProfileError> {
        let mut allowed = Self {
            formats: BTreeSet::new(),
            other_text: BTreeSet::new(),
        };
        match profile {
            UploadProfile::Safe => allowed.formats.extend(SAFE),
            UploadProfile::Office => allowed.formats.extend(SAFE.into_iter().chain(OFFICE)),
            UploadProfile::AllSupported => allowed.formats.extend(Format::all()),
            UploadProfile::Custom => allowed.add_custom(custom)?,
        }
        Ok(allowed)
    }

    fn add_custom(&mut self, custom: &[String]) -> Result<(), ProfileError> {
        let mut unsupported = Vec::new();
        for mime in custom.iter().map(|mime| essence(mime)) {
            match Format::from_mime(&mime) {
                _ if mime == Format::OtherText.mime() => {
                    self.formats.insert(Format::OtherText);
                }
                Some(Format::OtherText) => {
                    self.other_text.insert(mime);
                }
                Some(format) => {
                    self.formats.insert(format);
                }
                None if mime.is_empty() => {}
                None => unsupported.push(mime),
            }
        }
        if !unsupported.is_empty() {
            return Err(ProfileError::UnsupportedMimes {
                unsupported,
                supported: supported(),
            });
        }
        if self.formats.is_empty() && self.other_text.is_empty() {
            return Err(ProfileError::EmptyList {
                supported: supported(),
            });
        }
        Ok(())
    }

    /// Whether a file of this MIME type may be uploaded.
    pub fn allows(&self, mime: &str) -> bool {
        match Format::from_mime(mime) {
            Some(Format::OtherText) => {
                self.formats.contains(&Format::OtherText)
                    || self.other_text.contains(&essence(mime))
            }
            Some(format) => self.formats.contains(&format),
            None => false,
        }
    }

    /// The canonical MIME types that are allowed.
    pub fn mimes(&self) -> Vec<String> {
        self.formats
            .iter()
            .map(|format| format.mime().to_owned())
            .chain(self.other_text.iter().cloned())
            .collect()
    }

    /// What is allowed, as a list for messages.
    pub fn describe(&self) -> String {
        self.formats
            .iter()
            .map(|format| format.display_name().to_owned())
            .chain(self.other_text.iter().cloned())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn supported() -> String {
    Format::all()
        .map(Format::mime)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(profile: UploadProfile) -> AllowedTypes {
        AllowedTypes::new(profile, &[]).unwrap()
    }

    #[test]
    fn profiles_grow_from_safe_to_all() {
        let docx = Format::Docx.mime();
        assert!(allowed(UploadProfile::Safe).allows("application/pdf"));
        assert!(!allowed(UploadProfile::Safe).allows(docx));
        assert!(!allowed(UploadProfile::Safe).allows("text/html"));
        assert!(allowed(UploadProfile::Office).allows(docx));
        assert!(allowed(UploadProfile::Office).allows("text/html"));
        assert!(!allowed(UploadProfile::Office).allows("text/x-rust"));
        assert!(allowed(UploadProfile::AllSupported).allows("text/x-rust"));
        assert!(!allowed(UploadProfile::AllSupported).allows("application/msword"));
        assert_eq!(allowed(UploadProfile::Safe).mimes().len(), 5);
    }

    #[test]
    fn a_custom_list_is_a_subset_of_what_is_supported() {
        let list = |mimes: &[&str]| {
            mimes
                .iter()
                .map(|mime| (*mime).to_owned())
                .collect::<Vec<_>>()
        };
        let custom =
            AllowedTypes::new(UploadProfile::Custom, &list(&["text/csv", "Text/X-Rust"])).unwrap();
        assert!(custom.allows("text/csv"));
        assert!(custom.allows("text/x-rust"));
        assert!(!custom.allows("text/x-python"));
        assert_eq!(custom.describe(), "CSV table, text/x-rust");

        let error = AllowedTypes::new(UploadProfile::Custom, &list(&["text/csv", "image/png"]))
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("image/png cannot be extracted; supported are application/pdf")
        );
        assert!(matches!(
            AllowedTypes::new(UploadProfile::Custom, &[]),
            Err(ProfileError::EmptyList { .. })
        ));
        assert!("anything".parse::<UploadProfile>().is_err());
    }
}
