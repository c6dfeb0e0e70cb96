//! The files that are made from the table of settings: `.env.example` and the reference page.
//! They are written anew by running the tests with `UPDATE_GENERATED=1`.

use std::fmt::Write;

use super::variable::{Variable, WITHOUT_EFFECT};
use super::{SECTIONS, Section};

#[cfg(test)]
mod tests;

/// The width of comments in `.env.example`.
const COMMENT_WIDTH: usize = 96;

/// The text of `.env.example`: every setting, commented out, with its default.
pub(crate) fn env_example() -> String {
    let mut page = String::from(
        "# Every setting with its default. Made from server/src/platform/config; do not edit.\n\
         # Copy to `.env` (read outside production only) and uncomment what you change.\n\
         # {NAME}_FILE names a file that holds the value, for every NAME. docs/configuration.md\n\
         # says more.\n",
    );
    for section in SECTIONS {
        let _ = write!(page, "\n# --- {} ---\n", section.title);
        if !section.about.is_empty() {
            wrap(&mut page, section.about);
        }
        for variable in section.variables {
            wrap(&mut page, &described(variable));
            let _ = writeln!(page, "#{}={}", variable.name, variable.default);
        }
    }
    page
}

fn described(variable: &Variable) -> String {
    let mut text = variable.about.to_owned();
    if !variable.unit.is_empty() {
        let _ = write!(text, " In {}.", variable.unit);
    }
    if !variable.aliases.is_empty() {
        let _ = write!(text, " Also read as {}.", variable.aliases.join(", "));
    }
    text
}

fn wrap(page: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > COMMENT_WIDTH {
            let _ = writeln!(page, "{line}");
            line = String::from("#");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(page, "{line}");
}

/// The text of `docs/configuration.md`, in Markdown.
pub(crate) fn configuration_page() -> String {
    let mut page = String::from(PREFACE);
    for section in SECTIONS {
        write_section(&mut page, &section);
    }
    page.push_str("\n## Without effect\n\nKnown from older installations; a warning says so.\n\n");
    page.push_str("| variable | instead |\n|---|---|\n");
    for (name, instead) in WITHOUT_EFFECT {
        let _ = writeln!(page, "| `{name}` | {instead} |");
    }
    page
}

fn write_section(page: &mut String, section: &Section) {
    let _ = write!(page, "\n## {}\n\n", section.title);
    if !section.about.is_empty() {
        let _ = write!(page, "{}\n\n", section.about);
    }
    page.push_str("| variable | default | what it does |\n|---|---|---|\n");
    for variable in section.variables {
        let default = match variable.default {
            "" => "none".to_owned(),
            default => format!("`{default}`"),
        };
        let secret = if variable.secret { " (secret)" } else { "" };
        let about = described(variable);
        let _ = writeln!(
            page,
            "| `{}`{secret} | {default} | {about} |",
            variable.name
        );
    }
}

const PREFACE: &str = "\
# Configuration

This page is made from the table of settings in `server/src/platform/config`; a test compares \
them, and `UPDATE_GENERATED=1 cargo test -p server config::reference` writes it anew.

Settings are environment variables. None is needed to start in development.

- `{NAME}_FILE` names a file that holds the value of `NAME`, for every variable, and comes before \
`NAME`. A file that is missing or empty keeps the process from starting. Blanks and line ends \
around the value are dropped.
- A `.env` file in the working directory is read beneath the process environment, but not when \
`ENVIRONMENT=production`. Values with blanks, `#` or `$` in them stand in single quotes.
- A blank value counts as not set.
- Yes and no are written `true`/`false`, `1`/`0`, `yes`/`no` or `on`/`off`; lists as `a,b` or \
`[\"a\",\"b\"]`.
- All problems are reported at once, each with its variable, what is wrong and what would do; \
then the process exits without having started. Values of secrets are never shown.

## The gate

What keeps the process from starting, besides values that cannot be read:

| where | rule |
|---|---|
| everywhere | `JWT_SECRET`, `JWT_SECRET_PREVIOUS`: at least 32 characters, not the same; \
`METRICS_TOKEN`: at least 16 characters, not the same as `JWT_SECRET` |
| everywhere | no `*` in `CORS_ORIGINS` with credentials |
| everywhere | a provider in use has its key |
| everywhere | `UPLOAD_PROFILE=custom` lists media types, all of them readable |
| everywhere | `MODEL_PRICING` has `default`, and prices of input and output above 0; with \
`PRICE_CHECK_STRICT` every price is above 0 |
| staging, production | `JWT_SECRET` is set and comes from no example |
| staging, production | a secret read from `{NAME}_FILE` is not readable by every account of the \
machine (files under `/run/secrets` excepted: a container's runtime chooses their mode) |
| staging, production | `STRICT_MODE` and `REQUIRE_CSRF_HEADER` are on, `ALLOW_DEV_LOGIN` is off |
| staging, production | `CORS_ORIGINS` is not empty, and every origin is `https://` |
| staging, production | `TRUSTED_PROXY_IPS` is not empty where `HOST` is loopback, and trusts no network of all \
addresses (`/0`) |
| staging, production | `METRICS_ALLOW_ALL` is off, unless `METRICS_BIND` names a listener of its own |
| staging, production | `OTEL_CAPTURE_CONTENT` is off |
| staging, production | one server alone, unless there are PostgreSQL and `REDIS_URL` (asked when it starts; \
workers may stand beside it) |
| staging, production | the `offline` provider only with `ALLOW_MOCK_IN_PROD` |
| staging, production | `REGISTRATION=open` only with `DEFAULT_MONTHLY_LIMIT_USD` |
| staging, production | `REDIS_URL` is set and answers, unless `REQUIRE_REDIS_IN_PRODUCTION=false` \
or SQLite is allowed and used |
| production | no SQLite unless `ALLOW_SQLITE_IN_PRODUCTION`; no blank or well-known database \
password |
| production | `PRICE_PER_MTOK_*` are above 0 |
";
