//! Who is at the other end, as far as the peer can be believed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use poem::{
    Request,
    http::{HeaderMap, HeaderName, header},
};

use super::super::problem::Problem;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Any of them means that the call came through a proxy, whoever wrote it.
const FORWARDING: [HeaderName; 6] = [
    header::FORWARDED,
    X_FORWARDED_FOR,
    X_FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
    header::VIA,
];
/// A peer that is no network address, as in-process calls have.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The client of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct ClientAddress {
    pub(in super::super) address: IpAddr,
    /// Whether a trusted proxy says that the client spoke https.
    pub(in super::super) https: bool,
    /// Whether the peer is a proxy whose word is taken.
    pub(in super::super) vouched: bool,
    direct: bool,
    peer: IpAddr,
}

impl ClientAddress {
    /// Whether the call comes from this machine and through no proxy.
    pub(in super::super) fn is_loopback(&self) -> bool {
        self.direct && self.peer.is_loopback()
    }
}

/// The proxies whose word is taken.
pub(in super::super) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(in super::super) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    pub(in super::super) fn client_of(&self, request: &Request) -> ClientAddress {
        let peer = request
            .remote_addr()
            .as_socket_addr()
            .map_or(NOWHERE, SocketAddr::ip);
        self.client(peer.to_canonical(), request.headers())
    }

    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let direct = !FORWARDING.iter().any(|name| headers.contains_key(name));
        let vouched = self.trusts(peer);
        if direct || !vouched {
            return ClientAddress {
                address: peer,
                https: false,
                vouched,
                direct,
                peer,
            };
        }
        let hops = if headers.contains_key(X_FORWARDED_FOR) {
            listed(headers, &X_FORWARDED_FOR)
                .map(address_of)
                .collect::<Vec<_>>()
        } else {
            listed(headers, &header::FORWARDED)
                .map(|element| parameter(element, "for").and_then(address_of))
                .collect()
        };
        let address = self.rightmost_untrusted(peer, &hops);
        let proto = last(headers, &X_FORWARDED_PROTO)
            .or_else(|| last(headers, &header::FORWARDED).and_then(|hop| parameter(hop, "proto")));
        let https = proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        ClientAddress {
            address,
            https,
            vouched,
            direct,
            peer,
        }
    }

    /// Walks from our side: each trusted proxy vouches for the hop before it. At an entry that is no
    /// address the walk ends at the proxy that wrote it.
    fn rightmost_untrusted(&self, peer: IpAddr, hops: &[Option<IpAddr>]) -> IpAddr {
        let mut nearest = peer;
        for hop in hops.iter().rev() {
            let Some(hop) = *hop else {
                return nearest;
            };
            nearest = hop;
            if !self.trusts(hop) {
                return hop;
            }
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// All elements of a header that is a list, over all its lines, in order.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.to_str().unwrap_or("unreadable").split(','))
        .map(str::trim)
}

fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    listed(headers, name).last()
}

/// A parameter of one element of `Forwarded` (RFC 7239).
fn parameter<'a>(element: &'a str, wanted: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()?;
    Some(address.to_canonical())
}

