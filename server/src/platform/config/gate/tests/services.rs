//! Rules for stores, providers and prices.

use super::*;

#[test]
fn redis_is_demanded_when_guarded() {
    refused_when_guarded("REDIS_URL", "", "REDIS_URL", "REDIS_URL");
    accepted(
        &production()
            .with("REDIS_URL", "")
            .with("REQUIRE_REDIS_IN_PRODUCTION", "false"),
    );
}

#[test]
fn sqlite_in_production_must_be_allowed_and_then_needs_no_redis() {
    let sqlite = production().with("DATABASE_URL", "sqlite:///./binnacle.db");
    refused(&sqlite, "DATABASE_URL", "SQLite");
    refused(
        &production().with("DATABASE_URL", ""),
        "DATABASE_URL",
        "SQLite",
    );
    let single = sqlite
        .with("ALLOW_SQLITE_IN_PRODUCTION", "true")
        .with("REDIS_URL", "");
    accepted(&single);
}

#[test]
fn a_blank_or_known_database_password_is_refused_in_production() {
    for url in [
        "postgres://app@db/binnacle",
        "postgres://app:@db/binnacle",
        "postgres://app:postgres@db/binnacle",
        "postgres://app:Password@db/binnacle",
        "postgres://app:%63hangeme@db/binnacle",
        "postgres://db/binnacle?user=app&password=secret",
    ] {
        refused(
            &production().with("DATABASE_URL", url),
            "DATABASE_URL",
            "Default/blank database password",
        );
        accepted(&staging().with("DATABASE_URL", url));
    }
}

#[test]
fn the_offline_provider_must_be_allowed_when_guarded() {
    for (name, value) in [
        ("GEMINI_MOCK_MODE", "true"),
        ("AI_PROVIDERS", "gemini,offline"),
    ] {
        refused_when_guarded_if_keyed(name, value);
        warned(
            &production()
                .with(name, value)
                .with("ALLOW_MOCK_IN_PROD", "true"),
            "ALLOW_MOCK_IN_PROD",
        );
    }
}

#[track_caller]
fn refused_when_guarded_if_keyed(name: &str, value: &str) {
    for source in [production(), staging()] {
        refused(
            &source.with(name, value),
            "GEMINI_MOCK_MODE",
            "ALLOW_MOCK_IN_PROD",
        );
    }
    accepted(
        &development()
            .with("GEMINI_API_KEY", "key")
            .with(name, value),
    );
}

#[test]
fn a_provider_in_use_needs_its_key_everywhere() {
    for source in [production().with("GEMINI_API_KEY", ""), development()] {
        let source = source.with("GEMINI_MOCK_MODE", "false");
        refused(&source, "GEMINI_API_KEY", "GEMINI_API_KEY");
        let gemini = source.clone().with("AI_PROVIDERS", "gemini");
        refused(&gemini, "GEMINI_API_KEY", "is not set");
        let placeholder = gemini.clone().with("GEMINI_API_KEY", "not-set");
        refused(&placeholder, "GEMINI_API_KEY", "is not set");
        accepted(&gemini.with("GOOGLE_API_KEY_2", "key"));
        let openai = source.with("AI_PROVIDERS", "openai");
        refused(&openai, "OPENAI_API_KEY", "is not set");
        accepted(&openai.clone().with("OPENAI_API_KEY", "key"));
        let placeholder = openai.clone().with("OPENAI_API_KEY", "not-set");
        refused(&placeholder, "OPENAI_API_KEY", "is not set");
        for source in [openai, placeholder] {
            accepted(&source.with("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"));
        }
    }
}

#[test]
fn prices_are_above_0_in_production_and_when_strict() {
    for name in [
        "PRICE_PER_MTOK_INPUT",
        "PRICE_PER_MTOK_OUTPUT",
        "PRICE_PER_MTOK_INDEX",
    ] {
        refused(&production().with(name, "0"), name, "is not above 0");
        accepted(&staging().with(name, "0"));
        let strict = development().with("PRICE_CHECK_STRICT", "true");
        refused(&strict.with(name, "0"), name, "is not above 0");
    }
}

#[test]
fn a_price_table_is_sound_everywhere_and_whole_when_strict() {
    let table = r#"{"default": {"input_price": 1, "output_price": 1, "index_price": 0}}"#;
    for source in [production(), development()] {
        refused(
            &source.clone().with("MODEL_PRICING", "{}"),
            "MODEL_PRICING",
            "default",
        );
        let source = source.with("MODEL_PRICING", table);
        accepted(&source);
        refused(
            &source.with("PRICE_CHECK_STRICT", "true"),
            "MODEL_PRICING",
            "price of 0",
        );
    }
}
