//! Columns of running text are read one after the other, tables row by row.

use super::lines::Row;

/// Columns within columns; a newspaper has no more.
const MAX_DEPTH: usize = 3;
/// Fewer lines than this side by side are a table, or chance.
const MIN_LINES: usize = 5;
/// Running text fills its column; cells of a table seldom do.
const MIN_FILL: f32 = 0.6;
/// Running text has at least so many characters a line.
const MIN_CHARACTERS: usize = 18;
/// Points between places at which a gutter is looked for.
const STEP: f32 = 3.0;

/// Orders rows given from top to bottom as people read them.
pub(super) fn in_reading_order(rows: Vec<Row>) -> Vec<Row> {
    ordered(rows, MAX_DEPTH)
}

fn ordered(rows: Vec<Row>, depth: usize) -> Vec<Row> {
    let Some(gutter) = gutter(&rows).filter(|_| depth > 0) else {
        return rows;
    };
    let mut result = Vec::with_capacity(rows.len());
    for band in bands(rows, gutter) {
        if is_columns(&band, gutter) {
            let (left, right) = split(band, gutter);
            result.extend(ordered(left, depth - 1));
            result.extend(ordered(right, depth - 1));
        } else {
            result.extend(band);
        }
    }
    result
}

/// The place that divides the most lines into columns of running text.
fn gutter(rows: &[Row]) -> Option<f32> {
    let segments = || rows.iter().flat_map(|row| &row.segments);
    let left = segments()
        .map(|segment| segment.start)
        .fold(f32::MAX, f32::min);
    let right = segments()
        .map(|segment| segment.end)
        .fold(f32::MIN, f32::max);
    let width = right - left;
    let mut best: Option<(usize, f32)> = None;
    let mut at = left + width * 0.2;
    while at < left + width * 0.8 {
        let divided = divided_rows(rows, at);
        if divided > best.map_or(0, |(rows, _)| rows) {
            best = Some((divided, at));
        }
        at += STEP;
    }
    best.map(|(_, at)| at)
}

/// How many rows stand in columns when the page is cut there.
fn divided_rows(rows: &[Row], at: f32) -> usize {
    rows.chunk_by(|one, other| one.crosses(at) == other.crosses(at))
        .filter(|band| is_columns(band, at))
        .map(<[Row]>::len)
        .sum()
}

/// Runs of rows that the gutter crosses, or does not.
fn bands(rows: Vec<Row>, at: f32) -> Vec<Vec<Row>> {
    let mut bands: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        match bands.last_mut() {
            Some(band)
                if band
                    .last()
                    .is_some_and(|last| last.crosses(at) == row.crosses(at)) =>
            {
                band.push(row);
            }
            _ => bands.push(vec![row]),
        }
    }
    bands
}

fn is_columns(band: &[Row], at: f32) -> bool {
    if band.first().is_none_or(|row| row.crosses(at)) {
        return false;
    }
    let left = Side::of(band, |start, _| start < at);
    let right = Side::of(band, |start, _| start >= at);
    left.is_running_text() && right.is_running_text()
}

/// One side of a gutter, measured.
struct Side {
    lines: usize,
    characters: usize,
    /// Mean share of the widest line.
    fill: f32,
}

impl Side {
    fn of(band: &[Row], belongs: impl Fn(f32, f32) -> bool) -> Self {
        let mut widths = Vec::new();
        let mut characters = 0;
        for row in band {
            let mut extent: Option<(f32, f32)> = None;
            for segment in row
                .segments
                .iter()
                .filter(|segment| belongs(segment.start, segment.end))
            {
                characters += segment.text.chars().count();
                extent = Some(extent.map_or((segment.start, segment.end), |(start, _)| {
                    (start, segment.end)
                }));
            }
            widths.extend(extent.map(|(start, end)| end - start));
        }
        let widest = widths.iter().copied().fold(1.0, f32::max);
        let shares: f32 = widths.iter().map(|width| width / widest).sum();
        Self {
            lines: widths.len(),
            characters,
            fill: shares / f32::from(u16::try_from(widths.len().max(1)).unwrap_or(u16::MAX)),
        }
    }

    fn is_running_text(&self) -> bool {
        self.lines >= MIN_LINES
            && self.fill >= MIN_FILL
            && self.characters >= self.lines * MIN_CHARACTERS
    }
}

fn split(band: Vec<Row>, at: f32) -> (Vec<Row>, Vec<Row>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in band {
        let (before, behind): (Vec<_>, Vec<_>) = row
            .segments
            .iter()
            .cloned()
            .partition(|segment| segment.start < at);
        for (side, segments) in [(&mut left, before), (&mut right, behind)] {
            if !segments.is_empty() {
                side.push(Row {
                    segments,
                    ..row.clone()
                });
            }
        }
    }
    (left, right)
}

impl Row {
    fn crosses(&self, at: f32) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.start < at && segment.end > at)
    }
}
