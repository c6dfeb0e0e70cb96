//! Every key of the console that is not an act's, in one table: the loop, the footer, the help and
//! the page in `docs` read it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key that every terminal can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
}

impl Key {
    /// What a terminal sent, unless it is nothing that the console knows.
    pub fn of(event: &KeyEvent) -> Option<Key> {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        Some(match event.code {
            KeyCode::Char(letter) if control => Key::Ctrl(letter.to_ascii_lowercase()),
            KeyCode::Char(letter) => Key::Char(letter),
            KeyCode::Enter => Key::Enter,
            KeyCode::Esc => Key::Esc,
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => Key::BackTab,
            KeyCode::Tab => Key::Tab,
            KeyCode::BackTab => Key::BackTab,
            KeyCode::Backspace => Key::Backspace,
            KeyCode::Delete => Key::Delete,
            KeyCode::Up => Key::Up,
            KeyCode::Down => Key::Down,
            KeyCode::Left => Key::Left,
            KeyCode::Right => Key::Right,
            KeyCode::PageUp => Key::PageUp,
            KeyCode::PageDown => Key::PageDown,
            KeyCode::Home => Key::Home,
            KeyCode::End => Key::End,
            _ => return None,
        })
    }

    /// The event that a terminal sends for it.
    pub fn event(self) -> KeyEvent {
        let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
        match self {
            Key::Char(letter) => plain(KeyCode::Char(letter)),
            Key::Ctrl(letter) => KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL),
            Key::Enter => plain(KeyCode::Enter),
            Key::Esc => plain(KeyCode::Esc),
            Key::Tab => plain(KeyCode::Tab),
            Key::BackTab => KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
            Key::Backspace => plain(KeyCode::Backspace),
            Key::Delete => plain(KeyCode::Delete),
            Key::Up => plain(KeyCode::Up),
            Key::Down => plain(KeyCode::Down),
            Key::Left => plain(KeyCode::Left),
            Key::Right => plain(KeyCode::Right),
            Key::PageUp => plain(KeyCode::PageUp),
            Key::PageDown => plain(KeyCode::PageDown),
            Key::Home => plain(KeyCode::Home),
            Key::End => plain(KeyCode::End),
        }
    }

    /// As the footer, the help and the documentation name it.
    pub fn label(self) -> String {
        match self {
            Key::Char(' ') => "Space".to_owned(),
            Key::Char(letter) => letter.to_string(),
            Key::Ctrl(letter) => format!("Ctrl-{}", letter.to_ascii_uppercase()),
            Key::BackTab => "Shift-Tab".to_owned(),
            Key::PageUp => "PgUp".to_owned(),
            Key::PageDown => "PgDn".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// Where a key has its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Where {
    Everywhere,
    List,
    Detail,
    Form,
    Dialog,
}

impl Where {
    /// A heading of the help.
    pub fn title(self) -> &'static str {
        match self {
            Where::Everywhere => "Everywhere",
            Where::List => "Lists",
            Where::Detail => "Details",
            Where::Form => "Forms",
            Where::Dialog => "Dialogs",
        }
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    Help,
    Palette,
    Filter,
    Screen(u8),
    Out,
    Quit,
    Leave,
    Back,
    Forward,
    Refresh,
    Freeze,
    Alarms,
    Undo,
    Mouse,
    Redraw,
    Suspend,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    TabLeft,
    TabRight,
    Open,
    Mark,
    Range,
    MarkAll,
    Sort,
    Acts,
    Owner,
    CopyId,
    CopyRow,
    Export,
    PaneNext,
    PanePrevious,
    RowNext,
    RowPrevious,
    Trace,
    Accept,
    Cancel,
    Confirm,
    FieldNext,
    FieldPrevious,
    ClearField,
}

/// One line of the table.
#[derive(Debug)]
pub struct Binding {
    pub place: Where,
    pub keys: &'static [Key],
    pub command: Command,
    pub help: &'static str,
}

const fn bind(place: Where, keys: &'static [Key], command: Command, help: &'static str) -> Binding {
    Binding {
        place,
        keys,
        command,
        help,
    }
}

use Command as C;
use Key::{Char, Ctrl};
use Where::{Detail, Dialog, Everywhere, Form, List};

/// The table.
pub static BINDINGS: &[Binding] = &[
    bind(Everywhere, &[Char('?')], C::Help, "keys of this screen"),
    bind(
        Everywhere,
        &[Char(':')],
        C::Palette,
        "go anywhere, do anything",
    ),
    bind(Everywhere, &[Char('/')], C::Filter, "filter"),
    bind(Everywhere, &[Char('1')], C::Screen(1), "Overview"),
    bind(Everywhere, &[Char('2')], C::Screen(2), "Users"),
    bind(Everywhere, &[Char('3')], C::Screen(3), "Budgets"),
    bind(Everywhere, &[Char('4')], C::Screen(4), "Jobs"),
    bind(Everywhere, &[Char('5')], C::Screen(5), "Streams"),
    bind(Everywhere, &[Char('6')], C::Screen(6), "Retention"),
    bind(Everywhere, &[Char('7')], C::Screen(7), "Providers"),
    bind(Everywhere, &[Char('8')], C::Screen(8), "Audit"),
    bind(Everywhere, &[Char('9')], C::Screen(9), "System"),
    bind(Everywhere, &[Char('0')], C::Screen(0), "Settings"),
    bind(
        Everywhere,
        &[Key::Esc],
        C::Out,
        "one step out: dialog, filter, marks, screen",
    ),
    bind(Everywhere, &[Char('q')], C::Quit, "back; at the root, quit"),
    bind(
        Everywhere,
        &[Ctrl('c')],
        C::Leave,
        "quit; in a dialog, cancel",
    ),
    bind(Everywhere, &[Char('[')], C::Back, "back"),
    bind(Everywhere, &[Char(']')], C::Forward, "forward"),
    bind(Everywhere, &[Char('r')], C::Refresh, "refresh"),
    bind(Everywhere, &[Char('f')], C::Freeze, "freeze and thaw"),
    bind(Everywhere, &[Char('a')], C::Alarms, "alarms"),
    bind(Everywhere, &[Char('u')], C::Undo, "undo the last act"),
    bind(Everywhere, &[Char('x')], C::Acts, "every act"),
    bind(Everywhere, &[Char('M')], C::Mouse, "mouse on and off"),
    bind(Everywhere, &[Ctrl('l')], C::Redraw, "draw again"),
    bind(Everywhere, &[Ctrl('z')], C::Suspend, "suspend"),
    bind(List, &[Key::Up, Char('k')], C::Up, "up"),
    bind(List, &[Key::Down, Char('j')], C::Down, "down"),
    bind(List, &[Key::PageUp, Ctrl('u')], C::PageUp, "page up"),
    bind(List, &[Key::PageDown, Ctrl('d')], C::PageDown, "page down"),
    bind(List, &[Key::Home, Char('g')], C::Home, "first"),
    bind(List, &[Key::End, Char('G')], C::End, "last"),
    bind(
        List,
        &[Key::Left, Char('h'), Char('<')],
        C::TabLeft,
        "tab to the left; a month back",
    ),
    bind(
        List,
        &[Key::Right, Char('l'), Char('>')],
        C::TabRight,
        "tab to the right; a month on",
    ),
    bind(List, &[Key::Enter], C::Open, "open"),
    bind(List, &[Char(' ')], C::Mark, "mark, and down"),
    bind(
        List,
        &[Char('v')],
        C::Range,
        "mark from the last mark to here",
    ),
    bind(List, &[Char('A')], C::MarkAll, "mark all that match"),
    bind(List, &[Char('s')], C::Sort, "sort, then a column's letter"),
    bind(List, &[Char('w')], C::Owner, "the user it belongs to"),
    bind(List, &[Char('y')], C::CopyId, "copy the id"),
    bind(List, &[Char('Y')], C::CopyRow, "copy the row as JSON"),
    bind(List, &[Char('X')], C::Export, "export what matches"),
    bind(Detail, &[Key::Tab], C::PaneNext, "next pane"),
    bind(Detail, &[Key::BackTab], C::PanePrevious, "previous pane"),
    bind(Detail, &[Char('n')], C::RowNext, "next of the list behind"),
    bind(
        Detail,
        &[Char('N')],
        C::RowPrevious,
        "previous of the list behind",
    ),
    bind(Detail, &[Char('o')], C::Trace, "copy the trace link"),
    bind(Form, &[Key::Tab, Key::Down], C::FieldNext, "next field"),
    bind(
        Form,
        &[Key::BackTab, Key::Up],
        C::FieldPrevious,
        "previous field",
    ),
    bind(Form, &[Key::Enter], C::Accept, "save"),
    bind(Form, &[Ctrl('u')], C::ClearField, "clear the field"),
    bind(Form, &[Key::Esc, Ctrl('c')], C::Cancel, "cancel"),
    bind(
        Dialog,
        &[Char('y')],
        C::Confirm,
        "confirm, where no word is asked for",
    ),
    bind(
        Dialog,
        &[Key::Enter],
        C::Accept,
        "confirm once the word is right, else cancel",
    ),
    bind(Dialog, &[Key::Esc, Ctrl('c')], C::Cancel, "cancel"),
];

/// The command of `key` in the first of `places` that knows it.
pub fn command(key: Key, places: &[Where]) -> Option<Command> {
    places.iter().find_map(|place| {
        BINDINGS
            .iter()
            .find(|binding| binding.place == *place && binding.keys.contains(&key))
            .map(|binding| binding.command)
    })
}

/// The keys of a command as the help names them: `Up k`.
pub fn labels(keys: &[Key]) -> String {
    let labels: Vec<String> = keys.iter().map(|key| key.label()).collect();
    labels.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Keys that reach nobody: a terminal sends another, or tmux, screen or flow control take them.
    const TAKEN: [Key; 7] = [
        Ctrl('i'),
        Ctrl('m'),
        Ctrl('h'),
        Ctrl('b'),
        Ctrl('a'),
        Ctrl('s'),
        Ctrl('q'),
    ];

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        let mut seen = BTreeMap::new();
        for binding in BINDINGS {
            for key in binding.keys {
                let before = seen.insert((binding.place, *key), binding.command);
                assert_eq!(before, None, "{:?} {}", binding.place, key.label());
                assert!(!TAKEN.contains(key), "{} never arrives", key.label());
            }
        }
    }

    #[test]
    fn lists_and_details_leave_the_keys_of_everywhere_alone() {
        let keys = |place| {
            BINDINGS
                .iter()
                .filter(move |binding| binding.place == place)
                .flat_map(|binding| binding.keys.iter().copied())
        };
        for place in [List, Detail] {
            for key in keys(place) {
                assert!(
                    keys(Everywhere).all(|other| other != key),
                    "{}",
                    key.label()
                );
            }
        }
        for key in keys(Detail) {
            assert!(keys(List).all(|other| other != key), "{}", key.label());
        }
    }

    #[test]
    fn every_key_comes_back_from_its_event() {
        for binding in BINDINGS {
            for key in binding.keys {
                assert_eq!(Key::of(&key.event()), Some(*key));
            }
        }
    }
}
