//! Redis: an accelerator that several processes share; nothing in it is the only copy.

use secrecy::SecretString;
use url::Url;

use super::reader::{Malformed, Reader};
use super::variable::{Section, Variable};

pub(super) const REDIS_URL: Variable = Variable::new(
    "REDIS_URL",
    "",
    "`redis://[:password@]host:6379/0` or `rediss://…`; without it counters live in memory.",
)
.secret();
pub(super) const REDIS_PREFIX: Variable = Variable::new(
    "REDIS_PREFIX",
    "binnacle",
    "What the names of all keys begin with: houses that share a Redis each need their own.",
);
pub(super) const REQUIRE_REDIS_IN_PRODUCTION: Variable = Variable::new(
    "REQUIRE_REDIS_IN_PRODUCTION",
    "true",
    "Whether staging and production demand a Redis that answers.",
);

pub(super) const SECTION: Section = Section {
    title: "Redis",
    about: "",
    variables: &[REDIS_URL, REDIS_PREFIX, REQUIRE_REDIS_IN_PRODUCTION],
};

/// The Redis to use, if any.
#[derive(Clone, Debug)]
pub(crate) struct RedisConfig {
    pub(crate) url: Option<SecretString>,
    /// What the names of keys begin with.
    pub(crate) prefix: String,
    /// Whether the start must fail when Redis does not answer PING: as set, outside development
    /// and test, and not with SQLite in production, which is one process.
    pub(crate) required: bool,
}

impl RedisConfig {
    pub(super) fn read(reader: &mut Reader<'_>, guarded: bool, single_process: bool) -> Self {
        let url = reader.optional(&REDIS_URL, parse_redis_url);
        let demanded = reader.flag(&REQUIRE_REDIS_IN_PRODUCTION);
        Self {
            url,
            prefix: reader.value(&REDIS_PREFIX, parse_prefix),
            required: demanded && guarded && !single_process,
        }
    }
}

fn parse_prefix(text: &str) -> Result<String, Malformed> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(Malformed::new(
            "cannot begin the names of keys",
            "Use 1 to 64 letters, digits, `-`, `_` or `.`",
        ))
    }
}

fn parse_redis_url(text: &str) -> Result<SecretString, Malformed> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "redis" | "rediss") && url.has_host() => {
            Ok(SecretString::from(text))
        }
        _ => Err(Malformed::new(
            "is not a Redis URL",
            "Use `redis://host:6379/0`, or `rediss://` for TLS",
        )),
    }
}
