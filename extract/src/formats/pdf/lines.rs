//! Lines of a page's text, each with what its glyphs tell: size, weight, cells.
//!
//! The library's text is in reading order but has no styles; its spans have
//! styles but no order. Both are matched by their letters and digits.

use std::collections::HashMap;

use pdf_oxide::layout::{FontWeight, TextSpan};

/// Between cells of a table, in widths of the font; words of a line stand closer.
const CELL_GAP: f32 = 1.2;
/// How far baselines of one line may differ, in heights of the font.
const BASELINE_SLACK: f32 = 0.4;

/// How a line is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// In half points, so that sizes can be counted.
    pub(super) half_points: u32,
    pub(super) bold: bool,
    pub(super) monospace: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// Empty between paragraphs.
    pub(super) text: String,
    pub(super) style: Option<Style>,
    /// Two or more when the line is a row of a table.
    pub(super) cells: Vec<String>,
}

/// One page.
#[derive(Debug)]
pub(super) struct PageLines {
    pub(super) lines: Vec<Line>,
    /// Characters by size and weight, to find out what running text looks like.
    pub(super) characters: HashMap<(u32, bool), usize>,
}

impl PageLines {
    pub(super) fn new(text: &str, spans: &[TextSpan]) -> Self {
        let mut characters = HashMap::new();
        for span in spans {
            let style = style(span);
            *characters
                .entry((style.half_points, style.bold))
                .or_default() += span.text.len();
        }
        let index = SpanIndex::new(spans);
        let lines = text
            .lines()
            .map(|line| {
                let key = key(line);
                Line {
                    text: line.trim().to_owned(),
                    style: index.styles.get(&key).copied(),
                    cells: index.rows.get(&key).cloned().unwrap_or_default(),
                }
            })
            .collect();
        Self { lines, characters }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.text.is_empty())
    }
}

/// Spans by the letters and digits of what they form.
struct SpanIndex {
    styles: HashMap<String, Style>,
    rows: HashMap<String, Vec<String>>,
}

/// A run of spans without a gap.
struct Segment {
    text: String,
    end: f32,
    style: Style,
}

impl SpanIndex {
    fn new(spans: &[TextSpan]) -> Self {
        let mut index = Self {
            styles: HashMap::new(),
            rows: HashMap::new(),
        };
        for row in baselines(spans) {
            let segments = segments(&row);
            for segment in &segments {
                index.add_style(key(&segment.text), segment.style);
            }
            if let [_, _, ..] = segments.as_slice() {
                let cells: Vec<String> = segments
                    .iter()
                    .map(|segment| segment.text.trim().to_owned())
                    .collect();
                let key = key(&cells.concat());
                if let Some(style) = segments.iter().map(|segment| segment.style).reduce(plainer) {
                    index.add_style(key.clone(), style);
                }
                index.rows.insert(key, cells);
            }
        }
        index
    }

    /// The same words set in two ways are taken for the plainer of them.
    fn add_style(&mut self, key: String, style: Style) {
        self.styles
            .entry(key)
            .and_modify(|known| *known = plainer(*known, style))
            .or_insert(style);
    }
}

fn plainer(one: Style, other: Style) -> Style {
    Style {
        half_points: one.half_points.min(other.half_points),
        bold: one.bold && other.bold,
        monospace: one.monospace && other.monospace,
    }
}

/// Spans that stand on one line of the page, from left to right.
fn baselines(spans: &[TextSpan]) -> Vec<Vec<&TextSpan>> {
    let mut sorted: Vec<&TextSpan> = spans
        .iter()
        .filter(|span| !span.text.trim().is_empty())
        .collect();
    sorted.sort_by(|one, other| other.bbox.y.total_cmp(&one.bbox.y));
    let mut rows: Vec<Vec<&TextSpan>> = Vec::new();
    for span in sorted {
        match rows.last_mut() {
            Some(row)
                if row.first().is_some_and(|first| {
                    first.bbox.y - span.bbox.y < span.font_size * BASELINE_SLACK
                }) =>
            {
                row.push(span);
            }
            _ => rows.push(vec![span]),
        }
    }
    for row in &mut rows {
        row.sort_by(|one, other| one.bbox.x.total_cmp(&other.bbox.x));
    }
    rows
}

fn segments(row: &[&TextSpan]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for span in row {
        let end = span.bbox.x + span.bbox.width;
        match segments.last_mut() {
            Some(segment) if span.bbox.x - segment.end < span.font_size * CELL_GAP => {
                if span.bbox.x - segment.end > span.font_size * 0.15 {
                    segment.text.push(' ');
                }
                segment.text.push_str(&span.text);
                segment.end = segment.end.max(end);
                segment.style = plainer(segment.style, style(span));
            }
            _ => segments.push(Segment {
                text: span.text.clone(),
                end,
                style: style(span),
            }),
        }
    }
    segments
}

fn style(span: &TextSpan) -> Style {
    let doubled = (span.font_size * 2.0).round().clamp(0.0, 1_000.0);
    Style {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0..=1000 one line above; NaN becomes 0"
        )]
        half_points: doubled as u32,
        bold: span.font_weight >= FontWeight::SemiBold,
        monospace: span.is_monospace,
    }
}

/// What two renderings of the same words have in common.
fn key(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_alphanumeric())
        .collect()
}
