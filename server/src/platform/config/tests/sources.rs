//! Where values come from, and which comes first.

use std::path::Path;

use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::super::{Config, EnvSource, JwtSecret};
use super::{load, problems};

const SECRET: &str = "5f0b6c3f9f3d4a7e8d1c2b3a49586776";

fn loaded(source: &EnvSource) -> Config {
    Config::load(source)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .0
}

fn secret(config: &Config) -> &str {
    match &config.auth.jwt_secret {
        JwtSecret::Given(secret) => secret.expose_secret(),
        JwtSecret::GenerateIn(path) => panic!("generated in {}", path.display()),
    }
}

fn dotenv(text: &str) -> (TempDir, EnvSource) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, text).unwrap();
    let source = EnvSource::from_pairs::<&str, &str>([]).with_dotenv(path);
    (folder, source)
}

#[test]
fn a_file_comes_before_the_plain_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("port");
    std::fs::write(&path, "  9001\n").unwrap();
    let source = EnvSource::from_pairs([("PORT", "9000")]).with("PORT_FILE", &path);
    assert_eq!(loaded(&source).http.port, 9001);
}

#[test]
fn a_name_alone_is_a_credential_of_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("port"), "9001").unwrap();
    let source = EnvSource::from_pairs([("PORT_FILE", "port")]);
    let unit = source.clone().with("CREDENTIALS_DIRECTORY", folder.path());
    assert_eq!(loaded(&unit).http.port, 9001);
    let path = folder.path().join("port");
    assert_eq!(loaded(&unit.with("PORT_FILE", &path)).http.port, 9001);
    assert_eq!(problems(&source)[0].variable, "PORT_FILE");
}

#[test]
fn a_file_that_is_missing_empty_or_not_a_file_is_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, " \n").unwrap();
    let large = folder.path().join("large");
    std::fs::write(&large, "x".repeat(70_000)).unwrap();
    let missing = folder.path().join("missing");
    let cases: [(&Path, &str); 4] = [
        (&missing, "does not exist"),
        (&empty, "is empty"),
        (&large, "at most 64 KiB"),
        (folder.path(), "regular file"),
    ];
    for (path, text) in cases {
        let source = EnvSource::from_pairs([("JWT_SECRET", SECRET)]).with("JWT_SECRET_FILE", path);
        let problems = problems(&source);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].variable, "JWT_SECRET_FILE");
        assert!(problems[0].problem.contains(text), "{}", problems[0]);
    }
}

#[test]
fn dotenv_is_read_beneath_the_process_environment() {
    let (_folder, source) = dotenv("PORT=9000\nHOST=\"0.0.0.0\" # all\nexport LOG_LEVEL=debug\n");
    let config = loaded(&source.with("PORT", "9001"));
    assert_eq!(config.http.port, 9001);
    assert_eq!(config.http.host.to_string(), "0.0.0.0");
    assert_eq!(config.telemetry.log_level, "debug");
    let origin = config
        .masked()
        .iter()
        .find(|setting| setting.name == "HOST")
        .unwrap()
        .origin;
    assert_eq!(origin.as_str(), ".env");
}

#[test]
fn the_process_environment_comes_first_even_against_a_file_named_in_dotenv() {
    let (_folder, source) = dotenv("JWT_SECRET_FILE=/nonexistent\n");
    let config = loaded(&source.with("PLC_JWT_SECRET", SECRET));
    assert_eq!(secret(&config), SECRET);
}

#[test]
fn dotenv_is_ignored_in_production() {
    let (_folder, source) = dotenv(&format!("JWT_SECRET={SECRET}\nPORT=wrong\n"));
    let problems = problems(&source.with("ENVIRONMENT", "production"));
    let told = |name: &str| problems.iter().any(|problem| problem.variable == name);
    assert!(told("JWT_SECRET"));
    assert!(!told("PORT"));
}

#[test]
fn dotenv_is_read_in_staging_and_may_choose_it() {
    let (_folder, source) = dotenv("ENVIRONMENT=staging\n");
    let problems = problems(&source);
    assert!(
        problems
            .iter()
            .any(|problem| problem.problem.contains("staging")),
        "{problems:?}"
    );
}

#[test]
fn dotenv_cannot_choose_production() {
    let (_folder, source) = dotenv("ENVIRONMENT=production\n");
    let problems = problems(&source);
    assert!(
        problems
            .iter()
            .any(|problem| problem.variable == "ENVIRONMENT"
                && problem.problem.contains("`.env` is not read in production")),
        "{problems:?}"
    );
}

#[test]
fn a_broken_dotenv_is_told_without_its_values() {
    let (_folder, source) = dotenv("JWT_SECRET='s3cr3t\n");
    let problems = problems(&source);
    assert_eq!(problems.len(), 1);
    let text = problems[0].to_string();
    assert!(
        text.contains(".env") && text.contains("JWT_SECRET"),
        "{text}"
    );
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[test]
fn a_missing_dotenv_is_empty() {
    let source = EnvSource::from_pairs([("PORT", "9000")]).with_dotenv("/nonexistent/.env");
    assert_eq!(loaded(&source).http.port, 9000);
}

#[test]
fn aliases_are_read_after_the_name() {
    assert_eq!(
        load(&[("UPLOAD_FOLDER", "/a")]).storage.tmp_dir,
        Path::new("/a")
    );
    let both = EnvSource::from_pairs([("UPLOAD_FOLDER", "/a"), ("TMP_DIR", "/b")]);
    let (config, warnings) = Config::load(&both).unwrap();
    assert_eq!(config.storage.tmp_dir, Path::new("/b"));
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].variable, "UPLOAD_FOLDER");

    assert_eq!(secret(&load(&[("PLC_JWT_SECRET", SECRET)])), SECRET);
}

#[test]
fn a_blank_value_is_not_set() {
    assert_eq!(load(&[("PORT", "  "), ("HOST", "")]).http.port, 8000);
}

#[test]
fn a_value_that_is_not_text_is_a_problem() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let source = EnvSource::from_pairs([("PORT", OsString::from_vec(vec![0xff, 0xfe]))]);
    let problems = problems(&source);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].variable, "PORT");
}

#[test]
fn variables_without_effect_are_warned_of() {
    let source = EnvSource::from_pairs([("GCS_ARCHIVE_BUCKET", "archive")]);
    let (_, warnings) = Config::load(&source).unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].variable, "GCS_ARCHIVE_BUCKET");
}
