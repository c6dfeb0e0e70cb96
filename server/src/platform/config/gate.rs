//! The start-up gate: rules over the whole of the settings. It looks at nothing else, so whether
//! Redis answers is asked by the caller when `RedisConfig::required` says so.

use std::path::PathBuf;

use entities::Nanos;
use secrecy::{ExposeSecret, SecretString};

use super::environment::{Environment, STRICT_MODE};
use super::problem::{Problem, Warning};
use super::variable::Variable;
use super::{Argon2Cost, Backend, Config, Provider, Registration};
use super::{ai, auth, budgets, chat, database, http, redis, traces, uploads};

mod secrets;
#[cfg(test)]
mod tests;

/// Database passwords that stand in examples and so are known to everybody.
const PLACEHOLDER_PASSWORDS: [&str; 12] = [
    "",
    "postgres",
    "password",
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "example",
    "admin",
    "root",
    "your-password",
    "your_password",
];

/// What `scripts/secrets init` writes where only the operator knows the key.
const PLACEHOLDER_KEY: &str = "not-set";

/// A file that a secret was read from.
#[derive(Clone, Debug)]
pub(super) struct SecretFile {
    pub(super) variable: &'static str,
    pub(super) path: PathBuf,
    /// Whether every account of the machine may read it.
    pub(super) world_readable: bool,
}

/// What the gate has to say.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Verdict {
    fn refuse(&mut self, variable: &Variable, problem: impl Into<String>, remedy: &str) {
        self.problems
            .push(Problem::new(variable.name, problem, remedy));
    }

    fn warn(&mut self, variable: &Variable, message: &str) {
        self.warnings.push(Warning::new(variable.name, message));
    }
}

/// Holds the settings against every rule.
pub(super) fn check(config: &Config) -> Verdict {
    let mut verdict = Verdict::default();
    let environment = config.environment.kind;
    if environment.is_guarded() && !config.environment.strict_mode {
        let problem = format!("is off in {}", environment.as_str());
        verdict.refuse(&STRICT_MODE, problem, "Set STRICT_MODE=true, or remove it");
    }
    secrets::check(config, environment, &mut verdict);
    secrets::check_files(config, environment, &mut verdict);
    accounts(config, environment, &mut verdict);
    edge(config, environment, &mut verdict);
    stores(config, environment, &mut verdict);
    providers(config, environment, &mut verdict);
    prices(config, environment, &mut verdict);
    if config.uploads.mimes.is_empty() {
        verdict.refuse(
            &uploads::ALLOWED_UPLOAD_MIMES,
            "is empty, but UPLOAD_PROFILE is `custom`",
            "List the media types to accept, or choose another profile",
        );
    }
    verdict
}

fn accounts(config: &Config, environment: Environment, verdict: &mut Verdict) {
    if !environment.is_guarded() {
        return;
    }
    let Argon2Cost {
        memory_kib,
        iterations,
        ..
    } = config.auth.argon2;
    if config.auth.allow_dev_login {
        verdict.refuse(
            &auth::ALLOW_DEV_LOGIN,
            format!(
                "is on in {}: anybody could sign in as anybody",
                environment.as_str()
            ),
            "Set ALLOW_DEV_LOGIN=false, or remove it",
        );
    }
    let open = config.auth.registration == Registration::Open;
    if open && config.budgets.default_monthly_limit.is_none() {
        verdict.refuse(
            &auth::REGISTRATION,
            "is open without DEFAULT_MONTHLY_LIMIT_USD: a stranger could spend without limit",
            "Set REGISTRATION=closed or DEFAULT_MONTHLY_LIMIT_USD",
        );
    }
    if memory_kib < 19_456 || iterations < 2 {
        verdict.warn(
            &auth::ARGON2_MEMORY_KIB,
            "password hashes are cheaper than 19456 KiB and 2 iterations, which OWASP advises",
        );
    }
}

fn edge(config: &Config, environment: Environment, verdict: &mut Verdict) {
    let cors = &config.http.cors;
    if cors.allows_any_origin() && cors.allow_credentials {
        verdict.refuse(
            &http::CORS_ORIGINS,
            "`*` is not allowed together with credentials",
            "List the origins, or set CORS_ALLOW_CREDENTIALS=false",
        );
    }
    let captured = config.telemetry.traces.as_ref();
    if environment.is_guarded() && captured.is_some_and(|traces| traces.capture_content) {
        verdict.refuse(
            &traces::CAPTURE_CONTENT,
            format!(
                "is on in {}: questions and answers would leave the house",
                environment.as_str()
            ),
            "Set OTEL_CAPTURE_CONTENT=false, or remove it",
        );
    }
    if config.chat.metadata_filters_allowed {
        verdict.warn(
            &chat::ALLOW_METADATA_FILTERS,
            "questions may filter by metadata",
        );
    }
    if !environment.is_guarded() {
        if !config.http.require_csrf_header {
            verdict.warn(
                &http::REQUIRE_CSRF_HEADER,
                "requests are taken without the CSRF header",
            );
        }
        return;
    }
    if cors.origins.is_empty() {
        verdict.refuse(
            &http::CORS_ORIGINS,
            format!("is empty in {}", environment.as_str()),
            "Set it to the origin of the web client, such as `https://app.example.org`",
        );
    }
    if !config.http.require_csrf_header {
        verdict.refuse(
            &http::REQUIRE_CSRF_HEADER,
            format!("is off in {}", environment.as_str()),
            "Set REQUIRE_CSRF_HEADER=true, or remove it",
        );
    }
    reachable(config, verdict);
}

