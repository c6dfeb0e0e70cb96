//! The table: columns that know what they may lose, rows with a cursor and marks.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Modifier;
use ratatui::text::Span;
use ratatui::widgets::{Cell as TableCell, Row, StatefulWidget, Table, TableState};

use crate::screens::View;
use crate::text::clean::clean;
use crate::text::width::{Align, cells, fit};
use crate::theme::Role;

/// Cells before the first column: the cursor's and the mark's.
const GUTTER: u16 = 2;

/// A value in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub role: Role,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            role: Role::Plain,
        }
    }

    pub fn role(text: impl Into<String>, role: Role) -> Cell {
        Cell {
            text: text.into(),
            role,
        }
    }
}

/// A column of a list of `T`.
pub struct Column<T: 'static> {
    pub title: &'static str,
    /// The server's name of what it sorts by; empty where it cannot sort.
    pub sort: &'static str,
    /// Cells where there is room.
    pub width: u16,
    /// Cells at 80 columns; 0 leaves it out there.
    pub narrow: u16,
    pub align: Align,
    /// Gets the cells it has.
    pub cell: fn(&T, u16, &View) -> Cell,
}

/// A column of text.
pub const fn left<T>(
    title: &'static str,
    sort: &'static str,
    (width, narrow): (u16, u16),
    cell: fn(&T, u16, &View) -> Cell,
) -> Column<T> {
    Column {
        title,
        sort,
        width,
        narrow,
        align: Align::Left,
        cell,
    }
}

/// A column of numbers.
pub const fn right<T>(
    title: &'static str,
    sort: &'static str,
    (width, narrow): (u16, u16),
    cell: fn(&T, u16, &View) -> Cell,
) -> Column<T> {
    Column {
        title,
        sort,
        width,
        narrow,
        align: Align::Right,
        cell,
    }
}

/// The widths of the columns in `width` cells: 0 is left out. What 80 cells have room for comes
/// first, then what was left out, in its order, then every column's full width; the rest goes to
/// the first column of text and then to the last.
pub fn widths<T>(columns: &[Column<T>], width: u16) -> Vec<u16> {
    let mut widths: Vec<u16> = columns.iter().map(|column| column.narrow).collect();
    let used = |widths: &[u16]| -> u16 {
        let shown = widths.iter().filter(|width| **width > 0).count();
        let gaps = u16::try_from(shown.saturating_sub(1)).unwrap_or(0);
        widths.iter().sum::<u16>() + gaps + GUTTER
    };
    while used(&widths) > width {
        let Some(last) = widths.iter().rposition(|width| *width > 0) else {
            return widths;
        };
        if let Some(dropped) = widths.get_mut(last) {
            *dropped = 0;
        }
    }
    for (at, column) in columns.iter().enumerate() {
        let room = width.saturating_sub(used(&widths));
        if let Some(slot) = widths.get_mut(at)
            && *slot == 0
            && column.narrow == 0
            && column.width < room
        {
            *slot = column.width;
        }
    }
    for (at, column) in columns.iter().enumerate() {
        let room = width.saturating_sub(used(&widths));
        if let Some(slot) = widths.get_mut(at)
            && *slot > 0
        {
            *slot += column.width.saturating_sub(*slot).min(room);
        }
    }
    let room = width.saturating_sub(used(&widths));
    let text = columns
        .iter()
        .zip(&widths)
        .position(|(column, width)| column.align == Align::Left && *width > 0);
    if let Some(slot) = text.and_then(|at| widths.get_mut(at)) {
        *slot += room;
    }
    widths
}

/// A row to be drawn.
pub struct Shown<'a, T> {
    pub row: &'a T,
    pub marked: bool,
    /// Dims what does not match any more, or is out of date.
    pub dim: Option<Role>,
    /// Changed here, not yet told by the server.
    pub pending: bool,
}

/// The column that the list is sorted by, and whether from the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted<'a> {
    pub field: &'a str,
    pub reverse: bool,
}

