//! The secret from which every key is derived: given by the operator, or made on the first start
//! outside production and kept in a file that only the server can read.

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use secrecy::{ExposeSecret, SecretString};

use super::{Ground, StartError};
use crate::platform::{config::JwtSecret, entropy::Entropy};

/// Shorter ones can be guessed.
const MINIMUM_BYTES: usize = 32;

impl Ground {
    /// The secrets that this house's replaced.
    pub(super) fn previous_secrets(&self) -> Vec<&[u8]> {
        let previous = &self.config.auth.jwt_secrets_previous;
        previous
            .iter()
            .map(|secret| secret.expose_secret().as_bytes())
            .collect()
    }
}

pub(super) fn load(secret: &JwtSecret, entropy: &Entropy) -> Result<SecretString, StartError> {
    match secret {
        JwtSecret::Given(secret) => Ok(secret.clone()),
        JwtSecret::GenerateIn(path) => from_file(path, entropy),
    }
}

fn from_file(path: &Path, entropy: &Entropy) -> Result<SecretString, StartError> {
    let failed = |reason: String| StartError::Secret {
        path: path.to_owned(),
        reason,
    };
    let secret = hex::encode(entropy.bytes::<32>());
    // Written whole under another name first: two processes may start at once, and one of the
    // files must win unbroken.
    let draft = path.with_extension(format!("{}.new", hex::encode(entropy.bytes::<8>())));
    if !path.exists() {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(secret.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .map_err(|error| failed(error.to_string()))?;
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft).map_err(|error| failed(error.to_string()))?;
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    let read = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let read = read.trim();
    if read.len() < MINIMUM_BYTES {
        return Err(failed(format!(
            "it holds fewer than {MINIMUM_BYTES} characters"
        )));
    }
    Ok(SecretString::from(read))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn is_made_once_and_read_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt_secret");
        let first = from_file(&path, &Entropy::from_seed(1)).unwrap();
        let second = from_file(&path, &Entropy::from_seed(2)).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_short_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt_secret");
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(
            from_file(&path, &Entropy::from_seed(1)),
            Err(StartError::Secret { .. })
        ));
    }
}
