//! One loop: keys, answers, the feed and the passing of time become messages; what `update` asks for
//! is done; a frame is drawn when something changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::clock::{Clock, jitter};
use super::tasks::Tasks;
use super::terminal::Screen;
use super::{RuntimeError, clipboard, export, suspend};
use crate::action::Action;
use crate::app::{App, update};
use crate::client::auth::Client;
use crate::client::feed;
use crate::client::http::ClientError;
use crate::message::{FeedMessage, Message};
use crate::theme::Theme;

/// At most thirty frames a second.
const FRAME: Duration = Duration::from_millis(33);
/// While time alone changes what is shown.
const TICK: Duration = Duration::from_secs(1);
/// Between two words about something that takes long.
const QUIET: Duration = Duration::from_secs(2);
/// Messages that wait to be taken.
const QUEUE: usize = 1_024;

/// Makes a client: certificates are read for it, which takes longer than a frame.
pub type Connect = Box<dyn FnOnce() -> Result<Client, ClientError> + Send>;

/// What the loop is started with.
pub struct Started {
    pub app: App,
    pub connect: Connect,
    pub clock: Clock,
    /// Where the palette's lines are kept.
    pub history: PathBuf,
}

/// Why the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    Quit,
    /// Start again with that context.
    Context(String),
}

struct Runtime {
    screen: Screen,
    client: Client,
    tasks: Tasks,
    wake: Arc<Notify>,
    feed_runs: bool,
    feed_out: mpsc::Sender<FeedMessage>,
    history: PathBuf,
    messages: mpsc::Sender<Message>,
    ended: Option<Ended>,
    suspend: bool,
}

/// Runs the console until it is left. The first frame waits for nothing: not for the server, not for
/// certificates, not for `ground`, which may ask the terminal for its colours.
pub async fn run(
    started: Started,
    ground: impl FnOnce() -> Option<Theme>,
) -> Result<Ended, RuntimeError> {
    let Started {
        mut app,
        connect,
        clock,
        history,
    } = started;
    let mut screen = Screen::take(app.mouse)?;
    app.size = screen.size()?;
    let first = app.begin(clock.now());
    let client = first_frame(&mut screen, &mut app, connect, ground).await?;
    let (messages, mut inbox) = mpsc::channel(QUEUE);
    let (feed_out, mut feed_in) = mpsc::channel(QUEUE);
    let mut runtime = Runtime {
        screen,
        client,
        tasks: Tasks::new(messages.clone()),
        wake: Arc::new(Notify::new()),
        feed_runs: false,
        feed_out,
        history,
        messages,
        ended: None,
        suspend: false,
    };
    runtime.all(first)?;
    let mut keys = EventStream::new();
    let mut ends = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    ];
    let mut drawn = Instant::now();
    let mut dirty = false;
    while runtime.ended.is_none() {
        let frame_at = drawn + FRAME;
        let message = tokio::select! {
            event = keys.next() => match event {
                Some(event) => of_event(event?),
                None => break,
            },
            Some(message) = inbox.recv() => Some(message),
            Some(message) = feed_in.recv() => Some(Message::Feed(message)),
            () = ended(&mut ends) => break,
            () = tokio::time::sleep_until(frame_at), if dirty => {
                dirty = false;
                drawn = Instant::now();
                runtime.screen.draw(&app)?;
                continue;
            }
            () = tokio::time::sleep(TICK), if !dirty && app.ticks() => Some(Message::Tick),
        };
        let Some(message) = message else { continue };
        runtime.all(update(&mut app, message, clock.now()))?;
        dirty = true;
        if std::mem::take(&mut runtime.suspend) {
            // The stream of events reads the terminal: it must not, while the shell does.
            drop(keys);
            let resized = runtime.rest(app.mouse)?;
            keys = EventStream::new();
            runtime.all(update(&mut app, resized, clock.now()))?;
        }
    }
    Ok(runtime.ended.unwrap_or(Ended::Quit))
}

