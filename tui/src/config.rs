//! Where the console finds its settings: the environment, a file of contexts without secrets, and
//! where the secrets are.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::theme::{Role, Theme};

/// What is wrong with the settings, for people.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the home directory is not known: set HOME")]
    NoHome,
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("no context is called {0:?}: binnacle-tui ctx list shows them, ctx add makes one")]
    NoContext(String),
    #[error(
        "which server? binnacle-tui ctx add NAME URL keeps one, BINNACLE_SERVER says one this once"
    )]
    NoServer,
    #[error("{0:?} is no server: write it as https://binnacle.example.org")]
    BadServer(String),
    #[error(
        "plain http goes to this machine only: use https, or --insecure if nobody else listens"
    )]
    PlainHttp,
    #[error("contexts are named with letters, digits, - and _, not {0:?}")]
    BadName(String),
}

/// The variables that the console reads.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub server: Option<String>,
    pub token: Option<String>,
    pub no_color: bool,
    pub colorterm: String,
    pub term: String,
    pub locale: String,
}

impl Environment {
    /// As it is now. `BINNACLE_TOKEN_FILE` names a file with the token.
    pub fn read() -> Environment {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said);
        let from_file = said("BINNACLE_TOKEN_FILE")
            .and_then(|path| std::fs::read_to_string(path).ok())
            .map(|token| token.trim().to_owned());
        Environment {
            server: said("BINNACLE_SERVER"),
            token: from_file.or_else(|| said("BINNACLE_TOKEN")),
            no_color: said("NO_COLOR").is_some(),
            colorterm: said("COLORTERM").unwrap_or_default(),
            term: said("TERM").unwrap_or_default(),
            locale: locale.unwrap_or_default(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the console's one reader of the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where files stand.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `tui.toml`.
    pub config: PathBuf,
    /// Credentials and the palette's lines.
    pub data: PathBuf,
}

impl Paths {
    /// By XDG, under `binnacle`.
    pub fn find() -> Result<Paths, ConfigError> {
        let base = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
        Ok(Paths {
            config: base.config_dir().join("binnacle").join("tui.toml"),
            data: base.data_dir().join("binnacle"),
        })
    }

    /// Everything under one folder, for tests.
    pub fn under(folder: &Path) -> Paths {
        Paths {
            config: folder.join("config").join("tui.toml"),
            data: folder.join("data"),
        }
    }
}

/// A server, and how it is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Context {
    pub server: String,
    /// Certificates to trust besides the system's, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// `red`, `yellow`, `green` or `cyan`: how the name is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

impl Context {
    /// The role in which the name is shown.
    pub fn role(&self) -> Role {
        match self.color.as_deref() {
            Some("red") => Role::Bad,
            Some("yellow") => Role::Warn,
            Some("green") => Role::Ok,
            Some("cyan") => Role::Info,
            _ => Role::Title,
        }
    }
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The context to use when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mouse: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ascii: bool,
    pub contexts: BTreeMap<String, Context>,
}

impl Config {
    /// The file as it is; nothing when there is none.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| ConfigError::Unreadable {
                path: path.to_owned(),
                reason: error.to_string(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
            Err(source) => Err(ConfigError::File {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Writes the file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), ConfigError> {
        let failed = |source| ConfigError::File {
            path: path.to_owned(),
            source,
        };
        let text = toml::to_string(self).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let new = path.with_extension("toml.new");
        std::fs::write(&new, text).map_err(failed)?;
        std::fs::rename(&new, path).map_err(failed)
    }

    /// Keeps a context.
    pub fn add(&mut self, name: &str, context: Context) -> Result<(), ConfigError> {
        let good = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if name.is_empty() || !name.chars().all(good) {
            return Err(ConfigError::BadName(name.to_owned()));
        }
        server(&context.server, true)?;
        self.current.get_or_insert_with(|| name.to_owned());
        self.contexts.insert(name.to_owned(), context);
        Ok(())
    }

    /// The named context, else `BINNACLE_SERVER`, else the current one.
    pub fn choose(
        &self,
        named: Option<&str>,
        environment: &Environment,
    ) -> Result<(String, Context), ConfigError> {
        if let Some(name) = named {
            let context = self.contexts.get(name);
            let context = context.ok_or_else(|| ConfigError::NoContext(name.to_owned()))?;
            return Ok((name.to_owned(), context.clone()));
        }
        if let Some(server) = &environment.server {
            let context = Context {
                server: server.clone(),
                ..Context::default()
            };
            return Ok(("environment".to_owned(), context));
        }
        let name = self.current.as_ref().ok_or(ConfigError::NoServer)?;
        let context = self.contexts.get(name);
        let context = context.ok_or_else(|| ConfigError::NoContext(name.clone()))?;
        Ok((name.clone(), context.clone()))
    }
}

/// The address of a server: https, or http to this machine, or http where that is wanted.
pub fn server(text: &str, insecure: bool) -> Result<Url, ConfigError> {
    let bad = || ConfigError::BadServer(text.to_owned());
    let url = Url::parse(text).map_err(|_| bad())?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(bad()),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if local || insecure => Ok(url),
        "http" => Err(ConfigError::PlainHttp),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_kept_and_chosen() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::under(folder.path());
        assert_eq!(
            Config::load(&paths.config).expect("nothing"),
            Config::default()
        );
        let mut config = Config::default();
        let context = Context {
            server: "https://binnacle.example.org".to_owned(),
            theme: Some(Theme::Sixteen),
            color: Some("red".to_owned()),
            ..Context::default()
        };
        config.add("prod", context.clone()).expect("kept");
        config.save(&paths.config).expect("saved");
        let mut config = Config::load(&paths.config).expect("read");
        let nothing = Environment::default();
        let chosen = config.choose(None, &nothing).expect("the current one");
        assert_eq!(chosen, ("prod".to_owned(), context));
        assert!(config.choose(Some("other"), &nothing).is_err());
        let said = Environment {
            server: Some("http://localhost:8000".to_owned()),
            ..Environment::default()
        };
        let (name, chosen) = config.choose(None, &said).expect("the environment's");
        assert_eq!(
            (name.as_str(), chosen.server.as_str()),
            ("environment", "http://localhost:8000")
        );
        assert!(config.add("a b", Context::default()).is_err());
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        assert!(server("https://a.org", false).is_ok());
        assert!(server("http://127.0.0.1:8000", false).is_ok());
        assert!(server("http://[::1]:8000", false).is_ok());
        assert!(matches!(
            server("http://a.org", false),
            Err(ConfigError::PlainHttp)
        ));
        assert!(server("http://a.org", true).is_ok());
        assert!(server("a.org", false).is_err());
        assert!(server("ftp://a.org", true).is_err());
    }
}
