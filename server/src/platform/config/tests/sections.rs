//! What the values of each section come to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use entities::Nanos;
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;

use super::super::*;
use super::{load, problem};

#[test]
fn a_newcomer_needs_no_settings() {
    let config = load(&[]);
    assert_eq!(config.environment.kind, Environment::Development);
    assert_eq!(config.http.host.to_string(), "127.0.0.1");
    assert_eq!(config.http.port, 8000);
    assert_eq!(config.http.max_upload_bytes, 25 * 1024 * 1024);
    assert_eq!(config.http.cors.origins, ["http://localhost:5173"]);
    assert_eq!(config.http.drain, Duration::from_secs(9));
    assert_eq!(config.storage.dir, Path::new("./data"));
    assert_eq!(config.storage.tmp_dir, Path::new("./data/tmp"));
    let temporary = config.retention.uploads_tmp;
    assert_eq!(temporary, Some(Duration::from_hours(24)));
    let path = PathBuf::from("./data/binnacle.db");
    assert_eq!(config.database.backend, Backend::Sqlite { path });
    assert!(!config.redis.required);
    assert!(
        matches!(&config.auth.jwt_secret, JwtSecret::GenerateIn(path) if path.ends_with("jwt_secret"))
    );
    assert_eq!(config.auth.registration, Registration::Open);
    assert_eq!(config.auth.access_token_lifetime, Duration::from_mins(15));
    assert_eq!(config.limits.general.get(), 120);
    assert_eq!(config.limits.login.get(), 20);
    assert_eq!(config.budgets.hold_margin, Nanos::ZERO);
    assert_eq!(config.budgets.default_monthly_limit, None);
    assert_eq!(config.ai.providers, [Provider::Offline]);
    assert_eq!(
        config.ai.default_model.to_string(),
        "offline/gemini-2.5-flash"
    );
    assert_eq!(config.uploads.profile, UploadProfile::Office);
    assert_eq!(config.extraction.max_text_bytes, 64 * 1024 * 1024);
    assert_eq!(config.retention.chat, Some(Duration::from_hours(90 * 24)));
    assert_eq!(config.streams.disconnect_grace, Duration::from_mins(1));
    assert_eq!(config.telemetry.log_format, LogFormat::Auto);
    assert!(config.telemetry.traces.is_none());
}

#[test]
fn yes_and_no_have_several_spellings() {
    for yes in ["true", "TRUE", "1", "yes", "On"] {
        assert!(
            load(&[("ALLOW_METADATA_FILTERS", yes)])
                .chat
                .metadata_filters_allowed
        );
    }
    for no in ["false", "False", "0", "no", "OFF"] {
        assert!(!load(&[("RUN_MIGRATIONS", no)]).database.run_migrations);
    }
    assert!(
        problem("RUN_MIGRATIONS", "perhaps")
            .to_string()
            .contains("`true` or `false`")
    );
}

#[test]
fn numbers_keep_to_their_range() {
    assert_eq!(load(&[("PORT", "0")]).http.port, 0);
    for (name, value) in [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("MAX_UPLOAD_MB", "0"),
        ("DB_WRITERS", "33"),
    ] {
        assert_eq!(problem(name, value).variable, name);
    }
    for keeps in ["0", "-1"] {
        let config = load(&[("TMP_MAX_AGE_HOURS", keeps)]);
        assert_eq!(config.retention.uploads_tmp, None, "{keeps}");
    }
    assert_eq!(
        problem("RETENTION_CHAT_DAYS", "-1").variable,
        "RETENTION_CHAT_DAYS"
    );
    assert_eq!(load(&[("RETENTION_CHAT_DAYS", "0")]).retention.chat, None);
}

/// One setting with two names: the one that goes with the others of its kind wins.
#[test]
fn left_uploads_have_one_age_under_either_name() {
    let age = |settings: &[(&str, &str)]| load(settings).retention.uploads_tmp;
    let (own, contract) = ("RETENTION_UPLOADS_TMP_HOURS", "TMP_MAX_AGE_HOURS");
    let hours = |count| Some(Duration::from_hours(count));
    assert_eq!(age(&[(contract, "6")]), hours(6));
    assert_eq!(age(&[(own, "7")]), hours(7));
    assert_eq!(age(&[(contract, "6"), (own, "7")]), hours(7));
}

#[test]
fn lists_are_comma_separated_or_json() {
    for text in ["a, b ,,c", r#"["a","b","c"]"#] {
        let config = load(&[("METADATA_FILTER_ALLOWED_KEYS", text)]);
        assert_eq!(config.chat.metadata_filter_keys, ["a", "b", "c"]);
    }
    problem("METADATA_FILTER_ALLOWED_KEYS", "[a]");
    problem("METADATA_FILTER_ALLOWED_KEYS", &"k".repeat(65));
}

