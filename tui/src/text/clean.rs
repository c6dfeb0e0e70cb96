//! Strings of the server are hostile until cleaned: escape codes would move the cursor, marks of
//! direction would turn a line round, marks without width would hide.

use std::borrow::Cow;
use std::fmt::Write as _;

fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// `text` on one line, with every mark that cannot be seen written out as `<U+202E>`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => safe.push(' '),
            hostile if is_hostile(hostile) => {
                let _infallible = write!(safe, "<U+{:04X}>", u32::from(hostile));
            }
            plain => safe.push(plain),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(clean("bo\u{202E}gro.xe"), "bo<U+202E>gro.xe");
        assert_eq!(clean("a\u{1b}[2Jb"), "a<U+001B>[2Jb");
        assert_eq!(clean("a\nb"), "a b");
        assert_eq!(clean("bo@ex.org"), "bo@ex.org");
        assert_eq!(clean("日本"), "日本");
    }
}
