//! The stages of a job on one axis of time.

use chrono::{DateTime, Utc};

use crate::glyphs::Glyphs;

/// A span on the axis.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub running: bool,
}

/// Each span in `width` cells, the axis from the first beginning to the last end.
pub fn timeline(spans: &[Option<Span>], width: usize, glyphs: &Glyphs) -> Vec<String> {
    let known = || spans.iter().flatten();
    let begin = known().map(|span| span.from).min();
    let end = known().map(|span| span.to).max();
    let (Some(begin), Some(end)) = (begin, end) else {
        return spans.iter().map(|_| String::new()).collect();
    };
    let all = (end - begin).num_milliseconds().max(1);
    let cells = i64::try_from(width).unwrap_or(i64::MAX);
    let at = |time: DateTime<Utc>| {
        let share = (time - begin).num_milliseconds().saturating_mul(cells) / all;
        usize::try_from(share.clamp(0, cells)).unwrap_or(0)
    };
    spans
        .iter()
        .map(|span| {
            let Some(span) = span else {
                return String::new();
            };
            let from = at(span.from).min(width.saturating_sub(1));
            let to = at(span.to).max(from + 1).min(width);
            let sign = if span.running {
                glyphs.bar_held
            } else {
                glyphs.bar_full
            };
            " ".repeat(from) + &sign.repeat(to - from)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::ASCII;

    #[test]
    fn stages_share_one_axis() {
        let at = |s: i64| DateTime::from_timestamp(1_000 + s, 0).expect("a time");
        let span = |from, to, running| {
            Some(Span {
                from: at(from),
                to: at(to),
                running,
            })
        };
        let spans = [span(0, 2, false), None, span(5, 10, true)];
        assert_eq!(timeline(&spans, 10, &ASCII), ["##", "", "     ====="]);
    }
}