#[test]
fn proxies_are_addresses_or_networks() {
    let config = load(&[("TRUSTED_PROXY_IPS", "10.1.2.3/8,192.168.0.1,::1,fd00::/8")]);
    let proxies: Vec<String> = config
        .http
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        proxies,
        ["10.0.0.0/8", "192.168.0.1/32", "::1/128", "fd00::/8"]
    );
}

#[test]
fn origins_are_scheme_host_and_port() {
    let config = load(&[(
        "CORS_ORIGINS",
        "https://App.example.org/, http://localhost:5173",
    )]);
    assert_eq!(
        config.http.cors.origins,
        ["https://app.example.org", "http://localhost:5173"]
    );
    for wrong in [
        "app.example.org",
        "https://app.example.org/path",
        "ftp://example.org",
    ] {
        assert_eq!(problem("CORS_ORIGINS", wrong).variable, "CORS_ORIGINS");
    }
}

#[test]
fn database_urls_of_both_client_families_are_read() {
    let sqlite = |url: &str| match load(&[("DATABASE_URL", url)]).database.backend {
        Backend::Sqlite { path } => path,
        Backend::Postgres => panic!("{url} is not PostgreSQL"),
    };
    assert_eq!(sqlite("sqlite:///./rag.db"), Path::new("./rag.db"));
    assert_eq!(sqlite("sqlite:///data/rag.db"), Path::new("data/rag.db"));
    assert_eq!(
        sqlite("sqlite:////var/lib/rag.db"),
        Path::new("/var/lib/rag.db")
    );
    assert_eq!(sqlite("sqlite+aiosqlite:///rag.db"), Path::new("rag.db"));
    assert_eq!(sqlite("sqlite://rag.db?mode=rwc"), Path::new("rag.db"));

    for url in [
        "postgresql+psycopg2://app:pw@db:5432/app",
        "postgresql://app:pw@db:5432/app",
        "postgres://app:pw@db:5432/app",
    ] {
        let database = load(&[("DATABASE_URL", url)]).database;
        assert_eq!(database.backend, Backend::Postgres);
        assert_eq!(
            database.url.expose_secret(),
            "postgres://app:pw@db:5432/app"
        );
    }
    for wrong in [
        "rag.db",
        "mysql://db/app",
        "postgres://db",
        "sqlite::memory:",
        "sqlite://",
    ] {
        assert_eq!(problem("DATABASE_URL", wrong).variable, "DATABASE_URL");
    }
    problem("DATABASE_URL", "sqlite:///rag.db?mode=ro");
}

#[test]
fn a_given_order_of_providers_decides_unless_mock_mode_is_set() {
    let order = |pairs: &[(&str, &str)]| load(pairs).ai.providers;
    let (gemini, openai) = (("GEMINI_API_KEY", "g"), ("OPENAI_API_KEY", "o"));
    let real = ("GEMINI_MOCK_MODE", "false");
    assert_eq!(order(&[gemini, openai]), [Provider::Offline]);
    assert_eq!(
        order(&[gemini, openai, real]),
        [Provider::Gemini, Provider::OpenAi]
    );
    assert_eq!(order(&[openai, real]), [Provider::OpenAi]);
    let given = ("AI_PROVIDERS", "OpenAI, gemini, openai");
    assert_eq!(
        order(&[gemini, openai, given]),
        [Provider::OpenAi, Provider::Gemini]
    );
    assert_eq!(
        order(&[given, ("GEMINI_MOCK_MODE", "true")]),
        [Provider::Offline]
    );
    assert_eq!(
        order(&[("OPENAI_BASE_URL", "http://localhost:1"), real]),
        [Provider::OpenAi]
    );
    assert!(
        problem("AI_PROVIDERS", "claude")
            .to_string()
            .contains("`gemini`")
    );
}

#[test]
fn keys_rotate_in_order_and_each_once() {
    let config = load(&[
        ("GOOGLE_API_KEY_1", "c"),
        ("GOOGLE_API_KEY", "b"),
        ("GEMINI_API_KEY", "a"),
        ("GOOGLE_API_KEY_3", "b"),
    ]);
    let keys: Vec<&str> = config
        .ai
        .gemini
        .keys
        .iter()
        .map(ExposeSecret::expose_secret)
        .collect();
    assert_eq!(keys, ["a", "b", "c"]);
}

