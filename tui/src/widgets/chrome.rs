//! The lines that are the same on every screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::line::{self, Part};
use crate::app::App;
use crate::keys::{BINDINGS, Command, Key, Where};
use crate::mirror::{Line, Verdict};
use crate::place::Place;
use crate::screens::View;
use crate::text::units;
use crate::text::width::{cells, cut};
use crate::theme::Role;

/// Cells between two hints of the footer.
pub const GAP: u16 = 2;

/// A key and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub key: Key,
    pub label: String,
    pub dim: bool,
}

impl Hint {
    fn new(key: Key, label: &str) -> Hint {
        Hint {
            key,
            label: label.to_owned(),
            dim: false,
        }
    }

    /// As it stands in the footer.
    pub fn text(&self) -> String {
        format!("{} {}", self.key.label(), self.label)
    }
}

/// The other screens, from the table of keys.
fn screens() -> impl Iterator<Item = Hint> {
    BINDINGS.iter().filter_map(|binding| match binding.command {
        Command::Screen(digit) if digit != 1 => {
            Some(Hint::new(*binding.keys.first()?, binding.help))
        }
        _ => None,
    })
}

/// The keys of the footer: open, the acts in their order, then the ways on. `?` is never cut.
pub fn hints(app: &App) -> Vec<Hint> {
    let mut last = vec![
        Hint::new(Key::Char(':'), "go"),
        Hint::new(Key::Char('?'), "keys"),
    ];
    let mut hints = Vec::new();
    if let Some((_, screen)) = app.history.shown() {
        let places = screen.keys();
        if screen.filtering().is_some() {
            last.insert(0, Hint::new(Key::Char('/'), "filter"));
        }
        if screen.opens() && crate::keys::command(Key::Enter, places) == Some(Command::Open) {
            hints.push(Hint::new(Key::Enter, "open"));
        }
        if screen.place() == Place::Overview {
            hints.extend(screens());
        }
        for act in screen.acts() {
            if let Some(letter) = act.key {
                let mut hint = Hint::new(Key::Char(letter), act.label);
                hint.dim = act.writes && app.refused().is_some();
                hints.push(hint);
            }
        }
        if screen.panes() > 1 && places.contains(&Where::Detail) {
            hints.push(Hint::new(Key::Tab, "next pane"));
        }
        if screen.acts().len() > 1 {
            last.insert(0, Hint::new(Key::Char('x'), "acts"));
        }
    }
    let width = |hints: &[Hint]| -> u16 {
        hints
            .iter()
            .map(|hint| u16::try_from(cells(&hint.text())).unwrap_or(0) + GAP)
            .sum()
    };
    let room = app.size.0.saturating_sub(width(&last));
    let most = if app.size.0 >= 100 { 8 } else { 5 };
    let on_overview = hints.iter().any(|hint| hint.key == Key::Char('2'));
    hints.truncate(if on_overview { hints.len() } else { most });
    while width(&hints) > room {
        hints.pop();
    }
    hints.extend(last);
    hints
}

/// The last line.
pub fn footer(app: &App, area: Rect, buffer: &mut Buffer, view: &View) {
    let mut parts: Vec<Part> = Vec::new();
    for hint in hints(app) {
        if !parts.is_empty() {
            parts.push(line::plain(" ".repeat(usize::from(GAP))));
        }
        let role = if hint.dim { Role::Muted } else { Role::Plain };
        let key = if hint.dim { Role::Muted } else { Role::Info };
        parts.push((key, hint.key.label()));
        parts.push((role, format!(" {}", hint.label)));
    }
    line::parts(buffer, area, &parts, view);
    if app.mouse {
        let hint = [(Role::Muted, "Shift-drag selects".to_owned())];
        let used: usize = parts.iter().map(|(_, text)| cells(text)).sum();
        if used + 20 < usize::from(area.width) {
            line::right(buffer, area, &hint, view);
        }
    }
}

