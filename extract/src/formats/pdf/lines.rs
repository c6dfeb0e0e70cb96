//! Lines of a page, put together from positioned runs of glyphs.

use std::collections::HashMap;

use pdf_oxide::layout::{FontWeight, TextSpan};

use super::columns;

/// Between cells of a table or columns of text, in heights of the font; words
/// of a line stand closer.
const CELL_GAP: f32 = 1.2;
/// Between words, where the file draws no space.
const WORD_GAP: f32 = 0.15;
/// How far baselines of one line may differ.
const BASELINE_SLACK: f32 = 0.4;
/// A step down that ends a paragraph, in usual steps of the page.
const PARAGRAPH_STEP: f32 = 1.3;
/// Width of a monospaced glyph.
const MONOSPACE_ADVANCE: f32 = 0.6;

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
    pub(super) text: String,
    pub(super) style: Option<Style>,
    /// Two or more when the line is a row of a table.
    pub(super) cells: Vec<String>,
    /// Whether the space above sets the line apart.
    pub(super) starts_paragraph: bool,
}

/// One page.
#[derive(Debug, Default)]
pub(super) struct PageLines {
    pub(super) lines: Vec<Line>,
    /// Characters by size and weight, to find out what running text looks like.
    pub(super) characters: HashMap<(u32, bool), usize>,
}

impl PageLines {
    /// From positioned runs of glyphs, in the order in which people read.
    pub(super) fn from_spans(spans: &[TextSpan]) -> Self {
        let mut page = Self::default();
        for span in spans {
            let style = style(span);
            *page
                .characters
                .entry((style.half_points, style.bold))
                .or_default() += span.text.len();
        }
        let rows = columns::in_reading_order(rows(spans));
        let step = usual_step(&rows);
        let code_margin = code_margin(&rows);
        let mut above: Option<&Row> = None;
        for row in &rows {
            let mut line = row.line(code_margin);
            line.starts_paragraph = above.is_none_or(|above| row.is_apart(above, step));
            page.lines.push(line);
            above = Some(row);
        }
        page
    }

    /// From text whose order only the library knows: written from right to
    /// left, or from top to bottom.
    pub(super) fn from_text(text: &str) -> Self {
        let mut starts_paragraph = true;
        let mut lines = Vec::new();
        for line in text.lines().map(str::trim) {
            if !line.is_empty() {
                lines.push(Line {
                    text: line.to_owned(),
                    starts_paragraph,
                    ..Line::default()
                });
            }
            starts_paragraph = line.is_empty();
        }
        Self {
            lines,
            characters: HashMap::new(),
        }
    }
}

/// A run of glyphs without a gap. Coordinates are in points, upwards and to the right.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) text: String,
    pub(super) start: f32,
    pub(super) end: f32,
    style: Style,
}

/// Segments on one baseline, from left to right; never empty.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) segments: Vec<Segment>,
    pub(super) baseline: f32,
    pub(super) height: f32,
}

impl Row {
    fn start(&self) -> f32 {
        self.segments.first().map_or(0.0, |segment| segment.start)
    }

    fn style(&self) -> Option<Style> {
        self.segments
            .iter()
            .map(|segment| segment.style)
            .reduce(plainer)
    }

    /// Whether the line stands apart from the one read before it.
    fn is_apart(&self, above: &Self, step: f32) -> bool {
        let down = above.baseline - self.baseline;
        // A step up leads to the next column, in which the sentence may go on.
        down > step.max(self.height) * PARAGRAPH_STEP || (self.height - above.height).abs() > 1.0
    }

