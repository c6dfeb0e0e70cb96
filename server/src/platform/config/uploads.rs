//! What may be uploaded.

use super::reader::{Malformed, Reader, parse_list};
use super::variable::{Section, Variable};

pub(super) const UPLOAD_PROFILE: Variable = Variable::new(
    "UPLOAD_PROFILE",
    "office",
    "`safe` (PDF, text, Markdown, CSV, TSV), `office` (also DOCX, PPTX, XLSX, ODT, HTML), \
     `all-supported` (also every other kind of text) or `custom` (ALLOWED_UPLOAD_MIMES).",
);
pub(super) const ALLOWED_UPLOAD_MIMES: Variable = Variable::new(
    "ALLOWED_UPLOAD_MIMES",
    "",
    "Media types of the profile `custom`; each must be one that the server can read.",
);
pub(super) const MAX_STORES_PER_USER: Variable = Variable::new(
    "MAX_STORES_PER_USER",
    "10",
    "Document stores that one user may have.",
);

pub(super) const SECTION: Section = Section {
    title: "Uploads",
    about: "",
    variables: &[UPLOAD_PROFILE, ALLOWED_UPLOAD_MIMES, MAX_STORES_PER_USER],
};

/// Every media type that starts with this is read as text.
const ANY_TEXT: &str = "text/*";

const SAFE: [&str; 5] = [
    "application/pdf",
    "text/plain",
    "text/markdown",
    "text/csv",
    "text/tab-separated-values",
];

const OFFICE: [&str; 10] = [
    SAFE[0],
    SAFE[1],
    SAFE[2],
    SAFE[3],
    SAFE[4],
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.text",
    "text/html",
];

/// Which kinds of document are taken.
#[derive(Clone, Debug)]
pub(crate) struct UploadsConfig {
    pub(crate) profile: UploadProfile,
    /// The profile's media types, lower case; `text/*` stands for every kind of text.
    pub(crate) mimes: Vec<String>,
    pub(crate) max_stores_per_user: u32,
}

/// A named set of media types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UploadProfile {
    Safe,
    #[default]
    Office,
    AllSupported,
    Custom,
}

impl UploadsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let profile = reader.value(&UPLOAD_PROFILE, parse_profile);
        let custom = reader.value(&ALLOWED_UPLOAD_MIMES, parse_mimes);
        let mimes: Vec<String> = match profile {
            UploadProfile::Safe => SAFE.map(str::to_owned).to_vec(),
            UploadProfile::Office => OFFICE.map(str::to_owned).to_vec(),
            UploadProfile::AllSupported => OFFICE
                .into_iter()
                .chain([ANY_TEXT])
                .map(str::to_owned)
                .collect(),
            UploadProfile::Custom => custom,
        };
        Self {
            profile,
            mimes,
            max_stores_per_user: reader.integer(&MAX_STORES_PER_USER, 1..=100_000),
        }
    }
}

fn contains<'a>(mut allowed: impl Iterator<Item = &'a str>, mime: &str) -> bool {
    allowed.any(|entry| entry == mime || (entry == ANY_TEXT && mime.starts_with("text/")))
}

fn parse_profile(text: &str) -> Result<UploadProfile, Malformed> {
    match text.to_ascii_lowercase().as_str() {
        "safe" => Ok(UploadProfile::Safe),
        "office" => Ok(UploadProfile::Office),
        "all-supported" => Ok(UploadProfile::AllSupported),
        "custom" => Ok(UploadProfile::Custom),
        _ => Err(Malformed::new(
            "is not a profile",
            "Use `safe`, `office`, `all-supported` or `custom`",
        )),
    }
}

fn parse_mimes(text: &str) -> Result<Vec<String>, Malformed> {
    let mimes: Vec<String> = parse_list(text)?
        .iter()
        .map(|mime| mime.to_ascii_lowercase())
        .collect();
    match mimes
        .iter()
        .find(|mime| !contains(OFFICE.into_iter().chain([ANY_TEXT]), mime))
    {
        None => Ok(mimes),
        Some(unknown) => Err(Malformed::new(
            format!("`{unknown}` is not a media type that the server can read"),
            format!("Choose from {} and other `text/` types", OFFICE.join(", ")),
        )),
    }
}
