//! Refresh tokens: 256 random bits, known to the server by their hash alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::platform::entropy::Entropy;

const BYTES: usize = 32;
const CHARS: usize = 43;

/// A new refresh token: the text for the client, the hash for the database.
pub(crate) struct RefreshToken {
    text: SecretString,
}

impl RefreshToken {
    pub(crate) fn generate(entropy: &Entropy) -> Self {
        let text = URL_SAFE_NO_PAD.encode(entropy.bytes::<BYTES>());
        Self { text: text.into() }
    }

    /// A token that a client sent; none when it cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let sound = text.len() == CHARS
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        sound.then(|| Self { text: text.into() })
    }

    /// For the answer to the client.
    pub(crate) fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// SHA-256 in hexadecimal. A fast hash will do: 256 random bits cannot be guessed.
    pub(crate) fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text.expose_secret().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_generated_is_parsed_and_hashes_the_same() {
        let token = RefreshToken::generate(&Entropy::from_seed(1));
        let parsed = RefreshToken::parse(token.expose()).unwrap();
        assert_eq!(parsed.hash(), token.hash());
        assert_eq!(token.hash().len(), 64);
        assert_ne!(
            RefreshToken::generate(&Entropy::from_seed(2)).hash(),
            token.hash()
        );
    }

    #[test]
    fn other_texts_are_not_looked_up() {
        let token = RefreshToken::generate(&Entropy::from_seed(1));
        let padded = format!("{}=", token.expose());
        let foreign = format!("{}+", &token.expose()[1..]);
        for text in [
            "",
            "abc",
            "a.b.c",
            padded.as_str(),
            foreign.as_str(),
            &"a".repeat(1_000_000),
        ] {
            assert!(RefreshToken::parse(text).is_none());
        }
    }
}
