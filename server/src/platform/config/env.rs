//! The only reader of the process environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::problem::Problem;
use super::variable::{Origin, Variable};

/// The largest file that `{NAME}_FILE` may name, in bytes.
const MAX_SECRET_FILE_BYTES: u64 = 64 * 1024;

/// Set by systemd for a unit with `LoadCredential=`.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Where settings come from: the process environment, or a map in tests.
#[derive(Clone)]
pub(crate) struct EnvSource {
    values: BTreeMap<String, OsString>,
    dotenv: Option<PathBuf>,
}

/// A value that somebody set.
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: Origin,
    /// The name under which it was found, without `_FILE`.
    pub(super) name: &'static str,
    /// The file it was read from.
    pub(super) file: Option<FoundFile>,
}

/// The file that `{NAME}_FILE` named.
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// Whether every account of the machine may read it.
    pub(super) world_readable: bool,
}

impl EnvSource {
    /// The environment of this process, with `.env` in the working directory beneath it.
    pub(crate) fn process() -> Self {
        let values = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        Self {
            values,
            dotenv: Some(PathBuf::from(".env")),
        }
    }

    /// Exactly these variables, without a `.env` file.
    pub(crate) fn from_pairs<N: Into<String>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            values,
            dotenv: None,
        }
    }

    /// The same source with one variable set or replaced.
    #[must_use]
    #[cfg_attr(not(test), expect(dead_code, reason = "tests add a variable"))]
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// The same source with this `.env` file beneath it.
    #[cfg(test)]
    pub(super) fn with_dotenv(mut self, path: impl Into<PathBuf>) -> Self {
        self.dotenv = Some(path.into());
        self
    }

    pub(super) fn layers(&self) -> Layers<'_> {
        Layers {
            process: &self.values,
            dotenv: BTreeMap::new(),
        }
    }

    pub(super) fn dotenv(&self) -> Option<&Path> {
        self.dotenv.as_deref()
    }
}

/// The process environment above the `.env` file, once that has been read.
pub(super) struct Layers<'s> {
    process: &'s BTreeMap<String, OsString>,
    dotenv: BTreeMap<String, String>,
}

impl Layers<'_> {
    /// Puts the `.env` file beneath the process environment. A file that is not there is empty.
    pub(super) fn read_dotenv(&mut self, path: &Path) -> Result<(), Problem> {
        let entries = match dotenvy::from_path_iter(path) {
            Ok(entries) => entries,
            Err(error) if error.not_found() => return Ok(()),
            Err(error) => return Err(unreadable_dotenv(path, &error)),
        };
        for entry in entries {
            let (name, value) = entry.map_err(|error| unreadable_dotenv(path, &error))?;
            self.dotenv.insert(name, value);
        }
        Ok(())
    }

    /// The value of a variable: the process environment before `.env`, a variable's own name
    /// before its aliases, and the file that `{NAME}_FILE` names before the plain value.
    /// A blank value counts as not set.
    pub(super) fn find(&self, variable: &Variable) -> Result<Option<Found>, Problem> {
        for layer in [Origin::Environment, Origin::DotEnv] {
            let names = std::iter::once(variable.name).chain(variable.aliases.iter().copied());
            for name in names {
                if let Some(path) = self.text(layer, &format!("{name}_FILE"))? {
                    return read_file(name, &self.place(&path)).map(Some);
                }
                if let Some(text) = self.text(layer, name)? {
                    return Ok(Some(Found {
                        text,
                        origin: layer,
                        name,
                        file: None,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Where a file is: systemd puts what a unit loads into a folder whose name differs from unit to
    /// unit, so that one file of settings for several can give names alone.
    fn place(&self, path: &str) -> PathBuf {
        let folder = self.process.get(CREDENTIALS_DIRECTORY).map(Path::new);
        folder.unwrap_or(Path::new("")).join(path)
    }

    /// The other names in the process environment that give a variable a different value.
    pub(super) fn ignored(&self, variable: &Variable, found: &Found) -> Vec<&'static str> {
        std::iter::once(variable.name)
            .chain(variable.aliases.iter().copied())
            .filter(|name| *name != found.name)
            .filter(|name| {
                let other = self.text(Origin::Environment, name).ok().flatten();
                other.is_some_and(|other| other != found.text)
            })
            .collect()
    }

    /// Whether a variable that is not declared is set.
    pub(super) fn is_set(&self, name: &str) -> bool {
        [Origin::Environment, Origin::DotEnv]
            .into_iter()
            .any(|layer| matches!(self.text(layer, name), Ok(Some(_))))
    }

    fn text(&self, layer: Origin, name: &str) -> Result<Option<String>, Problem> {
        let text = match layer {
            Origin::DotEnv => self.dotenv.get(name).cloned(),
            _ => match self
                .process
                .get(name)
                .cloned()
                .map(OsString::into_string)
                .transpose()
            {
                Ok(text) => text,
                Err(_) => {
                    return Err(Problem::new(
                        name,
                        "is not valid UTF-8",
                        "Give it as UTF-8 text",
                    ));
                }
            },
        };
        Ok(text
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()))
    }
}

fn read_file(name: &'static str, path: &Path) -> Result<Found, Problem> {
    let refuse = |problem: String, remedy: &str| {
        Problem::new(
            format!("{name}_FILE"),
            format!("{} {problem}", path.display()),
            remedy,
        )
    };
    let metadata = std::fs::metadata(path).map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::NotFound => "does not exist".to_owned(),
            _ => format!("cannot be read ({})", error.kind()),
        };
        refuse(
            problem,
            "Name a file that this process may read, or unset it",
        )
    })?;
    if !metadata.is_file() || metadata.len() > MAX_SECRET_FILE_BYTES {
        return Err(refuse(
            "is not a regular file of at most 64 KiB".to_owned(),
            "Name a file that holds the value and nothing else",
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        refuse(
            format!("cannot be read as text ({})", error.kind()),
            "Name a text file that this process may read",
        )
    })?;
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(refuse(
            "is empty".to_owned(),
            "Write the value into it, or unset it",
        ));
    }
    let file = FoundFile {
        path: path.to_owned(),
        world_readable: metadata.permissions().mode() & 0o004 != 0,
    };
    Ok(Found {
        text,
        origin: Origin::File,
        name,
        file: Some(file),
    })
}

fn unreadable_dotenv(path: &Path, error: &dotenvy::Error) -> Problem {
    let problem = match error {
        // The line may hold a secret: only what stands before its value is repeated.
        dotenvy::Error::LineParse(line, _) => match line.split_once('=') {
            Some((name, _)) => format!("the value of `{}` cannot be parsed", name.trim()),
            None => "a line is not of the form NAME=value".to_owned(),
        },
        dotenvy::Error::Io(error) => format!("it cannot be read ({})", error.kind()),
        _ => "it cannot be read".to_owned(),
    };
    Problem::new(
        path.display().to_string(),
        problem,
        "Write one NAME=value per line and quote values that hold blanks or `#`",
    )
}
