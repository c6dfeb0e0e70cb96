//! Bars of money, progress and percentiles.

use crate::glyphs::Glyphs;

/// What a bar shows, as shares of its whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    pub used: f64,
    pub held: f64,
    /// Where a mark stands, such as today's share of the month.
    pub today: Option<f64>,
}

fn cells_of(share: f64, width: usize) -> usize {
    let width_f = f64::from(u16::try_from(width).unwrap_or(u16::MAX));
    let cells = (share.clamp(0.0, 1.0) * width_f).round();
    usize::try_from(crate::text::units::whole(cells)).map_or(width, |cells| cells.min(width))
}

/// `[####==..|..]` in `width` cells, brackets included.
pub fn bar(bar: Bar, width: usize, glyphs: &Glyphs) -> String {
    let inner = width.saturating_sub(2);
    let mut used = cells_of(bar.used, inner);
    if bar.used > 0.0 && used == 0 && inner > 0 {
        used = 1;
    }
    let mut held = cells_of(bar.used + bar.held, inner).saturating_sub(used);
    if bar.held > 0.0 && held == 0 && used < inner {
        held = 1;
    }
    let today = bar
        .today
        .map(|share| cells_of(share, inner).min(inner.saturating_sub(1)));
    let mut text = String::from("[");
    for at in 0..inner {
        text.push_str(if today == Some(at) {
            glyphs.bar_today
        } else if at < used {
            glyphs.bar_full
        } else if at < used + held {
            glyphs.bar_held
        } else {
            glyphs.bar_empty
        });
    }
    text.push(']');
    text
}

/// A bar of one share.
pub fn share(ratio: f64, width: usize, glyphs: &Glyphs) -> String {
    let shown = Bar {
        used: ratio,
        ..Bar::default()
    };
    bar(shown, width, glyphs)
}

/// A bar on the log scale that all percentiles share, 10 ms to 10 s.
pub fn latency(ms: f64, width: usize, glyphs: &Glyphs) -> String {
    let share_of = if ms <= 10.0 {
        0.0
    } else {
        (ms.log10() - 1.0) / 3.0
    };
    share(share_of, width, glyphs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::ASCII;

    #[test]
    fn bars_show_used_held_and_today() {
        let all = Bar {
            used: 0.5,
            held: 0.25,
            today: Some(0.8),
        };
        assert_eq!(bar(all, 12, &ASCII), "[#####===|.]");
        assert_eq!(share(0.001, 7, &ASCII), "[#....]");
        assert_eq!(share(7.0, 7, &ASCII), "[#####]");
        assert_eq!(latency(316.0, 12, &ASCII), "[#####.....]");
    }
}
