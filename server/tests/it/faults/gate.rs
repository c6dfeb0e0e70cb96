//! The start-up gate of the real program: every rule alone refuses the start, naming the variable,
//! what is wrong and what to do, and shows no secret.

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use super::program::Site;
use crate::support::Database;

const STAGING: &str = "staging";
const PRODUCTION: &str = "production";
const BOTH: &[&str] = &[STAGING, PRODUCTION];
const SECRET: &str = "5f0b6c3f9f3d4a7e8d1c2b3a49586776";

/// Settings with which the gate has nothing to say; nobody listens where Redis should be.
const SOUND: [(&str, &str); 9] = [
    ("ENVIRONMENT", PRODUCTION),
    ("JWT_SECRET", SECRET),
    (
        "DATABASE_URL",
        "postgresql://app:Vq8xE2mKw0@127.0.0.1:1/binnacle",
    ),
    ("REDIS_URL", "redis://127.0.0.1:1/0"),
    ("GEMINI_MOCK_MODE", "false"),
    ("GEMINI_API_KEY", "key-hushhush-one"),
    ("CORS_ORIGINS", "https://app.example.org"),
    ("TRUSTED_PROXY_IPS", "10.0.0.0/8"),
    ("RUN_MIGRATIONS", "true"),
];

/// Where, with what changed, and what is said: the variable, the problem, the remedy.
type Rule = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    [&'static str; 3],
);

const RULES: &[Rule] = &[
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
        &[("JWT_SECRET_FILE", "/nowhere/secret")],
        ["JWT_SECRET", "/nowhere/secret", ""],
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
    // Stores.
    (
        &[PRODUCTION],
        &[("DATABASE_URL", "sqlite:///./rag.db")],
        [
            "DATABASE_URL",
            "SQLite is not allowed",
            "ALLOW_SQLITE_IN_PRODUCTION=true",
        ],
    ),
    (
        &[PRODUCTION],
        &[(
            "DATABASE_URL",
            "postgresql://app:postgres@127.0.0.1:1/binnacle",
        )],
        [
            "DATABASE_URL",
            "Default/blank database password",
            "a password of its own",
        ],
    ),
    (
        &[PRODUCTION],
        &[("DATABASE_URL", "postgresql://app@127.0.0.1:1/binnacle")],
        [
            "DATABASE_URL",
            "Default/blank database password",
            "a password of its own",
        ],
    ),
    (
        BOTH,
        &[("REDIS_URL", "")],
        [
            "REDIS_URL",
            "is not set",
            "REQUIRE_REDIS_IN_PRODUCTION=false",
        ],
    ),
    (
        BOTH,
        &[],
        [
            "REDIS_URL",
            "Redis does not answer",
            "REQUIRE_REDIS_IN_PRODUCTION=false",
        ],
    ),
    // Providers and prices.
    (
        BOTH,
        &[("GEMINI_API_KEY", "")],
        [
            "GEMINI_API_KEY",
            "no provider has a key",
            "GEMINI_MOCK_MODE=true",
        ],
    ),
    (
        BOTH,
        &[("GEMINI_MOCK_MODE", "true")],
        [
            "GEMINI_MOCK_MODE",
            "`offline` provider is not allowed",
            "ALLOW_MOCK_IN_PROD=true",
        ],
    ),
    (
        &[PRODUCTION],
        &[("PRICE_PER_MTOK_INPUT", "0")],
        ["PRICE_PER_MTOK_INPUT", "is not above 0", "above 0"],
    ),
    (
        BOTH,
        &[
            ("PRICE_CHECK_STRICT", "true"),
            ("PRICE_PER_MTOK_INDEX", "0"),
        ],
        ["PRICE_PER_MTOK_INDEX", "is not above 0", "above 0"],
    ),
    (
        BOTH,
        &[(
            "MODEL_PRICING",
            "{\"gemini-2.5-flash\": {\"input\": 1, \"output\": 2}}",
        )],
        ["MODEL_PRICING", "default", ""],
    ),
    // Words outside their set.
    (
        BOTH,
        &[("UPLOAD_PROFILE", "anything")],
        ["UPLOAD_PROFILE", "anything", "all-supported"],
    ),
    (
        BOTH,
        &[("UPLOAD_PROFILE", "custom")],
        ["ALLOWED_UPLOAD_MIMES", "is empty", "List the media types"],
    ),
    (
        BOTH,
        &[
            ("UPLOAD_PROFILE", "custom"),
            ("ALLOWED_UPLOAD_MIMES", "application/msword"),
        ],
        ["ALLOWED_UPLOAD_MIMES", "application/msword", ""],
    ),
];

/// Starts `serve` and expects that it is refused; what it said.
async fn refusal(site: &Site, environment: &str, changed: &[(&str, &str)]) -> String {
    let mut settings = SOUND.to_vec();
    settings.extend(changed);
    settings.push(("ENVIRONMENT", environment));
    let refused = site.run(&["serve"], &settings).await;
    let said = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(
        !refused.status.success(),
        "{environment} {changed:?}: {said}"
    );
    assert!(
        !said.contains("hushhush") && !said.contains(SECRET),
        "{said}"
    );
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_alone_refuses_the_start_and_says_what_to_do() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    for (environments, changed, says) in RULES {
        for environment in *environments {
            let said = refusal(&site, environment, changed).await;
            for part in says {
                assert!(
                    said.contains(part),
                    "{environment} {changed:?}: no `{part}` in: {said}"
                );
            }
            let only_problem = said.matches("\n  - ").count() <= 1;
            assert!(
                only_problem,
                "{environment} {changed:?} broke one rule: {said}"
            );
        }
    }
    let said = refusal(&site, "prod", &[]).await;
    assert!(
        said.contains("ENVIRONMENT") && said.contains("production"),
        "{said}"
    );
    let left = std::fs::read_dir(site.folder.path()).expect("the folder");
    assert_eq!(left.count(), 0, "nothing was opened or made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_that_everybody_may_read_refuses_the_start() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let file = site.folder.path().join("jwt");
    std::fs::write(&file, SECRET).expect("a file");
    let path = file.to_str().expect("a path").to_owned();
    let changed = [("JWT_SECRET", ""), ("JWT_SECRET_FILE", &*path)];
    for (mode, says) in [(0o644, "chmod o-rwx"), (0o600, "Redis does not answer")] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("a mode");
        for environment in BOTH {
            let said = refusal(&site, environment, &changed).await;
            assert!(said.contains(says), "{environment} {mode:o}: {said}");
        }
    }
}
