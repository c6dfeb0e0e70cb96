//! Reading: sources, names, types, and that everything is told at once.

mod sections;
mod sources;

use std::collections::BTreeSet;

use super::{Config, EnvSource, Problem, SECTIONS};

fn load(pairs: &[(&str, &str)]) -> Config {
    match Config::load(&EnvSource::from_pairs(pairs.iter().copied())) {
        Ok((config, _)) => config,
        Err(problems) => panic!("{problems}"),
    }
}

fn problems(source: &EnvSource) -> Vec<Problem> {
    match Config::load(source) {
        Ok(_) => panic!("the settings were accepted"),
        Err(problems) => problems.0,
    }
}

fn problem(name: &str, value: &str) -> Problem {
    let mut problems = problems(&EnvSource::from_pairs([(name, value)]));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn every_declared_variable_is_read_once_and_no_other() {
    let read: Vec<&str> = load(&[])
        .masked()
        .iter()
        .map(|setting| setting.name)
        .collect();
    let unique: BTreeSet<&str> = read.iter().copied().collect();
    let declared: BTreeSet<&str> = SECTIONS
        .iter()
        .flat_map(|section| section.variables)
        .map(|variable| variable.name)
        .collect();
    assert_eq!(read.len(), unique.len());
    assert_eq!(unique, declared);
}

#[test]
fn names_and_aliases_belong_to_one_variable_each() {
    let names: Vec<&str> = SECTIONS
        .iter()
        .flat_map(|section| section.variables)
        .flat_map(|variable| std::iter::once(variable.name).chain(variable.aliases.iter().copied()))
        .collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
    for name in names {
        assert!(
            !name.ends_with("_FILE"),
            "{name} cannot be told from a file's name"
        );
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let source = EnvSource::from_pairs([
        ("ENVIRONMENT", "production"),
        ("PORT", "eighty"),
        ("JWT_SECRET", "short"),
        ("ALLOW_DEV_LOGIN", "yes"),
        ("TRUSTED_PROXY_IPS", "10.0.0.300"),
        ("MODEL_PRICING", "{}"),
        ("REQUIRE_CSRF_HEADER", "maybe"),
        ("REDIS_URL_FILE", "/nonexistent/redis"),
        ("DATABASE_URL", "mysql://db/app"),
    ]);
    let found: BTreeSet<String> = problems(&source)
        .into_iter()
        .map(|problem| problem.variable)
        .collect();
    let expected = [
        "PORT",
        "JWT_SECRET",
        "ALLOW_DEV_LOGIN",
        "TRUSTED_PROXY_IPS",
        "MODEL_PRICING",
        "REQUIRE_CSRF_HEADER",
        "REDIS_URL_FILE",
        "DATABASE_URL",
        "CORS_ORIGINS",
        "GEMINI_MOCK_MODE",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn problems_read_as_a_list() {
    let source = EnvSource::from_pairs([("PORT", "eighty"), ("HOST", "here")]);
    let text = Config::load(&source).unwrap_err().to_string();
    assert_eq!(
        text,
        "the settings have 2 problems:\n  \
         - HOST: is not an IP address, it is `here`. \
         Use an address such as `127.0.0.1`, `0.0.0.0` or `::`.\n  \
         - PORT: is not a whole number in range, it is `eighty`. \
         Use a whole number from 0 to 65535."
    );
}

const SECRETS: [(&str, &str); 8] = [
    ("JWT_SECRET", "s3cr3t-one-s3cr3t-one-s3cr3t-one-"),
    ("JWT_SECRET_PREVIOUS", "s3cr3t-two-s3cr3t-two-s3cr3t-two-"),
    ("DATABASE_URL", "postgres://app:s3cr3t-three@db/app"),
    ("REDIS_URL", "redis://:s3cr3t-four@redis/0"),
    ("GEMINI_API_KEY", "s3cr3t-five"),
    ("GOOGLE_API_KEY_1", "s3cr3t-six"),
    ("OPENAI_API_KEY", "s3cr3t-seven"),
    ("METRICS_TOKEN", "s3cr3t-eight-s3cr3t"),
];

#[test]
fn secrets_are_never_shown() {
    let config = load(&SECRETS);
    let shown = format!("{config:?} {:?}", config.masked());
    assert!(!shown.contains("s3cr3t"), "{shown}");
    for (name, value) in SECRETS {
        let setting = config
            .masked()
            .iter()
            .find(|setting| setting.name == name)
            .unwrap();
        assert_eq!(setting.secret_bytes, Some(value.len()));
        assert_eq!(setting.value, None);
    }
}

#[test]
fn a_password_within_an_address_is_never_shown() {
    let config = load(&[
        (
            "OPENAI_BASE_URL",
            "https://ada:s3cr3t-nine@models.example.org/v1",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://s3cr3t-ten@collector:4318",
        ),
    ]);
    let shown = format!("{:?}", config.masked());
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert!(
        shown.contains("https://ada:***@models.example.org/v1"),
        "{shown}"
    );
    assert!(shown.contains("http://***@collector:4318"), "{shown}");
}

#[test]
fn a_secret_that_is_wrong_is_not_repeated() {
    for name in ["JWT_SECRET", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN"] {
        let text = problem(name, "s3cr3t:wrong").to_string();
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn a_long_wrong_value_is_cut() {
    let text = problem("PORT", &"9".repeat(500)).to_string();
    assert!(text.len() < 200, "{text}");
}

#[test]
fn settings_tell_where_they_come_from() {
    let config = load(&[("PORT", "9000"), ("CHAT_RATE_LIMIT_PER_MINUTE", "10")]);
    let setting = |name: &str| {
        config
            .masked()
            .iter()
            .find(|setting| setting.name == name)
            .unwrap()
    };
    assert_eq!(setting("PORT").origin.as_str(), "env");
    assert!(setting("PORT").differs);
    assert_eq!(setting("PORT").value.as_deref(), Some("9000"));
    assert_eq!(setting("CHAT_RATE_LIMIT_PER_MINUTE").origin.as_str(), "env");
    assert!(!setting("CHAT_RATE_LIMIT_PER_MINUTE").differs);
    assert_eq!(setting("HOST").origin.as_str(), "default");
}