/// Who can reach a guarded server, and as whom.
fn reachable(config: &Config, verdict: &mut Verdict) {
    let proxies = &config.http.trusted_proxies;
    if config.http.host.is_loopback() && proxies.is_empty() {
        verdict.refuse(
            &http::TRUSTED_PROXY_IPS,
            "is empty while HOST is loopback: all users behind the proxy would share one address \
             and one rate limit",
            "Set it to the proxy's address, such as 127.0.0.1",
        );
    }
    if proxies.iter().any(|network| network.prefix_len() == 0) {
        verdict.refuse(
            &http::TRUSTED_PROXY_IPS,
            "trusts every address to name the client's",
            "List the proxies' own addresses or networks",
        );
    }
    let metrics = &config.http.metrics;
    if metrics.allow_all && metrics.bind.is_none() {
        verdict.refuse(
            &http::METRICS_ALLOW_ALL,
            "opens /metrics to everybody who reaches the server",
            "Set METRICS_ALLOW_CIDRS or METRICS_TOKEN instead, or METRICS_BIND to an address of \
             its own",
        );
    } else if metrics.allow_all {
        let message = "everybody who reaches METRICS_BIND may read /metrics";
        verdict.warn(&http::METRICS_ALLOW_ALL, message);
    }
    let origins = &config.http.cors.origins;
    if let Some(origin) = origins.iter().find(|origin| origin.starts_with("http://")) {
        verdict.refuse(
            &http::CORS_ORIGINS,
            format!("`{origin}` is without TLS"),
            "Use `https://`",
        );
    }
}

fn stores(config: &Config, environment: Environment, verdict: &mut Verdict) {
    if config.redis.required && config.redis.url.is_none() {
        verdict.refuse(
            &redis::REDIS_URL,
            format!("is not set in {}", environment.as_str()),
            "Set it, or REQUIRE_REDIS_IN_PRODUCTION=false when there is one process only",
        );
    }
    if environment != Environment::Production {
        return;
    }
    match &config.database.backend {
        Backend::Sqlite { .. } if !config.database.allow_sqlite_in_production => verdict.refuse(
            &database::DATABASE_URL,
            "SQLite is not allowed in production",
            "Set it to a PostgreSQL URL, or ALLOW_SQLITE_IN_PRODUCTION=true for one process",
        ),
        Backend::Sqlite { .. } => {}
        Backend::Postgres => {
            let known = config.database.password().is_none_or(|password| {
                let password = password.expose_secret().to_ascii_lowercase();
                PLACEHOLDER_PASSWORDS.contains(&password.as_str())
            });
            if known {
                verdict.refuse(
                    &database::DATABASE_URL,
                    "Default/blank database password",
                    "Give the database user a password of its own and put it into the URL",
                );
            }
        }
    }
}

fn providers(config: &Config, environment: Environment, verdict: &mut Verdict) {
    let ai = &config.ai;
    let placeholder = |key: &SecretString| key.expose_secret() == PLACEHOLDER_KEY;
    if ai.providers.contains(&Provider::Gemini) && ai.gemini.keys.iter().all(placeholder) {
        verdict.refuse(
            &ai::GEMINI_API_KEY,
            "is not set, but `gemini` is among the providers",
            "Set it, or take `gemini` out of AI_PROVIDERS, or set GEMINI_MOCK_MODE=true",
        );
    }
    let own_server = ai.openai.base_url != ai::OPENAI_BASE_URL.default;
    let openai_has_none = ai.openai.key.as_ref().is_none_or(placeholder);
    if ai.providers.contains(&Provider::OpenAi) && openai_has_none && !own_server {
        verdict.refuse(
            &ai::OPENAI_API_KEY,
            "is not set, but `openai` is among the providers",
            "Set it, or set OPENAI_BASE_URL to a server that needs no key",
        );
    }
    if !environment.is_guarded() || !ai.providers.contains(&Provider::Offline) {
        return;
    }
    if ai.allow_mock_in_production {
        verdict.warn(
            &ai::ALLOW_MOCK_IN_PROD,
            "the `offline` provider answers users",
        );
    } else {
        verdict.refuse(
            &ai::GEMINI_MOCK_MODE,
            format!(
                "the `offline` provider is not allowed in {}",
                environment.as_str()
            ),
            "Set GEMINI_MOCK_MODE=false and a provider's key, or ALLOW_MOCK_IN_PROD=true",
        );
    }
}

fn prices(config: &Config, environment: Environment, verdict: &mut Verdict) {
    let strict = config.budgets.price_check_strict;
    let remedy = "Set a price above 0, in USD per million tokens";
    let fallback = config.budgets.prices.fallback();
    if strict || environment == Environment::Production {
        for (variable, (price, _)) in [
            (&budgets::PRICE_PER_MTOK_INPUT, fallback.input),
            (&budgets::PRICE_PER_MTOK_OUTPUT, fallback.output),
            (&budgets::PRICE_PER_MTOK_INDEX, fallback.index),
        ] {
            if price <= Nanos::ZERO {
                verdict.refuse(variable, "is not above 0", remedy);
            }
        }
    }
    if !strict {
        return;
    }
    for (model, entry) in config.budgets.prices.entries() {
        let prices = [entry.input, entry.output, entry.index, entry.embedding];
        if prices
            .into_iter()
            .flatten()
            .any(|price| price <= Nanos::ZERO)
        {
            let problem = format!("`{model}` has a price of 0, and PRICE_CHECK_STRICT is on");
            verdict.refuse(&budgets::MODEL_PRICING, problem, remedy);
        }
    }
}
