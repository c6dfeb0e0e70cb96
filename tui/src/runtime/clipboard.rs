//! Text for the terminal's clipboard, by OSC 52: it works over SSH, and nobody knows whether the
//! terminal took it.

use std::io::{self, Write};
use std::path::PathBuf;

use crossterm::clipboard::CopyToClipboard;

use super::terminal::Screen;

/// Terminals refuse more than this.
const LONGEST: usize = 8 << 10;

/// Sends the text, and says what became of it.
pub(super) fn copy(screen: &mut Screen, text: &str) -> io::Result<(String, bool)> {
    if text.len() > LONGEST {
        return Ok(match keep(text) {
            Ok(path) => (
                format!("too long for the terminal: {}", path.display()),
                false,
            ),
            Err(error) => (
                format!("too long for the terminal, and not kept: {error}"),
                true,
            ),
        });
    }
    screen.command(CopyToClipboard::to_clipboard_from(text))?;
    Ok(("sent to the terminal".to_owned(), false))
}

/// A file of its own, for this user's eyes only: its name cannot be foreseen, and nothing that is
/// there already is written to.
fn keep(text: &str) -> io::Result<PathBuf> {
    let mut file = tempfile::Builder::new()
        .prefix("binnacle-copied-")
        .suffix(".txt")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    let (_, path) = file.keep()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_long_copy_has_a_file_of_its_own() {
        let paths = ["one", "two"].map(|text| keep(text).expect("kept"));
        assert_ne!(paths[0], paths[1]);
        for (path, text) in paths.iter().zip(["one", "two"]) {
            let mode = std::fs::metadata(path).expect("it").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(std::fs::read_to_string(path).expect("read"), text);
            std::fs::remove_file(path).expect("removed");
        }
    }
}
