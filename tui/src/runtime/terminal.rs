//! The terminal while the console has it, and its way back.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{App, render};

/// A whole frame goes out in one write.
const BUFFER: usize = 64 << 10;

type Out = BufWriter<Stdout>;

/// Whether the terminal is ours now: the panic hook asks.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, taken; it is given back when this is dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Out>>,
    /// The last frame, and where its cursor stood: an equal one sends no bytes.
    shown: Option<(Buffer, Option<(u16, u16)>)>,
}

impl Screen {
    /// Takes the terminal.
    pub fn take(mouse: bool) -> io::Result<Screen> {
        enter(mouse)?;
        Ok(Screen {
            terminal: fresh()?,
            shown: None,
        })
    }

    /// Takes the terminal again after a pause.
    pub fn retake(&mut self, mouse: bool) -> io::Result<()> {
        enter(mouse)?;
        self.redraw()
    }

    /// Forgets what is on the screen: the next frame is drawn whole.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.shown = None;
        // Not `Terminal::clear`: it asks the terminal where its cursor is, and slow lines answer late.
        execute!(self.terminal.backend_mut(), Clear(ClearType::All))?;
        self.terminal = fresh()?;
        Ok(())
    }

    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame, unless it is the one that is shown; a terminal that knows how shows it at once
    /// and whole.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        let (width, height) = self.size()?;
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let cursor = render(app, area, &mut buffer);
        let same = |shown: &(Buffer, Option<(u16, u16)>)| shown.0 == buffer && shown.1 == cursor;
        if self.shown.as_ref().is_some_and(same) {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            // A terminal that changed its size meanwhile gets its frame the next time.
            if frame.area() == area {
                frame.buffer_mut().clone_from(&buffer);
                if let Some(position) = cursor {
                    frame.set_cursor_position(position);
                }
            }
        })?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.backend_mut().flush()?;
        self.shown = Some((buffer, cursor));
        Ok(())
    }

    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        if on {
            execute!(self.terminal.backend_mut(), EnableMouseCapture)
        } else {
            execute!(self.terminal.backend_mut(), DisableMouseCapture)
        }
    }

    /// Writes a code for the terminal itself.
    pub fn command(&mut self, command: impl crossterm::Command) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), command)
    }

    /// Gives the terminal back for a while.
    pub fn give_back(&mut self) {
        leave();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// A terminal that knows nothing of what is shown.
fn fresh() -> io::Result<Terminal<CrosstermBackend<Out>>> {
    let out = BufWriter::with_capacity(BUFFER, io::stdout());
    Terminal::new(CrosstermBackend::new(out))
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    execute!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// Leaves the terminal as it was; nothing when it is not ours.
pub fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Whatever fails here, the rest is still worth trying: a raw terminal is no terminal.
    let _tried = execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _tried = disable_raw_mode();
}

/// A panic is told on a terminal that people can read.
pub fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        leave();
        before(panic);
    }));
}