#[test]
fn a_bare_model_belongs_to_the_first_provider() {
    let config = load(&[
        ("AI_PROVIDERS", "openai,offline"),
        ("OPENAI_BASE_URL", "http://localhost:11434/v1/"),
        (
            "AI_MODELS",
            "llama3,meta-llama/Llama-3,offline/gemini-2.5-pro",
        ),
        ("EMBEDDING_MODEL", "nomic-embed-text"),
    ]);
    let ai = config.ai;
    let models: Vec<String> = ai.models.iter().map(ToString::to_string).collect();
    assert_eq!(
        models,
        [
            "openai/llama3",
            "openai/meta-llama/Llama-3",
            "offline/gemini-2.5-pro"
        ]
    );
    assert_eq!(ai.default_model.to_string(), "openai/llama3");
    assert!(
        ai.fallback_models
            .iter()
            .any(|model| model.provider == Provider::Offline && model.name == "gemini-2.5-pro")
    );
    assert!(
        ai.fallback_models
            .iter()
            .all(|model| model.provider != Provider::Gemini)
    );
    assert_eq!(
        ai.embedding_model.unwrap().to_string(),
        "openai/nomic-embed-text"
    );
    assert_eq!(ai.openai.base_url, "http://localhost:11434/v1");
}

#[test]
fn a_default_model_is_always_offered() {
    let config = load(&[
        ("DEFAULT_MODEL", "gemini-9"),
        ("AI_MODELS", "gemini-2.5-pro"),
    ]);
    let models: Vec<String> = config.ai.models.iter().map(ToString::to_string).collect();
    assert_eq!(models, ["offline/gemini-9", "offline/gemini-2.5-pro"]);
    assert_eq!(config.ai.fallback_models, [config.ai.default_model]);
}

#[test]
fn offline_alone_stands_in_for_the_models_of_others() {
    let config = load(&[
        ("DEFAULT_MODEL", "gemini/gemini-2.5-pro"),
        ("EMBEDDING_MODEL", "openai/e"),
    ]);
    assert_eq!(
        config.ai.default_model.to_string(),
        "offline/gemini-2.5-pro"
    );
    assert_eq!(config.ai.embedding_model.unwrap().to_string(), "offline/e");
}

#[test]
fn a_model_of_a_provider_that_is_not_used_is_a_problem() {
    let source = EnvSource::from_pairs([
        ("AI_PROVIDERS", "gemini"),
        ("GEMINI_API_KEY", "key"),
        ("AI_MODELS", "gemini-2.5-pro,openai/gpt-4o"),
        ("DEFAULT_MODEL", "offline/gemini-2.5-pro"),
    ]);
    let variables: Vec<String> = super::problems(&source)
        .into_iter()
        .map(|problem| problem.variable)
        .collect();
    assert_eq!(variables, ["AI_MODELS", "DEFAULT_MODEL"]);
}

#[test]
fn upload_profiles_hold_what_can_be_read() {
    let holds = |profile: &str, mime: &str| {
        let mimes = load(&[("UPLOAD_PROFILE", profile)]).uploads.mimes;
        mimes.iter().any(|held| held == mime)
    };
    assert!(holds("safe", "application/pdf"));
    assert!(!holds("safe", "text/html"));
    assert!(holds("office", "text/html"));
    assert!(!holds("office", "application/msword"));
    assert!(!holds("office", "text/*"));
    assert!(holds("all-supported", "text/*"));
    assert!(!holds("all-supported", "image/png"));
}

#[test]
fn money_is_exact() {
    let config = load(&[
        ("BUDGET_HOLD_USD", "0.05"),
        ("DEFAULT_MONTHLY_LIMIT_USD", "0"),
        ("HOUSE_MONTHLY_LIMIT_USD", "99999999.99"),
    ]);
    assert_eq!(config.budgets.hold_margin, Nanos(50_000_000));
    assert_eq!(config.budgets.default_monthly_limit, Some(Nanos::ZERO));
    assert_eq!(
        config.budgets.house_monthly_limit,
        Some(Nanos(99_999_999_990_000_000))
    );
    for wrong in ["-1", "$5", "1e12", "NaN", "inf"] {
        assert_eq!(
            problem("DEFAULT_MONTHLY_LIMIT_USD", wrong).variable,
            "DEFAULT_MONTHLY_LIMIT_USD"
        );
    }
}

#[test]
fn times_that_do_not_fit_each_other_are_refused() {
    assert_eq!(
        problem("JOB_HEARTBEAT_SECONDS", "31").variable,
        "JOB_HEARTBEAT_SECONDS"
    );
    assert_eq!(
        problem("ARGON2_PARALLELISM", "4000").variable,
        "ARGON2_PARALLELISM"
    );
    let jobs = load(&[("DRAIN_SECONDS", "5")]).jobs;
    assert_eq!(jobs.drain, Duration::from_secs(5));
}

#[test]
fn a_log_level_must_be_one() {
    assert_eq!(
        load(&[("RUST_LOG", "info,sqlx=warn")]).telemetry.log_level,
        "info,sqlx=warn"
    );
    for wrong in ["loud=very=much", "inof", "info,sqlx"] {
        assert_eq!(problem("LOG_LEVEL", wrong).variable, "LOG_LEVEL", "{wrong}");
    }
}
