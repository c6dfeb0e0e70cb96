//! The signs that the console draws with, in two sets.

/// A set of signs, each one cell wide.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    pub ok: &'static str,
    pub warn: &'static str,
    pub bad: &'static str,
    pub info: &'static str,
    pub stale: &'static str,
    pub resuming: &'static str,
    pub frozen: &'static str,
    pub cursor: &'static str,
    pub mark: &'static str,
    /// Between facts on one line.
    pub dot: &'static str,
    pub rule: &'static str,
    pub bar_full: &'static str,
    pub bar_held: &'static str,
    pub bar_empty: &'static str,
    pub bar_today: &'static str,
    /// Eight heights of a bar, the lowest first.
    pub heights: [&'static str; 8],
    pub up: &'static str,
    pub down: &'static str,
    pub done: &'static str,
    pub more: &'static str,
    pub spread: &'static str,
}

/// For terminals that show Unicode.
pub static UNICODE: Glyphs = Glyphs {
    ok: "●",
    warn: "!",
    bad: "✕",
    info: "›",
    stale: "○",
    resuming: "~",
    frozen: "#",
    cursor: ">",
    mark: "+",
    dot: "·",
    rule: "─",
    bar_full: "█",
    bar_held: "▒",
    bar_empty: "·",
    bar_today: "│",
    heights: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    up: "▲",
    down: "▼",
    done: "✓",
    more: "⋮",
    spread: "±",
};

/// For every other terminal, and where a sign of doubtful width would break the columns.
pub static ASCII: Glyphs = Glyphs {
    ok: "*",
    warn: "!",
    bad: "x",
    info: ">",
    stale: "o",
    resuming: "~",
    frozen: "#",
    cursor: ">",
    mark: "+",
    dot: "|",
    rule: "-",
    bar_full: "#",
    bar_held: "=",
    bar_empty: ".",
    bar_today: "|",
    heights: ["_", ".", ":", "-", "=", "+", "*", "#"],
    up: "^",
    down: "v",
    done: "v",
    more: ":",
    spread: "+",
};

/// Whether a locale shows Unicode in cells of one width. Under Chinese, Japanese and Korean locales
/// terminals draw many of these signs two cells wide.
pub fn suit_locale(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let wide = ["zh", "ja", "ko"]
        .iter()
        .any(|name| locale.starts_with(name));
    utf8 && !wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::width::cells;

    fn signs(glyphs: &Glyphs) -> Vec<&'static str> {
        let mut signs = vec![
            glyphs.ok,
            glyphs.warn,
            glyphs.bad,
            glyphs.info,
            glyphs.stale,
            glyphs.resuming,
            glyphs.frozen,
            glyphs.cursor,
            glyphs.mark,
            glyphs.dot,
            glyphs.rule,
            glyphs.bar_full,
            glyphs.bar_held,
            glyphs.bar_empty,
            glyphs.bar_today,
            glyphs.up,
            glyphs.down,
            glyphs.done,
            glyphs.more,
            glyphs.spread,
        ];
        signs.extend(glyphs.heights);
        signs
    }

    #[test]
    fn every_sign_is_one_cell_and_ascii_is_ascii() {
        for sign in signs(&UNICODE).into_iter().chain(signs(&ASCII)) {
            assert_eq!(cells(sign), 1, "{sign}");
        }
        assert!(signs(&ASCII).iter().all(|sign| sign.is_ascii()));
    }

    #[test]
    fn locales_choose_their_signs() {
        assert!(suit_locale("en_US.UTF-8"));
        assert!(suit_locale("C.utf8"));
        assert!(!suit_locale("C"));
        assert!(!suit_locale("ja_JP.UTF-8"));
    }
}
