//! Tokens on disk: one file, for this user's eyes only.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fd_lock::RwLock;
use serde::{Deserialize, Serialize};

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error("{path} can be read by others: chmod 600 {path}")]
    Open { path: PathBuf },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} is damaged: remove it and sign in again")]
    Damaged { path: PathBuf },
}

/// The tokens of one server. It has no `Debug`: they are secrets.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub access_token: String,
    /// Empty for an API key, which is never refreshed.
    #[serde(default)]
    pub refresh_token: String,
}

/// The file of tokens, by server.
#[derive(Clone, Debug)]
pub struct Credentials {
    path: PathBuf,
    lock: PathBuf,
}

impl Credentials {
    /// In a folder, which is made when there is none.
    pub fn new(folder: &Path) -> Credentials {
        Credentials {
            path: folder.join("credentials"),
            lock: folder.join("credentials.lock"),
        }
    }

    fn failed(&self, source: io::Error) -> CredentialsError {
        CredentialsError::File {
            path: self.path.clone(),
            source,
        }
    }

    fn all(&self) -> Result<BTreeMap<String, Saved>, CredentialsError> {
        let text = match fs::metadata(&self.path) {
            Ok(about) if about.permissions().mode() & 0o077 != 0 => {
                return Err(CredentialsError::Open {
                    path: self.path.clone(),
                });
            }
            Ok(_) => fs::read_to_string(&self.path).map_err(|error| self.failed(error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(self.failed(error)),
        };
        serde_json::from_str(&text).map_err(|_| CredentialsError::Damaged {
            path: self.path.clone(),
        })
    }

    /// The tokens of a server.
    pub fn load(&self, server: &str) -> Result<Option<Saved>, CredentialsError> {
        Ok(self.all()?.remove(server))
    }

    /// Keeps the tokens of a server, or forgets them. The caller holds the lock.
    pub fn save(&self, server: &str, saved: Option<&Saved>) -> Result<(), CredentialsError> {
        let mut all = self.all()?;
        match saved {
            Some(saved) => all.insert(server.to_owned(), saved.clone()),
            None => all.remove(server),
        };
        let text = serde_json::to_vec(&all).map_err(|error| self.failed(error.into()))?;
        let new = self.path.with_extension("new");
        let write = || -> io::Result<()> {
            self.make_folder()?;
            let mut file = private().create(true).truncate(true).open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(|error| self.failed(error))
    }

    fn make_folder(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(folder) => fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder),
            None => Ok(()),
        }
    }

    /// The lock under which tokens are exchanged: a refresh token is good for one use, and a second
    /// use of it would end the sign-in.
    pub fn lock(&self) -> Result<RwLock<File>, CredentialsError> {
        let open = || -> io::Result<File> {
            self.make_folder()?;
            private().create(true).truncate(false).open(&self.lock)
        };
        open().map(RwLock::new).map_err(|error| self.failed(error))
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_for_this_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().join("binnacle");
        let credentials = Credentials::new(&at);
        assert!(
            credentials
                .load("https://a.org")
                .expect("nothing")
                .is_none()
        );
        let saved = Saved {
            access_token: "a".to_owned(),
            refresh_token: "r".to_owned(),
        };
        credentials
            .save("https://a.org", Some(&saved))
            .expect("saved");
        assert!(credentials.load("https://a.org").expect("read") == Some(saved));
        let mode = |path: &Path| fs::metadata(path).expect("it").permissions().mode() & 0o777;
        assert_eq!(mode(&at), 0o700);
        assert_eq!(mode(&at.join("credentials")), 0o600);
        fs::set_permissions(at.join("credentials"), fs::Permissions::from_mode(0o644))
            .expect("changed");
        assert!(matches!(
            credentials.load("https://a.org"),
            Err(CredentialsError::Open { .. })
        ));
    }
}
