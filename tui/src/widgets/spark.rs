//! A small line of bars. Gaps are blanks, not zeros.

use crate::glyphs::Glyphs;
use crate::text::units::{real, whole};

/// The last `width` values as bars, on a scale from 0 to their greatest.
pub fn spark(values: &[Option<f64>], width: usize, glyphs: &Glyphs) -> String {
    let shown = folded(values, width);
    let most = shown
        .iter()
        .flatten()
        .fold(0.0_f64, |most, value| most.max(*value));
    let mut text = " ".repeat(width.saturating_sub(shown.len()));
    for value in &shown {
        text.push_str(match value {
            None => " ",
            Some(value) => height(*value, most, glyphs),
        });
    }
    text
}

fn height(value: f64, most: f64, glyphs: &Glyphs) -> &'static str {
    let step = if most > 0.0 && value > 0.0 {
        whole(value / most * 7.0).min(7)
    } else {
        0
    };
    let at = usize::try_from(step).unwrap_or(0);
    glyphs.heights.get(at).copied().unwrap_or(" ")
}

/// More values than cells: each cell is the mean of its share of them.
fn folded(values: &[Option<f64>], width: usize) -> Vec<Option<f64>> {
    if values.len() <= width {
        return values.to_vec();
    }
    if width == 0 {
        return Vec::new();
    }
    (0..width)
        .map(|cell| {
            let from = cell * values.len() / width;
            let to = ((cell + 1) * values.len() / width).max(from + 1);
            let known: Vec<f64> = values
                .get(from..to)
                .unwrap_or_default()
                .iter()
                .flatten()
                .copied()
                .collect();
            let count = u64::try_from(known.len()).unwrap_or(1);
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / real(count))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::ASCII;

    #[test]
    fn gaps_are_blank_and_zeros_are_low() {
        let values = [Some(0.0), None, Some(3.5), Some(7.0)];
        assert_eq!(spark(&values, 6, &ASCII), "  _ =#");
        assert_eq!(spark(&values, 2, &ASCII), "_#");
        assert_eq!(spark(&[], 3, &ASCII), "   ");
        assert_eq!(spark(&[Some(0.0)], 1, &ASCII), "_");
    }
}
