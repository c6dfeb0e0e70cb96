//! An e-mail address as the key of an account.

/// The longest address that can be delivered to (RFC 5321 by its erratum 1690), in bytes.
const MAX_BYTES: usize = 254;

/// A plausible address in lower case. Whether it is somebody's, only a message could tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Email(String);

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Email must be an address such as name@example.org, of at most {MAX_BYTES} bytes")]
pub(crate) struct NotAnEmail;

impl Email {
    /// One `@` with something on both sides, no white space, no control characters.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        if text.len() > MAX_BYTES
            || text
                .chars()
                .any(|letter| letter.is_control() || letter.is_whitespace())
        {
            return Err(NotAnEmail);
        }
        let lower = text.to_lowercase();
        // Some letters grow when they are lower-cased.
        if lower.len() > MAX_BYTES {
            return Err(NotAnEmail);
        }
        match lower.split_once('@') {
            Some((name, domain))
                if !name.is_empty() && !domain.is_empty() && !domain.contains('@') =>
            {
                Ok(Self(lower))
            }
            _ => Err(NotAnEmail),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_lower_cased() {
        for (text, address) in [
            ("Ada@Example.ORG", "ada@example.org"),
            ("  ada@example.org\n", "ada@example.org"),
            ("a+b.c@x", "a+b.c@x"),
            ("ÄDA@bücher.example", "äda@bücher.example"),
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), address);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long = format!("{}@example.org", "a".repeat(243));
        assert_eq!(long.len(), 255);
        assert!(Email::parse(&long[1..]).is_ok());
        // Each of these grows from two bytes to three.
        let growing = format!("{}@x.example", "\u{130}".repeat(121));
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a@b@c",
            "a b@c",
            "a@b\0c",
            "a@\u{7f}b",
            "a\u{a0}b@c",
            long.as_str(),
            growing.as_str(),
        ] {
            assert_eq!(Email::parse(text), Err(NotAnEmail), "{text:?}");
        }
    }
}
