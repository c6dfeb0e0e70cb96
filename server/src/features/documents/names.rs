//! Names that people give: parsed at the edge, safe everywhere after.

use super::error::DocumentsError;

/// The name of a store: 1 to 100 characters, trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreName(String);

const STORE_NAME_MAX: usize = 100;
const DISPLAY_NAME_MAX: usize = 255;
const FILE_NAME_MAX: usize = 128;

impl StoreName {
    /// Reads a name. It is kept as given and escaped where it is shown.
    pub(crate) fn parse(given: &str) -> Result<Self, DocumentsError> {
        let name = printable(given);
        match name.chars().count() {
            0 => Err(DocumentsError::InvalidField {
                field: "display_name",
                reason: "Must have at least 1 character that can be shown".to_owned(),
            }),
            1..=STORE_NAME_MAX if looks_like_script(&name) => Err(DocumentsError::InvalidField {
                field: "display_name",
                reason: "Must be a plain name, without HTML tags or script addresses".to_owned(),
            }),
            1..=STORE_NAME_MAX => Ok(Self(name)),
            _ => Err(DocumentsError::InvalidField {
                field: "display_name",
                reason: format!("Must have at most {STORE_NAME_MAX} characters"),
            }),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name to show for a document: up to 255 characters. An empty one is none.
pub(crate) fn display_name(given: &str) -> Result<Option<String>, DocumentsError> {
    let name = printable(given);
    match name.chars().count() {
        0 => Ok(None),
        1..=DISPLAY_NAME_MAX => Ok(Some(name)),
        _ => Err(DocumentsError::InvalidField {
            field: "displayName",
            reason: format!("Must have at most {DISPLAY_NAME_MAX} characters"),
        }),
    }
}

/// A file name made safe: no path, no control or bidirectional characters, letters, digits and
/// `._-` alone, no leading dot, at most 128 characters; `file` when nothing is left.
pub(crate) fn file_name(given: &str) -> String {
    let base = given.rsplit(['/', '\\']).next().unwrap_or(given);
    let safe: String = printable(base)
        .chars()
        .map(|letter| match letter {
            letter if letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_') => letter,
            _ => '_',
        })
        .collect();
    let safe = sanitize_filename::sanitize(safe.trim_start_matches('.'));
    if safe.trim_matches(['_', '.']).is_empty() {
        return "file".to_owned();
    }
    shortened(&safe)
}

/// Cuts a long name before its extension, so that its kind can still be seen.
fn shortened(name: &str) -> String {
    if name.chars().count() <= FILE_NAME_MAX {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= 10 => (stem, Some(extension)),
        _ => (name, None),
    };
    let kept = FILE_NAME_MAX - extension.map_or(0, |extension| extension.chars().count() + 1);
    let stem: String = stem.chars().take(kept).collect();
    extension.map_or_else(|| stem.clone(), |extension| format!("{stem}.{extension}"))
}

fn printable(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() && !changes_direction_or_hides(*letter))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Characters that make a name look like another: bidirectional marks, zero-width characters.
fn changes_direction_or_hides(letter: char) -> bool {
    matches!(letter,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn looks_like_script(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.contains("javascript:")
        || lower.contains("vbscript:")
        || lower.contains("data:text/html")
        || lower.split('<').skip(1).any(|after| {
            after.starts_with(|letter: char| {
                letter.is_ascii_alphabetic() || letter == '/' || letter == '!'
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lose_what_could_hurt_and_keep_their_kind() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("annual report (final).pdf", "annual_report__final_.pdf"),
            (".htaccess", "htaccess"),
            ("...", "file"),
            ("", "file"),
            ("a\u{202e}fdp.exe", "afdp.exe"),
            ("x\r\nSet-Cookie: y.txt", "xSet-Cookie__y.txt"),
            ("Übersicht.md", "Übersicht.md"),
        ] {
            assert_eq!(file_name(given), kept, "{given:?}");
        }
        let long = file_name(&format!("{}.pdf", "a".repeat(300)));
        assert_eq!(long.chars().count(), FILE_NAME_MAX);
        assert_eq!(&long[long.len() - 4..], ".pdf");
    }

    #[test]
    fn store_names_are_kept_as_given_or_refused() {
        let name = |given: &str| StoreName::parse(given).map(|name| name.0).ok();
        assert_eq!(name("  R&D <3  ").as_deref(), Some("R&D <3"));
        assert_eq!(name("a\u{0}b").as_deref(), Some("ab"));
        assert_eq!(name("   "), None);
        assert_eq!(name("<script>alert(1)</script>"), None);
        assert_eq!(name("JavaScript:alert(1)"), None);
        assert!(name(&"x".repeat(100)).is_some());
        assert_eq!(name(&"x".repeat(101)), None);
    }
}
