//! A console on a fixed clock, its server played by the test.

pub(crate) mod fixtures;

use binnacle_tui::action::Action;
use binnacle_tui::app::{App, Setup, draw, update};
use binnacle_tui::client::{Failure, Reply, Request};
use binnacle_tui::glyphs::{ASCII, UNICODE};
use binnacle_tui::keys::Key;
use binnacle_tui::message::{FeedMessage, Message, Now, Slot};
use binnacle_tui::theme::{Role, Theme};
use chrono::{DateTime, TimeZone, Utc};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};
use serde::Serialize;

/// The moment at which every test begins.
pub(crate) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 2, 47, 9).unwrap()
}

/// How the console looks in a test.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) size: (u16, u16),
    pub(crate) theme: Theme,
    pub(crate) ascii: bool,
}

pub(crate) const WIDE: Look = Look {
    size: (120, 36),
    theme: Theme::Dark,
    ascii: false,
};

pub(crate) const SMALL: Look = Look {
    size: (80, 24),
    theme: Theme::None,
    ascii: true,
};

/// A question of the console that was not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) slot: Slot,
    pub(crate) generation: u64,
    pub(crate) request: Request,
    /// Whether it changes something.
    pub(crate) act: bool,
}

/// The console, and what it asked for.
pub(crate) struct Console {
    pub(crate) app: App,
    pub(crate) asked: Vec<Asked>,
    pub(crate) actions: Vec<Action>,
    pub(crate) ms: u64,
    look: Look,
}

impl Console {
    pub(crate) fn new(look: Look) -> Console {
        let setup = Setup {
            context: "prod".to_owned(),
            contexts: vec!["prod".to_owned(), "staging".to_owned()],
            server: "binnacle.example.org".to_owned(),
            theme: look.theme,
            context_role: Role::Title,
            glyphs: if look.ascii { &ASCII } else { &UNICODE },
            read_only: false,
            insecure: false,
            mouse: false,
            run: "run".to_owned(),
            typed_before: Vec::new(),
        };
        let mut console = Console {
            app: App::new(setup, look.size),
            asked: Vec::new(),
            actions: Vec::new(),
            ms: 1_000,
            look,
        };
        let first = console.app.begin(console.now());
        console.keep(first);
        console
    }

    /// A console whose feed has told everything.
    pub(crate) fn live(look: Look) -> Console {
        let mut console = Console::new(look);
        console.feed("snapshot", &fixtures::snapshot());
        console
    }

    fn now(&self) -> Now {
        Now {
            utc: start()
                + chrono::Duration::milliseconds(
                    i64::try_from(self.ms).expect("a short test") - 1_000,
                ),
            ms: self.ms,
        }
    }

    fn keep(&mut self, actions: Vec<Action>) {
        for action in &actions {
            let (slot, generation, request, act) = match action {
                Action::Fetch {
                    slot,
                    generation,
                    request,
                    ..
                } => (slot, generation, request, false),
                Action::Act {
                    slot,
                    generation,
                    request,
                } => (slot, generation, request, true),
                _ => continue,
            };
            self.asked.push(Asked {
                slot: slot.clone(),
                generation: *generation,
                request: request.clone(),
                act,
            });
        }
        self.actions.extend(actions);
    }

    pub(crate) fn send(&mut self, message: Message) {
        let now = self.now();
        let actions = update(&mut self.app, message, now);
        self.keep(actions);
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, ms: u64) {
        self.ms += ms;
        self.send(Message::Tick);
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.send(Message::Key(key.event()));
    }

    /// Types letters, one key each, with time enough between that a dialog takes them.
    pub(crate) fn keys(&mut self, text: &str) {
        for letter in text.chars() {
            self.ms += 300;
            self.key(Key::Char(letter));
        }
    }

    pub(crate) fn enter(&mut self) {
        self.ms += 300;
        self.key(Key::Enter);
    }

    pub(crate) fn feed(&mut self, event: &str, data: &impl Serialize) {
        self.send(Message::Feed(FeedMessage::Open));
        self.send(Message::Feed(FeedMessage::Event {
            id: "w1.1".to_owned(),
            event: event.to_owned(),
            data: serde_json::to_string(data).expect("JSON"),
        }));
    }