/// What follows `Bearer`. Two credentials at once are refused rather than chosen from.
pub(in super::super) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(Problem::bad_request("Send one Authorization header"));
    }
    let Ok(text) = line.to_str() else {
        return Err(Problem::unauthenticated("Invalid token"));
    };
    let Some((scheme, token)) = text.trim().split_once(' ') else {
        return Ok(None);
    };
    let token = token.trim();
    Ok((scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(&str, &str)]) -> ClientAddress {
        let networks = trusted
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            map.append(name, value.parse().unwrap());
        }
        let peer: IpAddr = peer.parse().unwrap();
        TrustedProxies::new(networks).client(peer.to_canonical(), &map)
    }

    fn address(trusted: &[&str], peer: &str, headers: &[(&str, &str)]) -> String {
        client(trusted, peer, headers).address.to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        for header in [
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
            ("x-real-ip", "203.0.113.9"),
        ] {
            assert_eq!(address(&[], "192.0.2.1", &[header]), "192.0.2.1");
            assert_eq!(
                address(&["10.0.0.0/8"], "192.0.2.1", &[header]),
                "192.0.2.1"
            );
        }
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client() {
        let proxies = ["10.0.0.0/8"];
        let cases = [
            ("203.0.113.9", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
            ("10.9.9.9, 10.0.0.7", "10.9.9.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, junk", "10.0.0.1"),
            ("junk, 10.0.0.7", "10.0.0.7"),
            ("", "10.0.0.1"),
            ("203.0.113.9,", "10.0.0.1"),
        ];
        for (header, expected) in cases {
            let found = address(&proxies, "10.0.0.1", &[("x-forwarded-for", header)]);
            assert_eq!(found, expected, "X-Forwarded-For: {header}");
        }
        let fifty = vec!["1.2.3.4"; 50].join(", ");
        assert_eq!(
            address(&proxies, "10.0.0.1", &[("x-forwarded-for", &fifty)]),
            "1.2.3.4"
        );
    }

    #[test]
    fn several_lines_are_one_list() {
        let headers = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "203.0.113.9"),
        ];
        assert_eq!(
            address(&["10.0.0.0/8"], "10.0.0.1", &headers),
            "203.0.113.9"
        );
    }

    #[test]
    fn real_ip_is_never_read() {
        assert_eq!(
            address(&["10.0.0.0/8"], "10.0.0.1", &[("x-real-ip", "1.1.1.1")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn forwarded_is_read_when_it_is_alone() {
        let header = (
            "forwarded",
            "for=1.1.1.1, For=\"[2001:db8::1]:80\";proto=https",
        );
        let found = client(&["10.0.0.0/8"], "::ffff:10.0.0.1", &[header]);
        assert_eq!(found.address.to_string(), "2001:db8::1");
        assert!(found.https);
        let both = [header, ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &both), "203.0.113.9");
    }

    #[test]
    fn https_is_believed_from_trusted_proxies_alone() {
        let header = [("x-forwarded-proto", "https")];
        assert!(client(&["10.0.0.0/8"], "10.0.0.1", &header).https);
        assert!(!client(&[], "10.0.0.1", &header).https);
        let spoofed = [("x-forwarded-proto", "https, http")];
        assert!(!client(&["10.0.0.0/8"], "10.0.0.1", &spoofed).https);
    }

    #[test]
    fn loopback_is_the_machine_itself_and_no_proxy_on_it() {
        assert!(client(&[], "127.0.0.1", &[]).is_loopback());
        assert!(client(&[], "::ffff:127.0.0.1", &[]).is_loopback());
        assert!(client(&[], "::1", &[]).is_loopback());
        assert!(!client(&[], "192.0.2.1", &[]).is_loopback());
        for name in [
            "x-forwarded-for",
            "forwarded",
            "x-real-ip",
            "x-forwarded-host",
            "via",
        ] {
            assert!(
                !client(&[], "127.0.0.1", &[(name, "x")]).is_loopback(),
                "{name}"
            );
        }
        let through = [("x-forwarded-for", "127.0.0.1")];
        assert!(!client(&["10.0.0.0/8"], "10.0.0.1", &through).is_loopback());
    }

    #[test]
    fn a_token_is_what_follows_bearer() {
        let token = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer_token(&headers)
                .map(|token| token.map(str::to_owned))
                .map_err(|e| e.status.as_u16())
        };
        assert_eq!(token(&[]), Ok(None));
        assert_eq!(token(&["Bearer abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(token(&["bearer  abc "]), Ok(Some("abc".to_owned())));
        assert_eq!(token(&["Basic abc"]), Ok(None));
        assert_eq!(token(&["Bearer"]), Ok(None));
        assert_eq!(token(&["Bearer "]), Ok(None));
        assert_eq!(token(&["Bearer a", "Bearer b"]), Err(400));
    }
}
