//! What can be filtered and sorted, list by list.

/// What a field holds, and so how its values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An integer.
    Integer,
    /// Dollars, as `5` or `0.25`.
    Money,
    /// A share, as `80%` or `0.8`.
    Ratio,
    /// A length of time until now, as `90s`, `15m`, `2h`, `3d` or `4w`.
    Age,
    /// A day or a moment, as `2026-11-01` or RFC 3339.
    Time,
    /// A size, as `1GiB`, `20MiB`, `512KiB` or `1024`.
    Bytes,
    /// One of these.
    Word(&'static [&'static str]),
    /// Any text, compared whole and in any case.
    Text,
}

impl Kind {
    /// Whether `<` and `>` make sense.
    #[must_use]
    pub const fn has_order(self) -> bool {
        !matches!(self, Self::Word(_) | Self::Text)
    }

    /// What may be written, for people.
    #[must_use]
    pub fn allowed(self) -> String {
        match self {
            Self::Integer => "a whole number, as 12".to_owned(),
            Self::Money => "dollars, as 5 or 0.25".to_owned(),
            Self::Ratio => "a share, as 80% or 0.8".to_owned(),
            Self::Age => "a time, as 90s, 15m, 2h, 3d or 4w".to_owned(),
            Self::Time => "a day or a moment, as 2026-11-01 or 2026-11-01T12:00:00Z".to_owned(),
            Self::Bytes => "a size, as 1GiB, 20MiB, 512KiB or 1024".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".to_owned(),
        }
    }
}

/// A field of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As it is written.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether the list can be sorted by it.
    pub sortable: bool,
}

/// The fields of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// In the order in which they are shown to people.
    pub fields: &'static [Field],
    /// The order when none is asked for.
    pub default_sort: &'static str,
}

impl Schema {
    /// The field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const fn sorted(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        sortable: true,
    }
}

const fn plain(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        sortable: false,
    }
}

const JOB_STATES: &[&str] = &[
    "queued",
    "running",
    "retrying",
    "awaiting_input",
    "awaiting_budget",
    "succeeded",
    "failed",
    "cancelled",
];

/// `GET /api/admin/accounts`; text is the e-mail address and the notes.
pub const ACCOUNTS: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        sorted("email", Kind::Text),
        plain("role", Kind::Word(&["user", "admin", "auditor"])),
        plain("status", Kind::Word(&["active", "disabled", "deleted"])),
        sorted("spent", Kind::Money),
        sorted("limit", Kind::Money),
        sorted("used", Kind::Ratio),
        sorted("created", Kind::Time),
        sorted("seen", Kind::Time),
        plain("age", Kind::Age),
    ],
    default_sort: "-id",
};

/// `GET /api/admin/accounts/{id}/sessions`; text is the program.
pub const SESSIONS: Schema = Schema {
    fields: &[
        sorted("created", Kind::Time),
        sorted("seen", Kind::Time),
        plain("address", Kind::Text),
        plain("age", Kind::Age),
    ],
    default_sort: "-created",
};

/// `GET /api/admin/accounts/{id}/documents`; there is no text: names stay with their owners.
pub const DOCUMENTS: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        plain("store", Kind::Integer),
        plain(
            "status",
            Kind::Word(&["PENDING", "RUNNING", "DONE", "ERROR"]),
        ),
        sorted("bytes", Kind::Bytes),
        sorted("created", Kind::Time),
        plain("deleted", Kind::Time),
        plain("age", Kind::Age),
    ],
    default_sort: "-id",
};

/// `GET /api/admin/deleted`; there is no text: names stay with their owners.
pub const DELETED: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        plain("owner", Kind::Integer),
        sorted("deleted", Kind::Time),
        plain("age", Kind::Age),
    ],
    default_sort: "-deleted",
};

/// `GET /api/admin/spend`; text is the e-mail address.
pub const SPEND: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        sorted("email", Kind::Text),
        sorted("spent", Kind::Money),
        sorted("held", Kind::Money),
        sorted("limit", Kind::Money),
        sorted("used", Kind::Ratio),
    ],
    default_sort: "-used",
};

/// `GET /api/admin/ledger`; text is the model.
pub const LEDGER: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        plain("user", Kind::Integer),
        plain("kind", Kind::Text),
        plain("provider", Kind::Text),
        plain("model", Kind::Text),
        sorted("amount", Kind::Money),
        plain("job", Kind::Text),
        plain("stream", Kind::Text),
        plain("at", Kind::Time),
        plain("age", Kind::Age),
    ],
    default_sort: "-id",
};

/// `GET /api/admin/jobs`; text is the id, the kind, the owner's e-mail address and the error.
pub const JOBS: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        plain("kind", Kind::Text),
        plain("state", Kind::Word(JOB_STATES)),
        plain("owner", Kind::Text),
        plain("user", Kind::Integer),
        plain("error", Kind::Text),
        plain("attempt", Kind::Integer),
        plain("priority", Kind::Integer),
        sorted("created", Kind::Time),
        sorted("updated", Kind::Time),
        sorted("finished", Kind::Time),
        plain("age", Kind::Age),
        plain("replay_of", Kind::Integer),
        plain("replayed_by", Kind::Integer),
    ],
    default_sort: "-updated",
};

/// `GET /api/admin/streams`; text is the id, the e-mail address and the model.
pub const STREAMS: Schema = Schema {
    fields: &[
        plain("id", Kind::Text),
        plain("user", Kind::Integer),
        sorted("email", Kind::Text),
        plain("kind", Kind::Text),
        plain("provider", Kind::Text),
        plain("model", Kind::Text),
        plain(
            "state",
            Kind::Word(&["waiting", "streaming", "resuming", "ending"]),
        ),
        sorted("age", Kind::Age),
        sorted("tokens", Kind::Integer),
        sorted("rate", Kind::Integer),
    ],
    default_sort: "-age",
};

/// `GET /api/admin/audit/entries`; text is the action, the actor's e-mail address and the target.
pub const AUDIT: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        plain("actor", Kind::Text),
        plain("user", Kind::Integer),
        plain("action", Kind::Text),
        plain("target_type", Kind::Text),
        plain("target", Kind::Text),
        plain("via", Kind::Word(&["console", "cli", "api", "system"])),
        plain("since", Kind::Time),
        plain("at", Kind::Time),
        plain("age", Kind::Age),
    ],
    default_sort: "-id",
};

/// `GET /api/admin/retention/runs`; text is the class.
pub const RUNS: Schema = Schema {
    fields: &[
        sorted("id", Kind::Integer),
        plain("class", Kind::Text),
        plain(
            "outcome",
            Kind::Word(&["running", "ok", "failed", "interrupted"]),
        ),
        plain("rows", Kind::Integer),
        plain("bytes", Kind::Bytes),
        plain("started", Kind::Time),
        plain("age", Kind::Age),
    ],
    default_sort: "-id",
};
