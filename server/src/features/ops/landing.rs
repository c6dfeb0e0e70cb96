//! The page at `/`: what runs here, and where to go next. It needs nothing but itself.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use poem::http::HeaderValue;
use sha2::{Digest, Sha256};

/// The page and the policy under which exactly its own style applies.
pub(super) struct Page {
    pub(super) html: Bytes,
    pub(super) policy: HeaderValue,
}

/// The same for everybody.
pub(super) static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let html = include_str!("landing.html").replace("{version}", env!("CARGO_PKG_VERSION"));
    let policy = policy(&html);
    Page {
        html: Bytes::from(html),
        policy,
    }
});

fn policy(html: &str) -> HeaderValue {
    let style = html
        .split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"))
        .map_or("", |(style, _)| style);
    let hash = STANDARD.encode(Sha256::digest(style));
    let text = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stands_alone_and_links_what_there_is() {
        let html = std::str::from_utf8(&PAGE.html).unwrap();
        for link in ["/docs", "/health", "/openapi.json"] {
            assert!(html.contains(&format!("href=\"{link}\"")), "{link}");
        }
        assert!(html.contains(env!("CARGO_PKG_VERSION")));
        for foreign in [
            "{version}",
            "<script",
            "src=",
            "url(",
            " style=",
            "https://",
        ] {
            assert!(!html.contains(foreign), "{foreign}");
        }
        let policy = PAGE.policy.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    }
}
