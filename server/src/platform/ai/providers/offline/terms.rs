//! The terms of a text: lower-case stems, identifiers whole and in parts, CJK as pairs.

use rust_stemmers::Stemmer;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::platform::ai::tokens::is_cjk;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, as written.
    pub(super) plain: String,
    pub(super) stem: String,
}

/// The words of a text in order. `MAX_UPLOAD_MB` yields itself, then `max`, `upload` and `mb`;
/// neighbouring CJK characters yield each pair.
pub(super) fn words(text: &str, stemmer: &Stemmer) -> Vec<Word> {
    let mut found = Vec::new();
    let mut previous: Option<(usize, char)> = None;
    for (at, word) in text.unicode_word_indices() {
        let end = at + word.len();
        if let Some(first) = word.chars().next().filter(|first| is_cjk(*first)) {
            if let Some((_, before)) = previous.filter(|(before, _)| *before == at) {
                found.push(verbatim(&[before, first].iter().collect::<String>()));
            }
            if word.chars().nth(1).is_some() {
                found.push(verbatim(word));
            }
            previous = word.chars().next_back().map(|last| (end, last));
            continue;
        }
        previous = None;
        let lower = word.to_lowercase().replace('’', "'");
        let lower = lower.strip_suffix("'s").unwrap_or(&lower);
        if lower.contains('_') {
            found.push(verbatim(lower));
            found.extend(
                lower
                    .split('_')
                    .filter(|part| !part.is_empty())
                    .map(|p| stem(p, stemmer)),
            );
        } else {
            found.push(stem(lower, stemmer));
        }
    }
    found
}

fn verbatim(word: &str) -> Word {
    let plain = word.to_lowercase();
    Word {
        stem: plain.clone(),
        plain,
    }
}

fn stem(lower: &str, stemmer: &Stemmer) -> Word {
    Word {
        plain: lower.to_owned(),
        stem: stemmer.stem(lower).into_owned(),
    }
}
