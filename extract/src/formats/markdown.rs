//! Markdown keeps its source and is cut into the blocks of CommonMark 0.31 that matter for search.

use crate::collector::Collector;
use crate::document::BlockKind;
use crate::error::ExtractError;

pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), ExtractError> {
    let mut reader = Reader {
        collector,
        block: String::new(),
        kind: BlockKind::Paragraph,
        fence: None,
    };
    text.lines().try_for_each(|line| reader.line(line))?;
    reader.flush()
}

struct Reader<'c, 'l> {
    collector: &'c mut Collector<'l>,
    block: String,
    kind: BlockKind,
    /// The marker that opened a code block and must close it.
    fence: Option<String>,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &str) -> Result<(), ExtractError> {
        let trimmed = line.trim();
        if let Some(fence) = &self.fence {
            let closes = trimmed.starts_with(fence.as_str())
                && trimmed.trim_start_matches(&fence[..1]).is_empty();
            if closes {
                self.fence = None;
                return self.flush();
            }
            self.append(line);
            return Ok(());
        }
        if let Some(fence) = fence_marker(trimmed) {
            self.start(BlockKind::Code)?;
            self.fence = Some(fence);
            return Ok(());
        }
        if trimmed.is_empty() {
            return self.flush();
        }
        if let Some((level, title)) = atx_heading(line) {
            self.flush()?;
            return self.collector.heading(level, title);
        }
        if let Some(level) = setext_underline(trimmed)
            && self.kind == BlockKind::Paragraph
            && !self.block.trim().is_empty()
        {
            let title = std::mem::take(&mut self.block);
            return self.collector.heading(level, &title);
        }
        if trimmed.starts_with('|') {
            self.start(BlockKind::TableRow)?;
        } else if is_list_item(trimmed) {
            self.start(BlockKind::ListItem)?;
        } else if self.kind == BlockKind::TableRow {
            self.start(BlockKind::Paragraph)?;
        }
        self.append(line);
        Ok(())
    }

    fn start(&mut self, kind: BlockKind) -> Result<(), ExtractError> {
        self.flush()?;
        self.kind = kind;
        Ok(())
    }

    fn append(&mut self, line: &str) {
        self.block.push_str(line);
        self.block.push('\n');
    }

    fn flush(&mut self) -> Result<(), ExtractError> {
        self.collector.push(self.kind, &self.block)?;
        self.block.clear();
        self.kind = BlockKind::Paragraph;
        Ok(())
    }
}

fn fence_marker(line: &str) -> Option<String> {
    ['`', '~'].into_iter().find_map(|mark| {
        let length = line
            .chars()
            .take_while(|&character| character == mark)
            .count();
        // An inline code span may open a line: a fence's info holds no backtick.
        (length >= 3 && !(mark == '`' && line[length..].contains('`')))
            .then(|| mark.to_string().repeat(length))
    })
}

fn atx_heading(line: &str) -> Option<(u8, &str)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let line = line.trim();
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    let title = &line[level..];
    let fits = (1..=6).contains(&level) && indent < 4;
    (fits && (title.is_empty() || title.starts_with([' ', '\t']))).then(|| {
        (
            u8::try_from(level).unwrap_or(6),
            title.trim().trim_end_matches('#').trim_end(),
        )
    })
}

fn setext_underline(line: &str) -> Option<u8> {
    let all = |mark: char| line.chars().all(|character| character == mark);
    match line {
        "" => None,
        _ if all('=') => Some(1),
        _ if line.len() > 1 && all('-') => Some(2),
        _ => None,
    }
}

fn is_list_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after_number = &line[digits..];
    line.starts_with("- ")
        || line.starts_with("* ")
        || line.starts_with("+ ")
        || ((1..=9).contains(&digits)
            && (after_number.starts_with(". ") || after_number.starts_with(") ")))
}