    fn line(&self, code_margin: f32) -> Line {
        let style = self.style();
        let text = self
            .segments
            .iter()
            .map(|segment| segment.text.trim())
            .collect::<Vec<_>>()
            .join(" ");
        let cells: Vec<String> = self
            .segments
            .iter()
            .map(|segment| segment.text.trim().to_owned())
            .filter(|cell| cell.contains(char::is_alphanumeric))
            .collect();
        let is_row = cells.len() > 1 && !is_numbered_item(&cells);
        let indent = if style.is_some_and(|style| style.monospace) {
            " ".repeat(columns_between(
                code_margin,
                self.start(),
                self.height * MONOSPACE_ADVANCE,
            ))
        } else {
            String::new()
        };
        Line {
            // Standard encodings show code 7F as a bullet (ISO 32000-1 annex D.2).
            text: indent + &text.replace('\u{7f}', "•"),
            style,
            cells: if is_row { cells } else { Vec::new() },
            starts_paragraph: false,
        }
    }
}

/// Spans gathered into rows, from the top of the page to its foot.
fn rows(spans: &[TextSpan]) -> Vec<Row> {
    let mut sorted: Vec<&TextSpan> = spans
        .iter()
        .filter(|span| !span.text.trim().is_empty())
        .collect();
    sorted.sort_by(|one, other| other.bbox.y.total_cmp(&one.bbox.y));
    let mut lines: Vec<Vec<&TextSpan>> = Vec::new();
    for span in sorted {
        match lines.last_mut() {
            Some(line)
                if line.first().is_some_and(|first| {
                    first.bbox.y - span.bbox.y
                        < span.font_size.min(first.font_size) * BASELINE_SLACK
                }) =>
            {
                line.push(span);
            }
            _ => lines.push(vec![span]),
        }
    }
    lines
        .into_iter()
        .map(|mut line| {
            line.sort_by(|one, other| one.bbox.x.total_cmp(&other.bbox.x));
            Row {
                baseline: line.iter().map(|span| span.bbox.y).fold(f32::MAX, f32::min),
                height: line.iter().map(|span| span.font_size).fold(0.0, f32::max),
                segments: segments(&line),
            }
        })
        .collect()
}

fn segments(line: &[&TextSpan]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for span in line {
        let end = span.bbox.x + span.bbox.width;
        match segments.last_mut() {
            Some(segment) if span.bbox.x - segment.end < span.font_size * CELL_GAP => {
                let apart = span.bbox.x - segment.end > span.font_size * WORD_GAP;
                if apart && !segment.text.ends_with(' ') && !span.text.starts_with(' ') {
                    segment.text.push(' ');
                }
                segment.text.push_str(&span.text);
                segment.end = segment.end.max(end);
                segment.style = plainer(segment.style, style(span));
            }
            _ => segments.push(Segment {
                text: span.text.clone(),
                start: span.bbox.x,
                end,
                style: style(span),
            }),
        }
    }
    segments
}

/// The median distance of neighbouring lines; wider steps are breaks already.
fn usual_step(rows: &[Row]) -> f32 {
    let mut steps: Vec<f32> = rows
        .windows(2)
        .map(|pair| (pair[0].baseline - pair[1].baseline, pair[1].height))
        .filter(|(step, height)| (0.0..height * 2.0).contains(step))
        .map(|(step, _)| step)
        .collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(0.0)
}

/// Where code starts when it is not indented.
fn code_margin(rows: &[Row]) -> f32 {
    rows.iter()
        .filter(|row| row.style().is_some_and(|style| style.monospace))
        .map(Row::start)
        .fold(f32::MAX, f32::min)
}

fn columns_between(margin: f32, start: f32, advance: f32) -> usize {
    let columns = ((start - margin) / advance.max(1.0))
        .round()
        .clamp(0.0, 80.0);
    (0..80_u16)
        .take_while(|&column| f32::from(column) < columns)
        .count()
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

/// A line that is set in two ways counts as the plainer of them.
fn plainer(one: Style, other: Style) -> Style {
    Style {
        half_points: one.half_points.min(other.half_points),
        bold: one.bold && other.bold,
        monospace: one.monospace && other.monospace,
    }
}

/// An item's number stands as far from its text as a cell does.
fn is_numbered_item(cells: &[String]) -> bool {
    let marker = cells[0]
        .trim_start_matches('(')
        .trim_end_matches(['.', ')']);
    cells.len() == 2 && marker.len() < cells[0].len() && marker.len() <= 3
}
