//! A conversation's title: the beginning of its first question.

const TITLE_MAX: usize = 50;

/// The first 50 characters, on one line, with an ellipsis when there is more.
pub(super) fn from_question(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut title: String = line.chars().take(TITLE_MAX).collect();
    if title.len() < line.len() {
        title.truncate(title.trim_end().len());
        title.push('…');
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_short_and_on_one_line() {
        assert_eq!(
            from_question("What is\nthe  budget?"),
            "What is the budget?"
        );
        let long = from_question(&"word ".repeat(30));
        assert!(long.ends_with('…'));
        assert!(long.chars().count() <= TITLE_MAX + 1);
    }
}
