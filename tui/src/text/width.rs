//! Text cut and filled to a number of cells. A cut is marked, so that nobody takes a part for the
//! whole.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The mark of a cut.
pub const CUT: char = '~';

/// Where text stands in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// The cells that `text` takes.
pub fn cells(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The longest beginning of `text` that fits into `width` cells.
fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, part) in text.grapheme_indices(true) {
        used += cells(part);
        if used > width {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The longest end of `text` that fits into `width` cells.
fn tail(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, part) in text.grapheme_indices(true).rev() {
        used += cells(part);
        if used > width {
            return text.get(at + part.len()..).unwrap_or_default();
        }
    }
    text
}

/// `text` in at most `width` cells, cut at its end.
pub fn cut(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    match width {
        0 => String::new(),
        _ => format!("{}{CUT}", head(text, width - 1)),
    }
}

/// `text` in at most `width` cells, cut in its middle: both ends of an id tell it apart.
pub fn cut_middle(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    match width {
        0 => String::new(),
        1 | 2 => cut(text, width),
        _ => {
            let right = (width - 1) / 2;
            let left = width - 1 - right;
            format!("{}{CUT}{}", head(text, left), tail(text, right))
        }
    }
}

/// `text` in exactly `width` cells.
pub fn fit(text: &str, width: usize, align: Align) -> String {
    let text = cut(text, width);
    let gap = " ".repeat(width.saturating_sub(cells(&text)));
    match align {
        Align::Left => text + &gap,
        Align::Right => gap + &text,
    }
}

/// Two texts at the ends of a line; the left one gives way.
pub fn ends(left: &str, right: &str, width: usize) -> String {
    let right = cut(right, width);
    let room = width.saturating_sub(cells(&right) + usize::from(!right.is_empty()));
    let left = fit(left, room, Align::Left);
    let gap = " ".repeat(width.saturating_sub(cells(&left) + cells(&right)));
    left + &gap + &right
}

/// `text` in lines of at most `width` cells, broken between words where it can.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() && cells(&line) + 1 + cells(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        while cells(word) > width {
            let part = head(word, width);
            if part.is_empty() {
                break;
            }
            lines.push(part.to_owned());
            word = word.get(part.len()..).unwrap_or_default();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_marked_and_fit() {
        assert_eq!(cut("bo@example.org", 8), "bo@exam~");
        assert_eq!(cut("bo", 8), "bo");
        assert_eq!(cut_middle("5f2a9c81d0", 5), "5f~d0");
        assert_eq!(fit("42", 5, Align::Right), "   42");
        assert_eq!(ends("Jobs", "1-2 of 2", 16), "Jobs    1-2 of 2");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }

    #[test]
    fn wide_letters_take_two_cells() {
        for width in 0..12 {
            for text in ["日本語の名前", "a👩‍🚀b👩‍🚀c", "e\u{301}e\u{301}e\u{301}"]
            {
                assert!(cells(&cut(text, width)) <= width);
                assert!(cells(&cut_middle(text, width)) <= width);
                assert_eq!(cells(&fit(text, width, Align::Left)), width);
            }
        }
    }
}