    /// The last open question to an address that begins so.
    pub(crate) fn question(&mut self, path: &str) -> Asked {
        let at = self
            .asked
            .iter()
            .rposition(|asked| asked.request.path == path)
            .unwrap_or_else(|| panic!("{path} was not asked: {:?}", self.asked));
        self.asked.remove(at)
    }

    /// Whether there is an open question to that address.
    pub(crate) fn asks(&self, path: &str) -> bool {
        self.asked.iter().any(|asked| asked.request.path == path)
    }

    pub(crate) fn outcome(&mut self, path: &str, outcome: Result<Reply, Failure>) -> Request {
        let asked = self.question(path);
        self.ms += 20;
        self.send(Message::Answer {
            slot: asked.slot,
            generation: asked.generation,
            outcome,
        });
        asked.request
    }

    /// Answers the last question to that address; what was asked.
    pub(crate) fn answer(&mut self, path: &str, body: &impl Serialize) -> Request {
        let reply = Reply {
            body: serde_json::to_vec(body).expect("JSON"),
            audit_id: Some(48_211),
            took_ms: 38,
            ..Reply::default()
        };
        self.outcome(path, Ok(reply))
    }

    pub(crate) fn refuse(&mut self, path: &str, status: u16, code: &str, detail: &str) {
        self.outcome(
            path,
            Err(Failure::Refused {
                status,
                code: code.to_owned(),
                detail: detail.to_owned(),
                field: None,
                retry_after_s: (status >= 429).then_some(4),
                request_id: Some("9f3c".to_owned()),
            }),
        );
    }

    /// The frame: its text, and below it where which role shows.
    pub(crate) fn frame(&self) -> (String, String) {
        let (width, height) = self.look.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a backend");
        let drawn = terminal
            .draw(|frame| draw(&self.app, frame))
            .expect("a frame");
        let buffer = drawn.buffer.clone();
        let (mut text, mut looks) = (String::new(), String::new());
        for y in 0..height {
            let (mut line, mut marks) = (String::new(), String::new());
            let mut x = 0;
            while x < width {
                let cell = &buffer[(x, y)];
                line.push_str(cell.symbol());
                marks.push(mark(cell.fg, cell.modifier));
                // A wide letter hides the cell after it.
                let cells = binnacle_tui::text::width::cells(cell.symbol());
                x += u16::try_from(cells.max(1)).expect("a few cells");
            }
            text.push_str(line.trim_end());
            text.push('\n');
            looks.push_str(marks.trim_end());
            looks.push('\n');
        }
        (text, looks)
    }

    pub(crate) fn text(&self) -> String {
        self.frame().0
    }

    /// Fails unless the frame says so.
    pub(crate) fn shows(&self, wanted: &str) {
        let text = self.text();
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }

    pub(crate) fn shows_not(&self, unwanted: &str) {
        let text = self.text();
        assert!(!text.contains(unwanted), "{unwanted:?} in\n{text}");
    }
}

/// One letter for a look: colours by their first letter, else what is bold, dim or reversed.
fn mark(colour: Color, modifier: Modifier) -> char {
    if modifier.contains(Modifier::REVERSED) {
        return 'R';
    }
    match colour {
        Color::Indexed(114 | 28) | Color::Green | Color::LightGreen => 'o',
        Color::Indexed(221 | 130) | Color::Yellow | Color::LightYellow => 'w',
        Color::Indexed(210 | 124) | Color::Red | Color::LightRed => 'b',
        Color::Indexed(117 | 25) | Color::Cyan | Color::LightCyan => 'i',
        Color::Indexed(245 | 241) if modifier.contains(Modifier::ITALIC) => 's',
        Color::Indexed(245 | 241) => 'm',
        _ if modifier.contains(Modifier::ITALIC) => 's',
        _ if modifier.contains(Modifier::DIM) => 'm',
        _ if modifier.contains(Modifier::UNDERLINED) => 'i',
        _ if modifier.contains(Modifier::BOLD) => 'B',
        _ => ' ',
    }
}
