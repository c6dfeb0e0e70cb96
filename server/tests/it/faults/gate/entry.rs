//! Rules about who may come in, what proves it, and who is reached.

use super::{BOTH, Rule, SECRET};

pub(super) const RULES: &[Rule] = &[
    // Who may come in, and what proves it.
    (
        BOTH,
        &[("JWT_SECRET", "")],
        ["JWT_SECRET", "is not set", "openssl rand"],
    ),
    (
        BOTH,
        &[("JWT_SECRET", "short-hushhush")],
        ["JWT_SECRET", "is shorter than 32", "openssl rand"],
    ),
    (
        BOTH,
        &[("JWT_SECRET", "dev_secret_hushhush_0123456789abcdef")],
        ["JWT_SECRET", "Default JWT_SECRET", "openssl rand"],
    ),
    (
        BOTH,
        &[("JWT_SECRET_PREVIOUS", SECRET)],
        [
            "JWT_SECRET_PREVIOUS",
            "is the same as JWT_SECRET",
            "Remove it",
        ],
    ),
    (
        BOTH,
        &[("METRICS_TOKEN", SECRET)],
        ["METRICS_TOKEN", "is the same as JWT_SECRET", "openssl rand"],
    ),
    (
        BOTH,
        &[("METRICS_TOKEN", "hushhush")],
        ["METRICS_TOKEN", "is shorter than 16", "openssl rand"],
    ),
    (
        BOTH,
        &[("JWT_SECRET_PREVIOUS", "short-hushhush")],
        ["JWT_SECRET_PREVIOUS", "is shorter than 32", "openssl rand"],
    ),
    (
        BOTH,
        &[(
            "JWT_SECRET_PREVIOUS",
            "changeme-hushhush-0123456789abcdef012345",
        )],
        [
            "JWT_SECRET_PREVIOUS",
            "Default JWT_SECRET_PREVIOUS of an example",
            "openssl rand",
        ],
    ),
    (
        BOTH,
        &[("JWT_SECRET_FILE", "/nowhere/secret")],
        [
            "JWT_SECRET_FILE",
            "/nowhere/secret does not exist",
            "Name a file that this process may read",
        ],
    ),
    (
        BOTH,
        &[("JWT_SECRET_FILE", "/etc")],
        [
            "JWT_SECRET_FILE",
            "/etc is not a regular file",
            "Name a file that holds the value",
        ],
    ),
    (
        BOTH,
        &[("ALLOW_DEV_LOGIN", "true")],
        [
            "ALLOW_DEV_LOGIN",
            "anybody could sign in",
            "ALLOW_DEV_LOGIN=false",
        ],
    ),
    (
        BOTH,
        &[("REGISTRATION", "open")],
        ["REGISTRATION", "without limit", "DEFAULT_MONTHLY_LIMIT_USD"],
    ),
    (
        BOTH,
        &[("STRICT_MODE", "false")],
        ["STRICT_MODE", "is off", "STRICT_MODE=true"],
    ),
    (
        BOTH,
        &[("REQUIRE_CSRF_HEADER", "false")],
        ["REQUIRE_CSRF_HEADER", "is off", "REQUIRE_CSRF_HEADER=true"],
    ),
    // Who reaches it, and as whom.
    (
        BOTH,
        &[("CORS_ORIGINS", "")],
        ["CORS_ORIGINS", "is empty", "https://"],
    ),
    (
        BOTH,
        &[("CORS_ORIGINS", "*")],
        [
            "CORS_ORIGINS",
            "together with credentials",
            "CORS_ALLOW_CREDENTIALS=false",
        ],
    ),
    (
        BOTH,
        &[("CORS_ORIGINS", "http://app.example.org")],
        ["CORS_ORIGINS", "without TLS", "https://"],
    ),
    (
        BOTH,
        &[("TRUSTED_PROXY_IPS", "10.0.0.1,proxy.local")],
        [
            "TRUSTED_PROXY_IPS",
            "Invalid TRUSTED_PROXY_IPS entry `proxy.local`",
            "CIDR",
        ],
    ),
    (
        BOTH,
        &[("TRUSTED_PROXY_IPS", "")],
        ["TRUSTED_PROXY_IPS", "HOST is loopback", "proxy's address"],
    ),
    (
        BOTH,
        &[("TRUSTED_PROXY_IPS", "0.0.0.0/0")],
        ["TRUSTED_PROXY_IPS", "every address", "own addresses"],
    ),
    (
        BOTH,
        &[("METRICS_ALLOW_ALL", "true")],
        ["METRICS_ALLOW_ALL", "everybody", "METRICS_ALLOW_CIDRS"],
    ),
    (
        BOTH,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ("OTEL_CAPTURE_CONTENT", "true"),
        ],
        [
            "OTEL_CAPTURE_CONTENT",
            "leave the house",
            "OTEL_CAPTURE_CONTENT=false",
        ],
    ),
    (
        BOTH,
        &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        [
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "is not spoken",
            "http/protobuf",
        ],
    ),
];
