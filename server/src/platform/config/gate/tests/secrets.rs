//! Rules for what must stay secret.

use super::*;

#[test]
fn a_secret_is_at_least_32_characters_everywhere() {
    let short = "5f0b6c3f9f3d4a7e8d1c2b3a4958677";
    for source in [production(), staging(), development()] {
        refused(
            &source.clone().with("JWT_SECRET", short),
            "JWT_SECRET",
            "shorter than 32",
        );
        refused(
            &source.with("JWT_SECRET_PREVIOUS", short),
            "JWT_SECRET_PREVIOUS",
            "shorter than 32",
        );
    }
}

#[test]
fn a_secret_is_demanded_and_not_generated_when_guarded() {
    for source in [production(), staging()] {
        refused(
            &source.with("JWT_SECRET", ""),
            "JWT_SECRET",
            "JWT_SECRET: is not set",
        );
    }
}

#[test]
fn a_secret_of_an_example_is_refused_when_guarded() {
    let known = "dev_secret_do_not_use_in_production_1";
    refused_when_guarded("JWT_SECRET", known, "JWT_SECRET", "Default JWT_SECRET");
    refused_when_guarded(
        "JWT_SECRET_PREVIOUS",
        known,
        "JWT_SECRET_PREVIOUS",
        "Default",
    );
}

#[test]
fn each_of_several_secrets_before_is_looked_at() {
    let other = "another-secret-with-enough-length-0123";
    let source = production().with("JWT_SECRET_PREVIOUS", format!("{other}\n{SECRET}\n"));
    refused(&source, "JWT_SECRET_PREVIOUS", "same as JWT_SECRET");
    let source = production().with("JWT_SECRET_PREVIOUS", format!("{other}\n\nshort\n"));
    refused(&source, "JWT_SECRET_PREVIOUS", "shorter than");
}

#[test]
fn equal_secrets_are_refused_everywhere() {
    for source in [production(), development().with("JWT_SECRET", SECRET)] {
        refused(
            &source.clone().with("JWT_SECRET_PREVIOUS", SECRET),
            "JWT_SECRET_PREVIOUS",
            "same as JWT_SECRET",
        );
        refused(
            &source.with("METRICS_TOKEN", SECRET),
            "METRICS_TOKEN",
            "same as JWT_SECRET",
        );
    }
}

#[test]
fn a_metrics_token_is_at_least_16_characters() {
    refused(
        &production().with("METRICS_TOKEN", "short"),
        "METRICS_TOKEN",
        "shorter than 16",
    );
}

#[test]
fn a_secret_file_that_everybody_may_read_is_refused_when_guarded() {
    use std::os::unix::fs::PermissionsExt;

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    for source in [production(), staging()] {
        let source = source.with("JWT_SECRET_FILE", file.path());
        refused(&source, "JWT_SECRET_FILE", "can be read by every account");
    }
    warned(
        &development().with("JWT_SECRET_FILE", file.path()),
        "JWT_SECRET_FILE",
    );

    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(
        accepted(&production().with("JWT_SECRET_FILE", file.path())),
        []
    );
}

#[test]
fn a_secret_mounted_by_a_container_runtime_may_have_any_mode() {
    let (mut config, _) = Config::load(&production()).unwrap();
    for (path, problems) in [("/run/secrets/jwt", 0), ("/run/secrets-of-mine/jwt", 1)] {
        config.secret_files = vec![SecretFile {
            variable: "JWT_SECRET",
            path: PathBuf::from(path),
            world_readable: true,
        }];
        assert_eq!(check(&config).problems.len(), problems, "{path}");
    }
}
