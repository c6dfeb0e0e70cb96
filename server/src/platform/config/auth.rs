//! Who may sign in, and how that is proved.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::environment::Environment;
use super::reader::{Malformed, Reader};
use super::variable::{Section, Variable};

pub(super) const JWT_SECRET: Variable = Variable::new(
    "JWT_SECRET",
    "",
    "Key material from which the signing keys are derived, at least 32 characters. In development \
     one is generated and kept in PLC_STORAGE_DIR when it is absent.",
)
.secret()
.aliases(&["PLC_JWT_SECRET"]);
pub(super) const JWT_SECRET_PREVIOUS: Variable = Variable::new(
    "JWT_SECRET_PREVIOUS",
    "",
    "The secrets before JWT_SECRET, one on each line, the newest first; never signed with. Access \
     tokens of the first are still accepted; entries of the audit log and receipts are verified with \
     all, so keep each for as long as the audit log is kept.",
)
.secret();
pub(super) const ACCESS_TOKEN_EXPIRE_MINUTES: Variable = Variable::new(
    "ACCESS_TOKEN_EXPIRE_MINUTES",
    "15",
    "Life of an access token.",
)
.unit("minutes");
pub(super) const REFRESH_TOKEN_EXPIRE_DAYS: Variable = Variable::new(
    "REFRESH_TOKEN_EXPIRE_DAYS",
    "30",
    "Life of a refresh token.",
)
.unit("days");
pub(super) const JWT_ISSUER: Variable = Variable::new(
    "JWT_ISSUER",
    "rag-assistant",
    "The `iss` that is written and demanded.",
);
pub(super) const JWT_AUDIENCE: Variable = Variable::new(
    "JWT_AUDIENCE",
    "rag-users",
    "The `aud` that is written and demanded.",
);
pub(super) const REGISTRATION: Variable = Variable::new(
    "REGISTRATION",
    "",
    "`open`: anybody may register; `closed`: admins make accounts. Without it: open in development \
     and test, else closed. Open in staging and production needs DEFAULT_MONTHLY_LIMIT_USD.",
);
pub(super) const ALLOW_DEV_LOGIN: Variable = Variable::new(
    "ALLOW_DEV_LOGIN",
    "false",
    "Serve `/api/auth/token`, which signs in anybody by e-mail alone; development and test only.",
);
pub(super) const ARGON2_MEMORY_KIB: Variable = Variable::new(
    "ARGON2_MEMORY_KIB",
    "19456",
    "Memory for one password hash.",
)
.unit("KiB");
pub(super) const ARGON2_ITERATIONS: Variable =
    Variable::new("ARGON2_ITERATIONS", "2", "Passes over that memory.");
pub(super) const ARGON2_PARALLELISM: Variable =
    Variable::new("ARGON2_PARALLELISM", "1", "Lanes of one password hash.");
pub(super) const PASSWORD_HASH_CONCURRENCY: Variable = Variable::new(
    "PASSWORD_HASH_CONCURRENCY",
    "2",
    "Password hashes computed at the same time; further ones wait.",
);

pub(super) const SECTION: Section = Section {
    title: "Identity",
    about: "",
    variables: &[
        JWT_SECRET,
        JWT_SECRET_PREVIOUS,
        ACCESS_TOKEN_EXPIRE_MINUTES,
        REFRESH_TOKEN_EXPIRE_DAYS,
        JWT_ISSUER,
        JWT_AUDIENCE,
        REGISTRATION,
        ALLOW_DEV_LOGIN,
        ARGON2_MEMORY_KIB,
        ARGON2_ITERATIONS,
        ARGON2_PARALLELISM,
        PASSWORD_HASH_CONCURRENCY,
    ],
};

/// The file name of the generated secret, in the storage directory.
const GENERATED_SECRET_FILE: &str = "jwt_secret";

/// Accounts, tokens and password hashing.
#[derive(Clone, Debug)]
pub(crate) struct AuthConfig {
    pub(crate) jwt_secret: JwtSecret,
    /// Those before it, the newest first; never signed with. The first still opens access tokens, all
    /// verify what stands on record.
    pub(crate) jwt_secrets_previous: Vec<SecretString>,
    pub(crate) access_token_lifetime: Duration,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) registration: Registration,
    pub(crate) allow_dev_login: bool,
    pub(crate) argon2: Argon2Cost,
    /// Password hashes computed at the same time.
    pub(crate) hash_concurrency: usize,
}

/// Where the secret comes from.
#[derive(Clone, Debug)]
pub(crate) enum JwtSecret {
    Given(SecretString),
    /// Development and test without a secret: the composition root reads this file, or, if it
    /// does not exist, makes it with mode 0600 and 32 random bytes in hexadecimal.
    GenerateIn(PathBuf),
}

/// Whether strangers may make themselves an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Registration {
    Open,
    #[default]
    Closed,
}

/// The cost of one argon2id hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argon2Cost {
    pub(crate) memory_kib: u32,
    pub(crate) iterations: u32,
    pub(crate) parallelism: u32,
}

impl AuthConfig {
    pub(super) fn read(reader: &mut Reader<'_>, environment: Environment, storage: &Path) -> Self {
        let jwt_secret = reader.secret(&JWT_SECRET).map_or_else(
            || JwtSecret::GenerateIn(storage.join(GENERATED_SECRET_FILE)),
            JwtSecret::Given,
        );
        let registration = reader
            .optional(&REGISTRATION, parse_registration)
            .unwrap_or(if environment.is_guarded() {
                Registration::Closed
            } else {
                Registration::Open
            });
        Self {
            jwt_secret,
            jwt_secrets_previous: reader.secrets(&JWT_SECRET_PREVIOUS),
            access_token_lifetime: Duration::from_secs(
                60 * reader.integer::<u64>(&ACCESS_TOKEN_EXPIRE_MINUTES, 1..=1440),
            ),
            refresh_token_lifetime: Duration::from_secs(
                86_400 * reader.integer::<u64>(&REFRESH_TOKEN_EXPIRE_DAYS, 1..=365),
            ),
            issuer: reader.text(&JWT_ISSUER),
            audience: reader.text(&JWT_AUDIENCE),
            registration,
            allow_dev_login: reader.flag(&ALLOW_DEV_LOGIN),
            argon2: Argon2Cost::read(reader),
            hash_concurrency: reader.integer(&PASSWORD_HASH_CONCURRENCY, 1..=64),
        }
    }
}

impl Argon2Cost {
    fn read(reader: &mut Reader<'_>) -> Self {
        let cost = Self {
            memory_kib: reader.integer(&ARGON2_MEMORY_KIB, 8..=4_194_304),
            iterations: reader.integer(&ARGON2_ITERATIONS, 1..=100),
            parallelism: reader.integer(&ARGON2_PARALLELISM, 1..=64),
        };
        if cost.memory_kib < 8 * cost.parallelism {
            reader.problem(
                &ARGON2_MEMORY_KIB,
                "argon2 needs at least 8 KiB for each lane",
                "Raise ARGON2_MEMORY_KIB or lower ARGON2_PARALLELISM",
            );
        }
        cost
    }
}

fn parse_registration(text: &str) -> Result<Registration, Malformed> {
    match text.to_ascii_lowercase().as_str() {
        "open" => Ok(Registration::Open),
        "closed" => Ok(Registration::Closed),
        _ => Err(Malformed::new(
            "is neither open nor closed",
            "Use `open` or `closed`",
        )),
    }
}
