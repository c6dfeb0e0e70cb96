//! Excel workbooks: a sheet is a page, a row a line that names its columns.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{
    Data, DataRef, DataType, ExcelDateTime, Reader, SheetType, Xlsx, XlsxError, open_workbook,
};

use crate::collector::Collector;
use crate::error::ExtractError;
use crate::format::Format;
use crate::package::Package;
use crate::table::{HeaderRule, RowWriter};

/// Excel's own limit is 16,384; a row that wide is no text.
const MAX_COLUMNS: usize = 1_024;
const PROGRESS_ROWS: u32 = 5_000;

pub(super) fn read(path: &Path, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    // calamine unpacks on its own account and without a budget.
    Package::open(path, Format::Xlsx, collector.limits())?.check_unpacked_size()?;
    let mut workbook: Xlsx<BufReader<File>> =
        open_workbook(path).map_err(|error| refusal(&error))?;
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    let total = u32::try_from(sheets.len()).unwrap_or(u32::MAX);
    for (number, name) in (1..).zip(&sheets) {
        collector.begin_page(number)?;
        read_sheet(&mut workbook, name, collector)?;
        collector.progress(number, Some(total))?;
    }
    Ok(())
}

/// Cells are streamed: a range from A1 to the last possible cell would not fit into memory.
fn read_sheet(
    workbook: &mut Xlsx<BufReader<File>>,
    name: &str,
    collector: &mut Collector<'_>,
) -> Result<(), ExtractError> {
    let mut cells = workbook
        .worksheet_cells_reader(name)
        .map_err(|error| refusal(&error))?;
    let mut sheet = SheetWriter {
        name,
        titled: false,
        rows: RowWriter::new(HeaderRule::DataFile),
        written: 0,
    };
    let mut row = Vec::new();
    let mut row_index = 0;
    while let Some(cell) = cells.next_cell().map_err(|error| refusal(&error))? {
        let (at_row, at_column) = cell.get_position();
        if at_row != row_index {
            sheet.row(&row, collector)?;
            row.clear();
            row_index = at_row;
        }
        let column = at_column as usize;
        let text = display(cell.get_value());
        if column < MAX_COLUMNS && !text.is_empty() {
            if row.len() <= column {
                row.resize(column + 1, String::new());
            }
            row[column] = text;
        }
    }
    sheet.row(&row, collector)
}

struct SheetWriter<'n> {
    name: &'n str,
    /// An empty sheet gets no heading, so that it counts as empty.
    titled: bool,
    rows: RowWriter,
    written: u32,
}

impl SheetWriter<'_> {
    fn row(&mut self, row: &[String], collector: &mut Collector<'_>) -> Result<(), ExtractError> {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        if !self.titled {
            self.titled = true;
            collector.heading(1, self.name)?;
        }
        self.written += 1;
        if self.written.is_multiple_of(PROGRESS_ROWS) {
            collector.progress(self.written, None)?;
        }
        self.rows.row(row, collector)
    }
}

fn display(value: &DataRef<'_>) -> String {
    match value {
        DataRef::DateTime(moment) if moment.is_datetime() => date(moment),
        DataRef::Float(number) => decimal(*number),
        DataRef::Error(_) | DataRef::Empty => String::new(),
        other => Data::from(other.clone())
            .as_string()
            .unwrap_or_else(|| match other {
                DataRef::Bool(true) => "yes".to_owned(),
                DataRef::Bool(false) => "no".to_owned(),
                _ => String::new(),
            }),
    }
}

fn date(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let serial = moment.as_f64();
    if serial < 1.0 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else if serial.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

/// Excel shows 15 significant digits, so that 0.1 + 0.2 reads as 0.3.
fn decimal(number: f64) -> String {
    format!("{number:.14e}")
        .parse::<f64>()
        .unwrap_or(number)
        .to_string()
}

fn refusal(error: &XlsxError) -> ExtractError {
    let name = Format::Xlsx.display_name().to_owned();
    match error {
        XlsxError::Password => ExtractError::Encrypted(name),
        _ => ExtractError::Damaged(name),
    }
}
