//! One secret for each purpose, derived from the operator's, and comparisons that tell nothing by
//! their time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Derives the key of one purpose (HKDF with SHA-256, RFC 5869). A purpose is a fixed phrase with a
/// version, such as `binnacle audit v1`: keys of different purposes say nothing about each other.
pub(crate) fn derive(secret: &[u8], purpose: &str) -> [u8; 32] {
    hkdf(b"binnacle", secret, purpose.as_bytes())
}

/// Whether two secrets are equal, in a time that depends on their lengths alone.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// HMAC with SHA-256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// One block of HKDF: as many bytes as the hash has.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = mac(salt, &[secret]);
    mac(&extracted, &[info, &[1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_is_hkdf() {
        // RFC 5869, test case 1: the first 32 of its 42 bytes.
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        assert_eq!(
            hex::encode(hkdf(&salt, &[0x0b; 22], &info)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }

    #[test]
    fn purposes_and_secrets_separate() {
        let audit = derive(b"a secret", "binnacle audit v1");
        assert_eq!(audit, derive(b"a secret", "binnacle audit v1"));
        assert_ne!(audit, derive(b"a secret", "binnacle access token v1"));
        assert_ne!(audit, derive(b"another secret", "binnacle audit v1"));
    }

    #[test]
    fn equality_is_exact() {
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd"));
        assert!(!equal(b"abc", b"ab"));
        assert!(equal(b"", b""));
    }
}
