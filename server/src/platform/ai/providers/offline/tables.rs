//! Rows of tables as sentences: each cell with its column's name.

/// Turns the lines of a table into one sentence per row. The first line names the columns.
pub(super) fn rows(lines: &[&str]) -> Vec<String> {
    let Some(separator) = separator(lines) else {
        return Vec::new();
    };
    let mut table: Vec<Vec<String>> = lines
        .iter()
        .filter(|line| !is_rule(line))
        .map(|line| cells(line, separator))
        .collect();
    if table.len() < 2 {
        return table
            .into_iter()
            .map(|row| filled(&row).join(", "))
            .collect();
    }
    let header = table.remove(0);
    table
        .iter()
        .map(|row| sentence(&header, row))
        .filter(|row| !row.is_empty())
        .collect()
}

/// The separator when the lines are a table: at least two, with the same number of cells.
pub(super) fn separator(lines: &[&str]) -> Option<char> {
    if lines.len() < 2 {
        return None;
    }
    ['|', '\t', ';', ','].into_iter().find(|separator| {
        let count = |line: &&str| cells(line, *separator).len();
        let columns = count(&lines[0]);
        let needed = if *separator == ',' { 3 } else { 2 };
        // Commas stand in prose too; there no two lines break alike three times in a row.
        let enough = *separator != ',' || lines.len() >= 3 || columns >= 4;
        columns >= needed && enough && lines.iter().all(|line| count(line) == columns)
    })
}

/// The line under a Markdown table's header.
fn is_rule(line: &str) -> bool {
    line.contains('-')
        && line
            .chars()
            .all(|c| matches!(c, '|' | '-' | ':' | '+' | '=' | ' '))
}

fn cells(line: &str, separator: char) -> Vec<String> {
    let line = line.trim();
    if separator == '|' {
        let line = line.strip_prefix('|').unwrap_or(line);
        let line = line.strip_suffix('|').unwrap_or(line);
        return line.split('|').map(|cell| cell.trim().to_owned()).collect();
    }
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(String::new()),
            c => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(c);
                }
            }
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn filled(row: &[String]) -> Vec<&str> {
    row.iter()
        .map(String::as_str)
        .filter(|cell| !cell.is_empty())
        .collect()
}

fn sentence(header: &[String], row: &[String]) -> String {
    let named = header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
    let parts: Vec<String> = named
        .map(|(name, cell)| {
            if name.is_empty() {
                cell.clone()
            } else {
                format!("{name}: {cell}")
            }
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_carry_the_names_of_their_columns() {
        let lines = [
            "| Port | Use |",
            "|------|-----|",
            "| 8000 | HTTP |",
            "| 9090 | metrics |",
        ];
        assert_eq!(
            rows(&lines),
            ["Port: 8000, Use: HTTP", "Port: 9090, Use: metrics"]
        );
        let lines = ["item,price,stock", "\"lamp, brass\",12.50,3", "rope,4,120"];
        let wanted = [
            "item: lamp, brass, price: 12.50, stock: 3",
            "item: rope, price: 4, stock: 120",
        ];
        assert_eq!(rows(&lines), wanted);
    }

    #[test]
    fn prose_with_commas_is_no_table() {
        assert_eq!(separator(&["First, we sail.", "Then, we rest."]), None);
        assert_eq!(separator(&["a, b, c and d", "plain"]), None);
    }
}
