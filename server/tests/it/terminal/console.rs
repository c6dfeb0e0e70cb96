//! The console in this process: keys go in, frames come out, and the house answers its questions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use binnacle_tui::action::Action;
use binnacle_tui::app::{App, Overlay, Setup, draw, update};
use binnacle_tui::client::auth::Client;
use binnacle_tui::client::credentials::Credentials;
use binnacle_tui::client::{feed, http};
use binnacle_tui::glyphs::ASCII;
use binnacle_tui::keys::Key;
use binnacle_tui::message::{FeedMessage, Message, Now, Owner};
use binnacle_tui::place::Place;
use binnacle_tui::runtime::clock::{Clock, run_id};
use binnacle_tui::runtime::tasks::Tasks;
use binnacle_tui::theme::{Role, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::support::House;
use crate::support::house::ADMIN;

/// Wide enough that no column is dropped.
pub(super) const SIZE: (u16, u16) = (160, 48);
/// Anything has to be seen within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time passes for the console at least so often.
const TICK: Duration = Duration::from_millis(50);
/// Between two keys of a person: a dialog drops those that come sooner.
const PAUSE_MS: u64 = 300;

/// A screen and an act of it: `Users`, `users disable`.
pub type Done = (&'static str, &'static str);

/// A console that somebody has signed in at.
pub struct Console {
    pub app: App,
    /// What was given to the clipboard.
    pub copied: Vec<String>,
    client: Client,
    tasks: Tasks,
    inbox: mpsc::Receiver<Message>,
    feed_in: mpsc::Receiver<FeedMessage>,
    feed_out: mpsc::Sender<FeedMessage>,
    wake: Arc<Notify>,
    follows: bool,
    clock: Clock,
    /// What the test says has passed, besides what has.
    passed_ms: u64,
    /// The screen and the act of each dialog.
    acting: BTreeMap<u64, (String, String)>,
    /// Acts that the house has done, each with the screen where it was begun.
    pub(super) done: BTreeSet<(String, String)>,
    terminal: Terminal<TestBackend>,
    _folder: TempDir,
}

/// The name of a screen.
pub fn name_of(place: &Place) -> String {
    let written = format!("{place:?}");
    let end = written.find([' ', '{']).unwrap_or(written.len());
    written[..end].to_owned()
}

impl Console {
    /// A console of the house's admin, signed in by keys.
    pub async fn open(house: &House) -> Self {
        Self::at(&house.base()).await
    }

    /// As [`Console::open`], for a house of another process.
    pub async fn at(base: &str) -> Self {
        Self::of(base, ADMIN).await
    }

    /// As [`Console::at`], of somebody else.
    pub async fn of(base: &str, who: (&str, &str)) -> Self {
        let mut console = Self::before_sign_in(base);
        console.until("email").await;
        console.types(who.0);
        console.key(Key::Enter);
        console.types(who.1);
        console.key(Key::Enter);
        console.until("* live").await;
        console
    }

    fn before_sign_in(base: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let http = http::build(http::Via::Console, None).expect("a client");
        let base = base.parse().expect("an address");
        let client = Client::new(http, base, None, Credentials::new(folder.path()));
        let setup = Setup {
            context: "test".to_owned(),
            contexts: vec!["test".to_owned()],
            server: "house".to_owned(),
            theme: Theme::None,
            context_role: Role::Title,
            glyphs: &ASCII,
            read_only: false,
            insecure: false,
            mouse: false,
            run: run_id(),
            typed_before: Vec::new(),
        };
        let (out, inbox) = mpsc::channel(1_024);
        let (feed_out, feed_in) = mpsc::channel(1_024);
        let backend = TestBackend::new(SIZE.0, SIZE.1);
        let mut console = Self {
            app: App::new(setup, SIZE),
            copied: Vec::new(),
            client,
            tasks: Tasks::new(out),
            inbox,
            feed_in,
            feed_out,
            wake: Arc::new(Notify::new()),
            follows: false,
            clock: Clock::start(),
            passed_ms: 0,
            acting: BTreeMap::new(),
            done: BTreeSet::new(),
            terminal: Terminal::new(backend).expect("a backend"),
            _folder: folder,
        };
        let first = console.app.begin(console.now());
        console.perform(first);
        console
    }

    fn now(&self) -> Now {
        let now = self.clock.now();
        Now {
            ms: now.ms + self.passed_ms,
            ..now
        }
    }

    fn send(&mut self, message: Message) {
        if let Message::Answer {
            slot,
            outcome: Ok(_),
            ..
        } = &message
            && let (Owner::Dialog(number), "act") = (slot.owner, slot.part)
            && let Some(act) = self.acting.get(&number)
        {
            self.done.insert(act.clone());
        }
        let now = self.now();
        let actions = update(&mut self.app, message, now);
        self.perform(actions);
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
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
                Action::Feed if self.follows => self.wake.notify_one(),
                Action::Feed => {
                    self.follows = true;
                    let (out, wake) = (self.feed_out.clone(), self.wake.clone());
                    self.tasks.run(async move {
                        feed::follow(client, out, wake, || 0.5).await;
                        Message::Tick
                    });
                }
                Action::Copy(text) => self.copied.push(text),
                Action::Export(_)
                | Action::Mouse(_)
                | Action::KeepHistory(_)
                | Action::Context(_)
                | Action::Redraw
                | Action::Suspend
                | Action::Quit => {}
            }
        }
    }

    /// Takes in everything that has come, then waits a little for more.
    async fn hear(&mut self) {
        let next = async {
            tokio::select! {
                Some(message) = self.inbox.recv() => message,
                Some(message) = self.feed_in.recv() => Message::Feed(message),
            }
        };
        let message = tokio::time::timeout(TICK, next).await;
        self.send(message.unwrap_or(Message::Tick));
        while let Ok(message) = self.inbox.try_recv() {
            self.send(message);
        }
        while let Ok(message) = self.feed_in.try_recv() {
            self.send(Message::Feed(message));
        }
    }

    /// Waits until `seen` finds what it looks for.
    pub async fn wait_for<T>(&mut self, what: &str, seen: impl Fn(&App, &str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let frame = self.frame();
            if let Some(found) = seen(&self.app, &frame) {
                return found;
            }
            assert!(Instant::now() < deadline, "not seen: {what}\n{frame}");
            self.hear().await;
        }
    }

    /// Waits until the frame shows it.
    pub async fn until(&mut self, text: &str) {
        self.wait_for(text, |_, frame| frame.contains(text).then_some(()))
            .await;
    }

    /// Waits until a line shows all of these.
    pub async fn until_line(&mut self, words: &[&str]) {
        let shows = |line: &str| words.iter().all(|word| line.contains(word));
        self.wait_for(&words.join(" "), |_, frame| {
            frame.lines().any(shows).then_some(())
        })
        .await;
    }

    /// The frame as text.
    pub fn frame(&mut self) -> String {
        let app = &self.app;
        let drawn = self.terminal.draw(|frame| draw(app, frame));
        let buffer = drawn.expect("a frame").buffer.clone();
        let mut text = String::new();
        for y in 0..SIZE.1 {
            let line: String = (0..SIZE.0).map(|x| buffer[(x, y)].symbol()).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Presses a key.
    pub fn key(&mut self, key: Key) {
        self.passed_ms += PAUSE_MS;
        let before = self.app.history.shown().map(|(_, screen)| screen.place());
        self.send(Message::Key(key.event()));
        let Some(before) = before else { return };
        let overlay = match &self.app.overlay {
            Overlay::Dialog(dialog) => Some(&**dialog),
            _ => None,
        };
        let dialogs = overlay.into_iter().chain(&self.app.silent);
        for dialog in dialogs {
            let act = (name_of(&before), format!("{:?}", dialog.act));
            self.acting.entry(dialog.number).or_insert(act);
        }
    }

    /// Presses these letters.
    pub fn types(&mut self, letters: &str) {
        for letter in letters.chars() {
            self.key(Key::Char(letter));
        }
    }

    /// Opens a screen by its digit, and waits for its title.
    pub async fn screen(&mut self, digit: char, title: &str) {
        self.key(Key::Char(digit));
        let title = format!(" {title}");
        self.wait_for(&title, |_, frame| {
            let line = frame.lines().nth(1)?;
            line.starts_with(&title).then_some(())
        })
        .await;
    }

    /// Fails unless the house has done these acts from these screens, and no others.
    #[track_caller]
    pub fn has_done(&self, wanted: &[Done]) {
        let wanted: BTreeSet<(String, String)> = wanted
            .iter()
            .map(|(screen, act)| ((*screen).to_owned(), (*act).to_owned()))
            .collect();
        pretty_assertions::assert_eq!(self.done, wanted);
    }
}
