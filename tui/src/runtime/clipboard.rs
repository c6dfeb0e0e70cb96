//! Text for the terminal's clipboard, by OSC 52: it works over SSH, and nobody knows whether the
//! terminal took it.

use std::io;

use crossterm::clipboard::CopyToClipboard;

use super::terminal::Screen;

/// Terminals refuse more than this.
const LONGEST: usize = 8 << 10;

/// Sends the text, and says what became of it.
pub(super) fn copy(screen: &mut Screen, text: &str) -> io::Result<(String, bool)> {
    if text.len() > LONGEST {
        let path = std::env::temp_dir().join("binnacle-copied.txt");
        return Ok(match super::export::write_private(&path, text.as_bytes()) {
            Ok(()) => (
                format!("too long for the terminal: {}", path.display()),
                false,
            ),
            Err(error) => (format!("{}: {error}", path.display()), true),
        });
    }
    screen.command(CopyToClipboard::to_clipboard_from(text))?;
    Ok(("sent to the terminal".to_owned(), false))
}
