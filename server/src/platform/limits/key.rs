//! Whose bucket a call is taken from.

use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest, Sha256};

use crate::platform::auth::principal::Principal;

/// Whose calls are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LimitKey {
    User(i64),
    /// An address; IPv6 by its /64, the smallest block that one customer is given.
    Address(IpAddr),
    /// Anything else (an account name, a user and an act), as its SHA-256: text of any length costs
    /// the same, and no account name stays in memory.
    Subject([u8; 32]),
}

impl LimitKey {
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        })
    }

    /// A bucket of its own for a text, such as an e-mail address in its canonical form.
    pub(crate) fn subject(text: &str) -> Self {
        Self::Subject(Sha256::digest(text.as_bytes()).into())
    }

    /// The caller's bucket: the user's when one is known, else the address's.
    pub(crate) fn of(principal: Option<&Principal>, address: IpAddr) -> Self {
        match principal {
            Some(principal) => Self::User(principal.user_id),
            None => Self::address(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> LimitKey {
        LimitKey::address(text.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_ipv6_customer_share_a_bucket() {
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_address() {
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
        assert_ne!(key("192.0.2.7"), key("192.0.2.8"));
    }

    #[test]
    fn subjects_differ_by_text() {
        assert_eq!(
            LimitKey::subject("a@example.org"),
            LimitKey::subject("a@example.org")
        );
        assert_ne!(
            LimitKey::subject("a@example.org"),
            LimitKey::subject("b@example.org")
        );
    }
}