/// Line 1: where one is, who one is, how the line is.
pub fn top(app: &App, area: Rect, buffer: &mut Buffer, view: &View) {
    let dot = format!(" {} ", view.glyphs.dot);
    let wide = area.width >= 100;
    let mut left: Vec<Part> = vec![
        line::plain(" "),
        (app.setup.context_role, app.setup.context.clone()),
    ];
    if wide {
        left.push((Role::Muted, format!("{dot}{}", app.setup.server)));
    }
    if app.setup.insecure {
        left.push((Role::Warn, format!("{dot}! plain http")));
    }
    if let Some(snapshot) = &app.mirror.snapshot {
        let me = &snapshot.me;
        let name = me.email.split('@').next().unwrap_or_default();
        let who = if wide { me.email.as_str() } else { name };
        let role = role_name(me.role);
        left.push((Role::Plain, format!("{dot}{who} {role}")));
    }
    if app.setup.read_only || app.refused().is_some() {
        left.push((Role::Warn, format!("{dot}READ-ONLY")));
    }
    line::parts(buffer, area, &left, view);
    let mut right: Vec<Part> = Vec::new();
    if let Some(snapshot) = app.mirror.snapshot.as_ref().filter(|_| wide) {
        right.push(line::plain(snapshot.version.clone()));
        let scope = match snapshot.scope {
            api::console::Scope::Process => "this process only".to_owned(),
            api::console::Scope::House => format!("{} procs", snapshot.processes),
        };
        right.push(line::plain(format!("{dot}{scope}{dot}")));
    }
    if let Some(ms) = app.connection.round_trip_ms {
        right.push(line::plain(format!("rtt {}{dot}", units::duration_ms(ms))));
    }
    if app.mirror.clock_is_off() {
        let off = units::duration_ms(app.mirror.behind_ms.unsigned_abs());
        right.push((Role::Warn, format!("! clock off by {off}{dot}")));
    }
    right.push(feed_state(app, view));
    let time = view.server_time().format("%H:%M UTC");
    right.push(line::plain(format!("{dot}{time}")));
    line::right(buffer, area, &right, view);
}

/// As people write roles.
pub fn role_name(role: api::accounts::Role) -> &'static str {
    match role {
        api::accounts::Role::User => "user",
        api::accounts::Role::Admin => "admin",
        api::accounts::Role::Auditor => "auditor",
    }
}

/// The state of the feed, in sign, word and role.
fn feed_state(app: &App, view: &View) -> Part {
    let now = app.now.ms;
    let glyphs = view.glyphs;
    if app.still.is_some() {
        return (Role::Info, format!("{} frozen", glyphs.frozen));
    }
    if app.connection.limited_until_ms > now {
        let left = (app.connection.limited_until_ms - now).div_ceil(1_000);
        return (Role::Warn, format!("{} limited {left} s", glyphs.warn));
    }
    let stale = view.stale_ms.map(|ms| ms / 1_000);
    match (&app.connection.line, stale) {
        (Line::Live, Some(age)) => (Role::Stale, format!("{} stale {age} s", glyphs.stale)),
        (Line::Live, None) => (Role::Ok, format!("{} live", glyphs.ok)),
        (Line::Lost { retry_at_ms, .. }, _) => {
            let left = retry_at_ms.saturating_sub(now).div_ceil(1_000);
            let text = format!("{} offline, retry in {left} s", glyphs.bad);
            (Role::Bad, text)
        }
        (Line::Connecting, Some(age)) => {
            (Role::Warn, format!("{} resuming {age} s", glyphs.resuming))
        }
        (Line::Connecting | Line::Idle, _) => {
            (Role::Muted, format!("{} connecting", glyphs.resuming))
        }
    }
}

fn verdict_role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Well => Role::Ok,
        Verdict::Look => Role::Warn,
        Verdict::Ill => Role::Bad,
        Verdict::Unknown => Role::Muted,
    }
}

