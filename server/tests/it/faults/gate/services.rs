//! Rules about stores, providers, prices, and words outside their set.

use super::{BOTH, PRODUCTION, Rule};

pub(super) const RULES: &[Rule] = &[
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
        &[("GEMINI_API_KEY", ""), ("AI_PROVIDERS", "gemini")],
        [
            "GEMINI_API_KEY",
            "is not set, but `gemini` is among the providers",
            "take `gemini` out of AI_PROVIDERS",
        ],
    ),
    (
        BOTH,
        &[("AI_PROVIDERS", "openai,gemini")],
        [
            "OPENAI_API_KEY",
            "is not set, but `openai` is among the providers",
            "OPENAI_BASE_URL",
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
        [
            "PRICE_PER_MTOK_INPUT",
            "is not above 0",
            "Set a price above 0",
        ],
    ),
    (
        &[PRODUCTION],
        &[("PRICE_PER_MTOK_OUTPUT", "0")],
        [
            "PRICE_PER_MTOK_OUTPUT",
            "is not above 0",
            "Set a price above 0",
        ],
    ),
    (
        BOTH,
        &[("PRICE_PER_MTOK_OUTPUT", "-2.5")],
        [
            "PRICE_PER_MTOK_OUTPUT",
            "is not an amount in dollars",
            "Use a decimal number",
        ],
    ),
    (
        BOTH,
        &[
            ("PRICE_CHECK_STRICT", "true"),
            ("PRICE_PER_MTOK_INDEX", "0"),
        ],
        [
            "PRICE_PER_MTOK_INDEX",
            "is not above 0",
            "Set a price above 0",
        ],
    ),
    (
        BOTH,
        &[(
            "MODEL_PRICING",
            "{\"gemini-2.5-flash\": {\"input\": 1, \"output\": 2}}",
        )],
        ["MODEL_PRICING", "is not a price table", "Use {\"default\""],
    ),
    (
        BOTH,
        &[(
            "MODEL_PRICING",
            "{\"gemini-2.5-flash\": {\"input_price\": 1, \"output_price\": 2}}",
        )],
        ["MODEL_PRICING", "has no entry `default`", "Add one"],
    ),
    (
        BOTH,
        &[(
            "MODEL_PRICING",
            "{\"default\": {\"input_price\": -0.3, \"output_price\": 2.5}}",
        )],
        [
            "MODEL_PRICING",
            "`input_price` of `default` is not positive",
            "input and output above 0",
        ],
    ),
    (
        BOTH,
        &[(
            "MODEL_PRICING",
            "{\"default\": {\"input_price\": 0.3, \"output_price\": 0}}",
        )],
        [
            "MODEL_PRICING",
            "`output_price` of `default` is not positive",
            "input and output above 0",
        ],
    ),
    (
        BOTH,
        &[(
            "MODEL_PRICING",
            "{\"default\": {\"input_price\": 0.3, \"output_price\": 2, \"index_price\": -1}}",
        )],
        [
            "MODEL_PRICING",
            "`index_price` of `default` is negative",
            "Give prices in USD",
        ],
    ),
    (
        BOTH,
        &[
            ("PRICE_CHECK_STRICT", "true"),
            (
                "MODEL_PRICING",
                "{\"default\": {\"input_price\": 0.3, \"output_price\": 2, \"index_price\": 0}}",
            ),
        ],
        [
            "MODEL_PRICING",
            "`default` has a price of 0, and PRICE_CHECK_STRICT is on",
            "Set a price above 0",
        ],
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
        [
            "ALLOWED_UPLOAD_MIMES",
            "`application/msword` is not a media type",
            "Choose from application/pdf",
        ],
    ),
];
