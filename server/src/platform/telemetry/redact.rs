//! The last door before the log: what looks like a secret, or is one of ours, does not pass. Nobody
//! logs secrets on purpose; this is for errors of libraries and values that came from outside.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

const REDACTED: &str = "[redacted]";
/// Shorter ones would be found in ordinary words.
const MIN_SECRET: usize = 8;
/// Names, or endings of names, of fields that hold secrets.
const SECRET_NAMES: [&str; 8] = [
    "authorization",
    "cookie",
    "password",
    "secret",
    "token",
    "api_key",
    "api-key",
    "credentials",
];
/// How tokens begin that are known by their look, and the fewest characters of such a one.
const PREFIXES: [(&str, usize); 4] = [("bnk_", 12), ("sk-", 16), ("AIza", 20), ("eyJ", 32)];

/// Knows the secrets of the settings.
pub(super) struct Redactor(Vec<SecretString>);

impl Redactor {
    pub(super) fn new(secrets: &[SecretString]) -> Self {
        let passwords = secrets.iter().filter_map(|secret| {
            let url = Url::parse(secret.expose_secret()).ok()?;
            url.password().map(SecretString::from)
        });
        // A file may hold several, one on each line.
        let lines = secrets.iter().flat_map(|secret| {
            let lines = secret.expose_secret().lines().map(str::trim);
            lines.map(SecretString::from)
        });
        let known = secrets.iter().cloned().chain(passwords).chain(lines);
        Self(
            known
                .filter(|secret| secret.expose_secret().len() >= MIN_SECRET)
                .collect(),
        )
    }

    /// The text of a field as it may be written.
    pub(super) fn field<'t>(&self, name: &str, text: &'t str) -> Cow<'t, str> {
        if SECRET_NAMES.iter().any(|secret| name.ends_with(secret)) {
            return Cow::Borrowed(REDACTED);
        }
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            let secret = secret.expose_secret();
            if text.contains(secret) {
                text = Cow::Owned(text.replace(secret, REDACTED));
            }
        }
        match without_tokens(&text) {
            Some(clean) => Cow::Owned(clean),
            None => text,
        }
    }
}

/// The text without what looks like a token; `None` when nothing does.
fn without_tokens(text: &str) -> Option<String> {
    let suspicious = PREFIXES.iter().any(|(prefix, _)| text.contains(prefix))
        || text.contains("://")
        || contains_scheme(text);
    if !suspicious {
        return None;
    }
    let mut clean = String::with_capacity(text.len());
    let mut found = false;
    let mut after_scheme = false;
    for piece in text.split_inclusive(is_border) {
        let word = piece.trim_end_matches(is_border);
        let border = &piece[word.len()..];
        if word.is_empty() {
            clean.push_str(border);
            continue;
        }
        if after_scheme || is_token(word) {
            found = true;
            clean.push_str(REDACTED);
        } else if let Some((before, after)) = around_credentials(word) {
            found = true;
            clean.push_str(before);
            clean.push_str(REDACTED);
            clean.push_str(after);
        } else {
            clean.push_str(word);
        }
        after_scheme = is_scheme(word);
        clean.push_str(border);
    }
    found.then_some(clean)
}

fn is_border(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';')
}

fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

fn contains_scheme(text: &str) -> bool {
    text.split(is_border).any(is_scheme)
}

fn is_token(word: &str) -> bool {
    // After `key=` or `key:` as well as alone.
    let start = word.rfind(['=', ':']).map_or(0, |at| at + 1);
    let value = &word[start..];
    PREFIXES
        .iter()
        .any(|(prefix, least)| value.starts_with(prefix) && value.len() >= *least)
}

/// What stands around `user:password` in an address.
fn around_credentials(word: &str) -> Option<(&str, &str)> {
    let begin = word.find("://")? + 3;
    let authority = word[begin..].find(['/', '?', '#']);
    let end = authority.map_or(word.len(), |length| begin + length);
    let at = word[begin..end].rfind('@')?;
    Some((&word[..begin], &word[begin + at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> String {
        let secrets = [
            "a-signing-secret-of-ours",
            "postgres://app:hush-hush@db/x",
            "short",
        ];
        let secrets = secrets.map(SecretString::from);
        Redactor::new(&secrets).field(name, text).into_owned()
    }

    #[test]
    fn fields_that_are_named_after_secrets_are_not_written() {
        for name in [
            "authorization",
            "set-cookie",
            "x-goog-api-key",
            "refresh_token",
        ] {
            assert_eq!(written(name, "whatever"), REDACTED, "{name}");
        }
        assert_eq!(written("token_type", "Bearer"), "Bearer");
        assert_eq!(written("key", "stores/7"), "stores/7");
    }

    #[test]
    fn secrets_of_the_settings_are_not_written_wherever_they_stand() {
        let error = "cannot reach a-signing-secret-of-ours: hush-hush is wrong; short";
        let clean = "cannot reach [redacted]: [redacted] is wrong; short";
        assert_eq!(written("error", error), clean);
    }

    #[test]
    fn what_looks_like_a_token_is_not_written() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for (text, clean) in [
            (format!("got {token}, refused"), "got [redacted], refused"),
            (
                "Authorization: Bearer 123abc".into(),
                "Authorization: Bearer [redacted]",
            ),
            ("key=AIzaSyA0123456789abcdef".into(), REDACTED),
            ("bnk_0123456789abcdef".into(), REDACTED),
            ("\"sk-0123456789abcdef\"".into(), "\"[redacted]\""),
            (
                "redis://:hidden@cache:6379/0 is gone".into(),
                "redis://[redacted]@cache:6379/0 is gone",
            ),
        ] {
            assert_eq!(written("error", &text), clean);
        }
    }

    #[test]
    fn ordinary_text_is_written_as_it_is() {
        for text in [
            "",
            "a task-list of sk-ills, bnk_ and eyJ",
            "https://example.org/a@b is not there",
            "3 passages; none of them fit",
        ] {
            assert_eq!(written("message", text), text);
        }
    }
}
