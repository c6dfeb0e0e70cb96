//! Rules for what must stay secret.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::super::environment::Environment;
use super::super::problem::{Problem, Warning};
use super::super::variable::Variable;
use super::super::{Config, JwtSecret, auth, http};
use super::{SecretFile, Verdict};

/// The fewest characters of a signing secret.
const MIN_SECRET_CHARS: usize = 32;

/// The fewest characters of a token that opens one route.
const MIN_TOKEN_CHARS: usize = 16;

/// Parts of secrets that stand in examples and so are known to everybody.
const PLACEHOLDER_SECRETS: [&str; 6] = [
    "dev_secret",
    "dev-secret",
    "changeme",
    "change-me",
    "change_me",
    "your-secret",
];

/// Where container runtimes mount secrets: private to the container, with a mode nobody chooses.
const RUNTIME_SECRETS: &str = "/run/secrets";

pub(super) fn check(config: &Config, environment: Environment, verdict: &mut Verdict) {
    let previous = &config.auth.jwt_secrets_previous;
    match &config.auth.jwt_secret {
        JwtSecret::Given(secret) => {
            signing_secret(&auth::JWT_SECRET, secret, environment, verdict);
            if previous.iter().any(|previous| same(previous, secret)) {
                verdict.refuse(
                    &auth::JWT_SECRET_PREVIOUS,
                    "is the same as JWT_SECRET",
                    "Remove it, or set JWT_SECRET to a new secret",
                );
            }
            if config
                .http
                .metrics
                .token
                .as_ref()
                .is_some_and(|token| same(token, secret))
            {
                verdict.refuse(
                    &http::METRICS_TOKEN,
                    "is the same as JWT_SECRET",
                    "Make another one, such as by `openssl rand -hex 32`",
                );
            }
        }
        JwtSecret::GenerateIn(_) if environment.is_guarded() => verdict.refuse(
            &auth::JWT_SECRET,
            format!(
                "is not set, and {} does not generate one",
                environment.as_str()
            ),
            "Set it to at least 32 random characters, such as by `openssl rand -hex 32`",
        ),
        JwtSecret::GenerateIn(_) => {}
    }
    for previous in previous {
        signing_secret(&auth::JWT_SECRET_PREVIOUS, previous, environment, verdict);
    }
    if let Some(token) = &config.http.metrics.token
        && token.expose_secret().chars().count() < MIN_TOKEN_CHARS
    {
        verdict.refuse(
            &http::METRICS_TOKEN,
            format!("is shorter than {MIN_TOKEN_CHARS} characters"),
            "Make a longer one, such as by `openssl rand -hex 32`",
        );
    }
}

fn signing_secret(
    variable: &Variable,
    secret: &SecretString,
    environment: Environment,
    verdict: &mut Verdict,
) {
    let remedy = "Set it to at least 32 random characters, such as by `openssl rand -hex 32`";
    let text = secret.expose_secret();
    if text.chars().count() < MIN_SECRET_CHARS {
        verdict.refuse(
            variable,
            format!("is shorter than {MIN_SECRET_CHARS} characters"),
            remedy,
        );
    }
    let lower = text.to_ascii_lowercase();
    if environment.is_guarded()
        && PLACEHOLDER_SECRETS
            .iter()
            .any(|known| lower.contains(known))
    {
        verdict.refuse(
            variable,
            format!(
                "Default {} of an example, which everybody knows",
                variable.name
            ),
            remedy,
        );
    }
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

pub(super) fn check_files(config: &Config, environment: Environment, verdict: &mut Verdict) {
    let exposed = config
        .secret_files
        .iter()
        .filter(|file| file.world_readable && !is_runtime_secret(&file.path));
    for SecretFile { variable, path, .. } in exposed {
        let name = format!("{variable}_FILE");
        let problem = format!(
            "{} can be read by every account of this machine",
            path.display()
        );
        if environment.is_guarded() {
            let remedy = format!("Run `chmod o-rwx {}`", path.display());
            verdict.problems.push(Problem::new(name, problem, remedy));
        } else {
            verdict.warnings.push(Warning::new(name, problem));
        }
    }
}

fn is_runtime_secret(path: &Path) -> bool {
    path.starts_with(RUNTIME_SECRETS)
}