impl<'a> Sorted<'a> {
    /// Of the server's `sort`.
    pub fn read(sort: &'a str) -> Sorted<'a> {
        match sort.strip_prefix('-') {
            Some(field) => Sorted {
                field,
                reverse: true,
            },
            None => Sorted {
                field: sort,
                reverse: false,
            },
        }
    }
}

/// Draws the head and the rows; `cursor` is the place of the cursor among `rows`.
pub fn draw<T>(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column<T>],
    sort: Sorted,
    rows: &[Shown<T>],
    cursor: Option<usize>,
    view: &View,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let widths = widths(columns, area.width);
    let shown: Vec<(&Column<T>, u16)> = columns
        .iter()
        .zip(widths)
        .filter(|(_, width)| *width > 0)
        .collect();
    let constraints = std::iter::once(Constraint::Length(GUTTER - 1))
        .chain(shown.iter().map(|(_, width)| Constraint::Length(*width)));
    let head = std::iter::once(TableCell::from("")).chain(
        shown
            .iter()
            .map(|(column, width)| title(column, *width, sort, view)),
    );
    let body = rows
        .iter()
        .enumerate()
        .map(|(at, row)| line(&shown, row, cursor == Some(at), view));
    let table = Table::new(body, constraints)
        .header(Row::new(head))
        .column_spacing(1)
        .row_highlight_style(view.style(Role::Selection));
    let mut state = TableState::new().with_selected(cursor);
    StatefulWidget::render(table, area, buffer, &mut state);
    for (row, y) in rows.iter().zip(area.y + 1..area.bottom()) {
        let sign = match (row.pending, row.marked) {
            (true, _) => "~",
            (false, true) => view.glyphs.mark,
            (false, false) => continue,
        };
        if let Some(cell) = buffer.cell_mut((area.x + 1, y)) {
            cell.set_symbol(sign);
        }
    }
    if let Some(at) = cursor
        && let Ok(at) = u16::try_from(at)
        && area.y + 1 + at < area.bottom()
        && let Some(cell) = buffer.cell_mut((area.x, area.y + 1 + at))
    {
        cell.set_symbol(view.glyphs.cursor);
    }
}

fn title<'a, T>(column: &Column<T>, width: u16, sort: Sorted, view: &View) -> TableCell<'a> {
    let sorted = !column.sort.is_empty() && column.sort == sort.field;
    let width = usize::from(width);
    let mut name = column.title.to_owned();
    if sorted && cells(&name) + 1 < width {
        let arrow = if sort.reverse {
            view.glyphs.down
        } else {
            view.glyphs.up
        };
        name = format!("{name}{arrow}");
    }
    let name: String = name.chars().take(width).collect();
    let style = view.style(if sorted { Role::Title } else { Role::Muted });
    TableCell::from(Span::styled(fit(&name, width, column.align), style))
}

fn line<'a, T>(
    shown: &[(&Column<T>, u16)],
    row: &Shown<T>,
    selected: bool,
    view: &View,
) -> Row<'a> {
    let texts = shown.iter().map(|(column, width)| {
        let value = (column.cell)(row.row, *width, view);
        let role = row.dim.unwrap_or(value.role);
        let text = fit(&clean(&value.text), usize::from(*width), column.align);
        // A colour on reversed ground is not ours to choose.
        let mut style = view.style(role);
        if selected {
            style.fg = None;
            style = style.remove_modifier(Modifier::REVERSED | Modifier::DIM);
        }
        TableCell::from(Span::styled(text, style))
    });
    let mut all = vec![TableCell::from("")];
    all.extend(texts);
    Row::new(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &String, _: u16, _: &View) -> Cell {
        Cell::new("")
    }

    #[test]
    fn columns_give_way_in_their_order() {
        let columns = [
            left("USER", "email", (30, 26), nothing),
            left("ROLE", "", (7, 0), nothing),
            right("SPENT", "spent", (9, 8), nothing),
        ];
        assert_eq!(widths(&columns, 37), [26, 0, 8]);
        assert_eq!(widths(&columns, 45), [26, 7, 8]);
        assert_eq!(widths(&columns, 60), [40, 7, 9]);
        assert_eq!(widths(&columns, 30), [28, 0, 0]);
    }
}
