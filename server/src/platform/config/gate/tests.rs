//! One test for each rule: the settings that pass with one thing changed.

mod secrets;
mod services;

use super::super::EnvSource;
use super::*;

const SECRET: &str = "5f0b6c3f9f3d4a7e8d1c2b3a49586776";

/// Settings with which production starts without a warning.
fn production() -> EnvSource {
    EnvSource::from_pairs([
        ("ENVIRONMENT", "production"),
        ("JWT_SECRET", SECRET),
        (
            "DATABASE_URL",
            "postgresql+psycopg2://app:Vq8xE2mKw0@db:5432/binnacle",
        ),
        ("REDIS_URL", "redis://redis:6379/0"),
        ("GEMINI_MOCK_MODE", "false"),
        ("GEMINI_API_KEY", "key-one"),
        ("CORS_ORIGINS", "https://app.example.org"),
        ("TRUSTED_PROXY_IPS", "10.0.0.0/8"),
    ])
}

fn staging() -> EnvSource {
    production().with("ENVIRONMENT", "staging")
}

fn development() -> EnvSource {
    EnvSource::from_pairs([("ENVIRONMENT", "development")])
}

#[track_caller]
fn accepted(source: &EnvSource) -> Vec<Warning> {
    match Config::load(source) {
        Ok((_, warnings)) => warnings,
        Err(problems) => panic!("{problems}"),
    }
}

#[track_caller]
fn refused(source: &EnvSource, variable: &str, text: &str) {
    let problems = match Config::load(source) {
        Ok(_) => panic!("the settings were accepted"),
        Err(problems) => problems.0,
    };
    let [problem] = problems.as_slice() else {
        panic!("one problem was expected: {problems:?}");
    };
    assert_eq!(problem.variable, variable);
    assert!(
        problem.to_string().contains(text),
        "`{text}` is not in: {problem}"
    );
    assert!(!problem.remedy.is_empty());
}

/// Refused in staging and production, accepted in development.
#[track_caller]
fn refused_when_guarded(name: &str, value: &str, variable: &str, text: &str) {
    refused(&production().with(name, value), variable, text);
    refused(&staging().with(name, value), variable, text);
    accepted(&development().with(name, value));
}

#[track_caller]
fn warned(source: &EnvSource, variable: &str) {
    let warnings = accepted(source);
    assert!(
        warnings.iter().any(|warning| warning.variable == variable),
        "{warnings:?}"
    );
}

#[test]
fn sound_settings_pass_without_a_warning() {
    assert_eq!(accepted(&production()), []);
    assert_eq!(accepted(&staging()), []);
    assert_eq!(accepted(&development()), []);
    assert_eq!(
        accepted(&EnvSource::from_pairs([("ENVIRONMENT", "test")])),
        []
    );
}

#[test]
fn strict_mode_must_be_on() {
    refused_when_guarded("STRICT_MODE", "false", "STRICT_MODE", "is off");
}

#[test]
fn dev_login_is_refused_when_guarded() {
    refused_when_guarded(
        "ALLOW_DEV_LOGIN",
        "true",
        "ALLOW_DEV_LOGIN",
        "ALLOW_DEV_LOGIN",
    );
}

#[test]
fn open_registration_needs_a_default_limit_when_guarded() {
    refused_when_guarded(
        "REGISTRATION",
        "open",
        "REGISTRATION",
        "DEFAULT_MONTHLY_LIMIT_USD",
    );
    accepted(
        &production()
            .with("REGISTRATION", "open")
            .with("DEFAULT_MONTHLY_LIMIT_USD", "5"),
    );
}

#[test]
fn cheap_password_hashes_are_warned_of() {
    warned(
        &production().with("ARGON2_MEMORY_KIB", "1024"),
        "ARGON2_MEMORY_KIB",
    );
}

#[test]
fn any_origin_with_credentials_is_refused_everywhere() {
    for source in [production(), staging(), development()] {
        let source = source.with("CORS_ORIGINS", "*");
        refused(&source, "CORS_ORIGINS", "credentials");
        accepted(&source.with("CORS_ALLOW_CREDENTIALS", "false"));
    }
}

#[test]
fn origins_are_demanded_when_guarded() {
    refused_when_guarded("CORS_ORIGINS", "", "CORS_ORIGINS", "is empty");
}

#[test]
fn the_csrf_header_is_demanded_when_guarded_and_warned_of_otherwise() {
    let variable = "REQUIRE_CSRF_HEADER";
    refused_when_guarded(variable, "false", variable, "is off");
    warned(&development().with(variable, "false"), variable);
}

#[test]
fn a_trusted_proxy_must_be_an_address_everywhere() {
    for source in [production(), development()] {
        refused(
            &source.with("TRUSTED_PROXY_IPS", "10.0.0.1,proxy.local"),
            "TRUSTED_PROXY_IPS",
            "Invalid TRUSTED_PROXY_IPS entry `proxy.local`",
        );
    }
}

#[test]
fn who_reaches_a_guarded_server_must_be_known() {
    let proxies = "TRUSTED_PROXY_IPS";
    refused_when_guarded(proxies, "", proxies, "HOST is loopback");
    refused_when_guarded(proxies, "0.0.0.0/0", proxies, "every address");
    let metrics = "METRICS_ALLOW_ALL";
    refused_when_guarded(metrics, "true", metrics, "everybody");
    let origin = "http://app.example.org";
    refused_when_guarded("CORS_ORIGINS", origin, "CORS_ORIGINS", "without TLS");
    accepted(
        &production()
            .with("TRUSTED_PROXY_IPS", "")
            .with("HOST", "0.0.0.0"),
    );
}

#[test]
fn questions_do_not_leave_a_guarded_house_in_traces() {
    let variable = "OTEL_CAPTURE_CONTENT";
    let source = |source: EnvSource| {
        source
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
            .with(variable, "true")
    };
    refused(&source(production()), variable, "leave the house");
    refused(&source(staging()), variable, "leave the house");
    accepted(&source(development()));
}

#[test]
fn doubtful_edges_are_warned_of() {
    warned(
        &production()
            .with("METRICS_ALLOW_ALL", "true")
            .with("METRICS_BIND", "10.0.0.2:9464"),
        "METRICS_ALLOW_ALL",
    );
    warned(
        &production().with("ALLOW_METADATA_FILTERS", "true"),
        "ALLOW_METADATA_FILTERS",
    );
}

#[test]
fn words_outside_their_set_are_refused_everywhere() {
    refused(
        &development().with("ENVIRONMENT", "prod"),
        "ENVIRONMENT",
        "production",
    );
    for source in [production(), development()] {
        refused(
            &source.clone().with("UPLOAD_PROFILE", "all"),
            "UPLOAD_PROFILE",
            "all-supported",
        );
        let custom = source.with("UPLOAD_PROFILE", "custom");
        refused(&custom, "ALLOWED_UPLOAD_MIMES", "is empty");
        let unknown = custom
            .clone()
            .with("ALLOWED_UPLOAD_MIMES", "application/msword");
        refused(&unknown, "ALLOWED_UPLOAD_MIMES", "application/msword");
        accepted(&custom.with("ALLOWED_UPLOAD_MIMES", "application/pdf, text/x-rust"));
    }
}
