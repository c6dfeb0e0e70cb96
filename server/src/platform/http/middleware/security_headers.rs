//! Headers that tell browsers what our answers may not do. A handler that sets one of them has its
//! reasons: what is there stays.

use poem::http::{HeaderMap, HeaderName, HeaderValue, header};

const FIXED: [(&str, &str); 9] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
         magnetometer=(), microphone=(self), midi=(), payment=(), usb=()",
    ),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex"),
];
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

pub(in super::super) struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    /// `connect_origins`: where our pages may connect to, beside their own origin.
    pub(in super::super) fn new(connect_origins: &[String]) -> Self {
        let mut headers: Vec<(HeaderName, HeaderValue)> = FIXED
            .into_iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let mut connect = String::new();
        for origin in connect_origins {
            connect.push(' ');
            connect.push_str(origin);
        }
        let policy = format!(
            "default-src 'self'; base-uri 'self'; connect-src 'self'{connect}; form-action 'self'; \
             frame-ancestors 'none'; img-src 'self' data: blob:; media-src 'self' blob:; \
             object-src 'none'"
        );
        let strict = HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'");
        let policy = HeaderValue::try_from(policy).unwrap_or(strict);
        headers.push((header::CONTENT_SECURITY_POLICY, policy));
        Self(headers)
    }

    pub(in super::super) fn write(&self, headers: &mut HeaderMap, https: bool) {
        for (name, value) in &self.0 {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if https {
            headers
                .entry(header::STRICT_TRANSPORT_SECURITY)
                .or_insert(ONE_YEAR);
        }
    }
}
