//! Which kind of installation this is, and so how strict the gate is.

use super::reader::{Malformed, Reader};
use super::variable::{Section, Variable};

pub(super) const ENVIRONMENT: Variable = Variable::new(
    "ENVIRONMENT",
    "development",
    "Kind of installation: `development`, `test`, `staging` or `production`. The last two start \
     only if every rule of the gate holds; `.env` is not read in production.",
);
pub(super) const STRICT_MODE: Variable = Variable::new(
    "STRICT_MODE",
    "true",
    "States that the rules of the gate are meant; staging and production refuse `false`.",
);

pub(super) const SECTION: Section = Section {
    title: "Environment",
    about: "",
    variables: &[ENVIRONMENT, STRICT_MODE],
};

/// The kind of installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Environment {
    #[default]
    Development,
    Test,
    Staging,
    Production,
}

impl Environment {
    /// Whether every rule of the gate must hold: staging and production.
    pub(crate) const fn is_guarded(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        [
            Self::Development,
            Self::Test,
            Self::Staging,
            Self::Production,
        ]
        .into_iter()
        .find(|environment| environment.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            Malformed::new(
                "is not a kind of installation",
                "Use `development`, `test`, `staging` or `production`",
            )
        })
    }
}

/// The kind of installation and whether the operator asked for strictness.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentConfig {
    pub(crate) kind: Environment,
    pub(crate) strict_mode: bool,
}

impl EnvironmentConfig {
    /// Reads the kind first, since it decides whether `.env` is read at all.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let production = |text: Option<String>| {
            text.is_some_and(|text| Environment::parse(&text).ok() == Some(Environment::Production))
        };
        if !production(reader.peek(&ENVIRONMENT)) {
            reader.read_dotenv();
            if production(reader.peek(&ENVIRONMENT)) {
                reader.problem(
                    &ENVIRONMENT,
                    "`.env` says production, but `.env` is not read in production",
                    "Set ENVIRONMENT and the other settings in the process environment",
                );
            }
        }
        Self {
            kind: reader.value(&ENVIRONMENT, Environment::parse),
            strict_mode: reader.flag(&STRICT_MODE),
        }
    }
}
