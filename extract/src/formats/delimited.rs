//! CSV and TSV: each row becomes a line that names its columns.

use csv::{ReaderBuilder, StringRecord};

use crate::collector::Collector;
use crate::error::ExtractError;
use crate::format::Format;
use crate::table::{HeaderRule, RowWriter};

/// Lines looked at to find the delimiter.
const SAMPLE_LINES: usize = 20;
const PROGRESS_ROWS: u32 = 5_000;

/// Reads rows; without a delimiter the likeliest one is taken.
pub(super) fn read(
    text: &str,
    delimiter: Option<u8>,
    collector: &mut Collector<'_>,
) -> Result<(), ExtractError> {
    // Excel writes the delimiter into a line of its own.
    let (declared, text) = match text
        .strip_prefix("sep=")
        .and_then(|rest| rest.split_once('\n'))
    {
        Some((mark, rest)) if mark.trim_end_matches('\r').len() == 1 => {
            (Some(mark.as_bytes()[0]), rest)
        }
        _ => (None, text),
    };
    let delimiter = declared
        .or(delimiter)
        .unwrap_or_else(|| likeliest_delimiter(text));
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut writer = RowWriter::new(HeaderRule::DataFile);
    let mut record = StringRecord::new();
    let mut rows = 0;
    while reader
        .read_record(&mut record)
        .map_err(|_| ExtractError::Damaged(Format::Csv.display_name().to_owned()))?
    {
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        writer.row(&row, collector)?;
        rows += 1;
        if rows % PROGRESS_ROWS == 0 {
            collector.progress(rows, None)?;
        }
    }
    Ok(())
}

/// The mark that splits the most lines into the same number of cells.
fn likeliest_delimiter(text: &str) -> u8 {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(SAMPLE_LINES)
        .collect();
    let score = |delimiter: &u8| {
        let counts: Vec<usize> = lines
            .iter()
            .map(|line| count_outside_quotes(line, *delimiter))
            .collect();
        let agreeing = |count: usize| counts.iter().filter(|&&other| other == count).count();
        counts
            .iter()
            .filter(|&&count| count > 0)
            .map(|&count| (agreeing(count), count))
            .max()
            .unwrap_or((0, 0))
    };
    // Of equals the last wins, hence the comma stands last.
    *b"|\t;,"
        .iter()
        .max_by_key(|delimiter| score(delimiter))
        .unwrap_or(&b',')
}

fn count_outside_quotes(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for byte in line.bytes() {
        if byte == b'"' {
            quoted = !quoted;
        } else if byte == delimiter && !quoted {
            count += 1;
        }
    }
    count
}