/// As many facts from the first on as there is room for; the first is cut when even it has too little.
fn whole_facts(facts: &str, dot: &str, room: usize) -> String {
    let mut said = String::new();
    for fact in facts.split(dot) {
        let longer = if said.is_empty() {
            cut(fact, room)
        } else {
            format!("{said}{dot}{fact}")
        };
        if cells(&longer) > room {
            break;
        }
        said = longer;
    }
    said
}

/// Line 2: where one came to, and how much of it is shown.
pub fn crumbs(app: &App, area: Rect, buffer: &mut Buffer, view: &View, with_verdict: bool) {
    let Some((_, screen)) = app.history.shown() else {
        return;
    };
    let mut fixed: Vec<Part> = Vec::new();
    if let (true, Some(heard)) = (view.is_stale(), app.connection.heard_ms) {
        let silent = i64::try_from(app.now.ms.saturating_sub(heard)).unwrap_or(0);
        let at = view.server_time() - chrono::Duration::milliseconds(silent);
        let text = format!(" {} as of {}", view.glyphs.dot, units::clock(at));
        fixed.push((Role::Stale, text));
    }
    if with_verdict {
        let verdict = view.mirror.verdict();
        let count = view.mirror.alarms.len();
        let text = match count {
            0 => verdict.word().to_owned(),
            1 => format!("{} 1 alarm", verdict.word()),
            _ => format!("{} {count} alarms", verdict.word()),
        };
        fixed.push(line::plain(format!(" {} ", view.glyphs.dot)));
        fixed.push((verdict_role(verdict), text));
    }
    let width = usize::from(area.width);
    let taken: usize = fixed.iter().map(|(_, text)| cells(text)).sum();
    // Where one is comes first, then how it is; the rest of the line is for what is shown.
    let title = format!(" {}", screen.crumbs());
    let room = width.saturating_sub(taken + cells(&title) + 1);
    let dot = format!(" {} ", view.glyphs.dot);
    let status = whole_facts(&screen.status(view), &dot, room);
    if let (true, Some((_, first))) = (status.is_empty(), fixed.first_mut()) {
        let dot = first.trim_start().trim_start_matches(view.glyphs.dot);
        *first = dot.trim_start().to_owned();
    }
    let mut right = vec![line::plain(status)];
    right.extend(fixed);
    let left = Rect {
        width: area
            .width
            .saturating_sub(u16::try_from(taken + 1).unwrap_or(area.width)),
        ..area
    };
    line::text(buffer, left, &title, Role::Title, view);
    line::right(buffer, area, &right, view);
}

/// Line 3, where there is room: the verdict and the worst alarms.
pub fn verdict(area: Rect, buffer: &mut Buffer, view: &View) {
    let verdict = view.mirror.verdict();
    let alarms = &view.mirror.alarms;
    let mut parts: Vec<Part> = vec![(verdict_role(verdict), format!(" {}", verdict.word()))];
    match alarms.len() {
        0 => {}
        1 => parts.push(line::plain("  1 alarm:")),
        count => parts.push(line::plain(format!("  {count} alarms:"))),
    }
    let mut left = usize::from(area.width.saturating_sub(10));
    for (at, alarm) in alarms.iter().enumerate() {
        let (role, sign) = severity(alarm.severity, view);
        let dot = if at > 0 {
            format!(" {}", view.glyphs.dot)
        } else {
            String::new()
        };
        let text = format!("{dot} {sign} {}", alarm.text);
        if cells(&text) > left && at > 0 {
            break;
        }
        left = left.saturating_sub(cells(&text));
        parts.push((role, text));
    }
    let room = Rect {
        width: area.width.saturating_sub(6),
        ..area
    };
    line::parts(buffer, room, &parts, view);
    if !alarms.is_empty() {
        line::right(buffer, area, &[(Role::Info, "a all".to_owned())], view);
    }
}

/// How bad an alarm is, in role and sign.
pub fn severity(severity: api::console::Severity, view: &View) -> (Role, &'static str) {
    match severity {
        api::console::Severity::Warn => (Role::Warn, view.glyphs.warn),
        api::console::Severity::Bad => (Role::Bad, view.glyphs.bad),
    }
}
