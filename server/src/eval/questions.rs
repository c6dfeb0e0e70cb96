//! The file of questions.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::EvalError;

/// Manuals and what is asked about them.
#[derive(Clone, Debug, Deserialize)]
pub struct QuestionSet {
    /// How the questions came about.
    pub about: String,
    /// Citations of an answer at the most.
    pub limit: usize,
    /// What is indexed, together in one store.
    pub manuals: Vec<Manual>,
    /// What is asked.
    pub questions: Vec<Asked>,
}

/// A file, or a folder of HTML pages.
#[derive(Clone, Debug, Deserialize)]
pub struct Manual {
    /// The Debian package that ships it.
    pub package: String,
    /// Where that package puts it.
    pub path: PathBuf,
}

/// A question and where its answer stands; each of the places will do.
#[derive(Clone, Debug, Deserialize)]
pub struct Asked {
    /// In plain words.
    pub question: String,
    /// Where the answer stands.
    pub expected: Vec<Expected>,
}

/// A place in a manual.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    /// The name of the file.
    pub document: String,
    /// The first and the last page on which a right passage begins.
    pub pages: Option<[u32; 2]>,
    /// What a right passage holds, in any case.
    pub text: Option<String>,
}

impl QuestionSet {
    pub(super) fn read(path: &Path) -> Result<Self, EvalError> {
        let refused = |reason: String| EvalError::Questions {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| refused(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::QuestionSet;

    #[test]
    fn the_shipped_questions_can_be_read() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/eval/questions.json");
        let set = QuestionSet::read(&path).unwrap();
        assert!(set.questions.len() >= 40);
        assert!(set.limit <= 8);
        assert!(set.questions.iter().all(|asked| !asked.expected.is_empty()));
    }
}