/// Draws, and only then does what takes longer than a frame.
async fn first_frame(
    screen: &mut Screen,
    app: &mut App,
    connect: Connect,
    ground: impl FnOnce() -> Option<Theme>,
) -> Result<Client, RuntimeError> {
    screen.draw(app)?;
    let client = tokio::task::spawn_blocking(connect);
    if let Some(theme) = ground() {
        app.setup.theme = theme;
        screen.draw(app)?;
    }
    Ok(client.await.map_err(std::io::Error::other)??)
}

async fn ended(ends: &mut [Signal; 2]) {
    let [terminate, hangup] = ends;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

fn of_event(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => Some(Message::Key(key)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Resize(width, height) => Some(Message::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

impl Runtime {
    fn all(&mut self, actions: Vec<Action>) -> Result<(), RuntimeError> {
        for action in actions {
            self.one(action)?;
        }
        Ok(())
    }

    fn one(&mut self, action: Action) -> Result<(), RuntimeError> {
        let client = self.client.clone();
        match action {
            Action::Fetch {
                slot,
                generation,
                request,
                after_ms,
            } => {
                let after = Duration::from_millis(after_ms);
                self.tasks.fetch(client, slot, generation, request, after);
            }
            Action::Act {
                slot,
                generation,
                request,
            } => self.tasks.act(client, slot, generation, request),
            Action::Cancel(slot) => self.tasks.cancel(&slot),
            Action::SignIn(who) => {
                self.tasks.run(async move {
                    Message::SignedIn(client.sign_in(who.email, who.password).await)
                });
            }
            Action::Feed => self.feed(client),
            Action::Copy(text) => {
                let (text, bad) = clipboard::copy(&mut self.screen, &text)?;
                self.tell(text, bad);
            }
            Action::Export(wanted) => {
                let messages = self.messages.clone();
                self.tasks.run(async move {
                    let path = wanted.path.display().to_string();
                    let mut quiet = Instant::now() + QUIET;
                    let told = |progress: export::Progress| {
                        let now = Instant::now();
                        if progress.wait_s.is_some() || now >= quiet {
                            quiet = now + QUIET;
                            let text = format!("{path}: {progress}");
                            // A full queue has more to say than this.
                            let _told = messages.try_send(Message::Progress(text));
                        }
                    };
                    match export::write(&client, &wanted, told).await {
                        Ok(rows) => Message::Told {
                            text: format!("{rows} rows in {path}"),
                            bad: false,
                        },
                        Err(error) => Message::Told {
                            text: format!("{path}: {error}"),
                            bad: true,
                        },
                    }
                });
            }
            Action::Mouse(on) => self.screen.mouse(on)?,
            Action::KeepHistory(lines) => {
                // The lines are a comfort: when they cannot be kept, nothing is lost.
                let _kept = keep(&self.history, &lines);
            }
            Action::Context(name) => self.ended = Some(Ended::Context(name)),
            Action::Redraw => self.screen.redraw()?,
            Action::Suspend => self.suspend = true,
            Action::Quit => self.ended = Some(Ended::Quit),
        }
        Ok(())
    }

    /// Gives the terminal back and stops, until the console is in the foreground again.
    fn rest(&mut self, mouse: bool) -> Result<Message, RuntimeError> {
        self.screen.give_back();
        suspend::stop()?;
        self.screen.retake(mouse)?;
        let (width, height) = self.screen.size()?;
        Ok(Message::Resize(width, height))
    }

    fn feed(&mut self, client: Client) {
        if self.feed_runs {
            self.wake.notify_one();
            return;
        }
        self.feed_runs = true;
        let (out, wake) = (self.feed_out.clone(), Arc::clone(&self.wake));
        self.tasks.run(async move {
            feed::follow(client, out, wake, jitter).await;
            Message::Tick
        });
    }

    fn tell(&self, text: String, bad: bool) {
        // A full queue has more to say than this.
        let _told = self.messages.try_send(Message::Told { text, bad });
    }
}

fn keep(path: &std::path::Path, lines: &[String]) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    std::fs::write(path, lines.join("\n"))
}
