//! What a setting is: declared once, read only through its declaration, documented from it.

/// One environment variable: the declaration from which it is read and documented.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// The default as it would be written, parsed like a given value; empty when there is none.
    pub(crate) default: &'static str,
    /// What it does, in one or two sentences; says what an absent value means when there is no default.
    pub(crate) about: &'static str,
    /// The unit of the value, empty when it has none.
    pub(crate) unit: &'static str,
    /// Whether the value must never be shown.
    pub(crate) secret: bool,
    /// Other names under which it is accepted, in order of preference after its own.
    pub(crate) aliases: &'static [&'static str],
}

impl Variable {
    pub(super) const fn new(
        name: &'static str,
        default: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            default,
            about,
            unit: "",
            secret: false,
            aliases: &[],
        }
    }

    pub(super) const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    pub(super) const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
}

/// The variables of one concern, in the order in which they are documented.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) variables: &'static [Variable],
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// The process environment.
    Environment,
    /// A file named by `{NAME}_FILE`.
    File,
    /// The `.env` file in the working directory.
    DotEnv,
}

impl Origin {
    /// The word that consoles show.
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::File | Self::DotEnv => "file",
        }
    }

    /// The word used in lists of settings.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "env",
            Self::File => "file",
            Self::DotEnv => ".env",
        }
    }
}

/// One setting as an operator may see it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) origin: Origin,
    /// The value as written; `None` when it is secret or absent.
    pub(crate) value: Option<String>,
    /// Length of a secret that is set, in bytes; `None` when it is absent or not secret.
    pub(crate) secret_bytes: Option<usize>,
    /// Whether the value must never be shown.
    pub(crate) secret: bool,
    /// Whether the value differs from the default.
    pub(crate) differs: bool,
}

/// Variables of older installations that have no effect here, with what to do instead.
pub(crate) const WITHOUT_EFFECT: [(&str, &str); 4] = [
    (
        "GCS_ARCHIVE_BUCKET",
        "documents are kept in PLC_STORAGE_DIR",
    ),
    (
        "PLC_INLINE_JOBS",
        "jobs always go through the queue in the database",
    ),
    (
        "USE_GENAI_STUB",
        "GEMINI_MOCK_MODE=true answers without a network",
    ),
    (
        "USE_GOOGLE_GENAI_STUB",
        "GEMINI_MOCK_MODE=true answers without a network",
    ),
];
