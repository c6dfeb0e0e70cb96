//! How well retrieval finds what was asked: questions with known places in real manuals, answered on
//! a fresh SQLite database by the same code that answers users.

mod corpus;
mod questions;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub use questions::{Expected, Manual, QuestionSet};

use crate::platform::{
    db::{Db, DbError, DbSettings, Target},
    retrieval::{Hit, Question, Scope, VectorIndex, search},
};

/// Why an evaluation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The file of questions cannot be read.
    #[error("the questions at {path} cannot be read: {reason}")]
    Questions {
        /// Where they were looked for.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A manual is not installed.
    #[error("{path} is missing; install the package {package}")]
    ManualMissing {
        /// Where it was looked for.
        path: PathBuf,
        /// The Debian package that ships it.
        package: String,
    },
    /// A manual cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Manual {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The temporary database failed.
    #[error("the temporary database failed: {0}")]
    Database(String),
}

impl From<DbError> for EvalError {
    fn from(error: DbError) -> Self {
        Self::Database(format!("{error} ({error:?})"))
    }
}

impl From<sea_orm::DbErr> for EvalError {
    fn from(error: sea_orm::DbErr) -> Self {
        DbError::from(error).into()
    }
}

/// What came out.
#[derive(Debug)]
pub struct Report {
    /// How many citations an answer may have.
    pub limit: usize,
    /// Files that were indexed.
    pub documents: usize,
    /// Passages that they were cut into.
    pub passages: usize,
    /// Reading, cutting and indexing all of them.
    pub indexing: Duration,
    /// Each question in the order of the file.
    pub outcomes: Vec<Outcome>,
}

/// What became of one question.
#[derive(Debug)]
pub struct Outcome {
    /// As asked.
    pub question: String,
    /// Place of the first citation that is where the answer stands, counted from 1.
    pub place: Option<usize>,
    /// Each citation as document, page and heading.
    pub cited: Vec<String>,
    /// From the question to the citations.
    pub took: Duration,
}

impl Report {
    /// Questions whose first citation is right.
    pub fn at_first(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.place == Some(1))
            .count()
    }

    /// Questions with a right citation.
    pub fn at_any(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.place.is_some())
            .count()
    }

    /// The search time that so many percent of the questions stayed within.
    fn percentile(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.outcomes.iter().map(|outcome| outcome.took).collect();
        times.sort_unstable();
        let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(index).copied().unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.outcomes {
            let place = outcome
                .place
                .map_or("-".to_owned(), |place| place.to_string());
            writeln!(out, "{place:>3}  {}", outcome.question)?;
            if outcome.place != Some(1) {
                for cited in &outcome.cited {
                    writeln!(out, "        {cited}")?;
                }
            }
        }
        let count = self.outcomes.len();
        writeln!(out)?;
        writeln!(
            out,
            "{} documents, {} passages, indexed in {:.1} s",
            self.documents,
            self.passages,
            self.indexing.as_secs_f64()
        )?;
        writeln!(
            out,
            "search: p50 {:.1} ms, p95 {:.1} ms",
            self.percentile(50).as_secs_f64() * 1e3,
            self.percentile(95).as_secs_f64() * 1e3
        )?;
        for (name, hits) in [
            ("first citation", self.at_first()),
            ("any citation", self.at_any()),
        ] {
            writeln!(
                out,
                "{name}: {hits} of {count} ({:.1} %)",
                percent(hits, count)
            )?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// Indexes the manuals of a file of questions and asks them all.
pub async fn run(questions: &Path) -> Result<Report, EvalError> {
    let set = QuestionSet::read(questions)?;
    let folder = tempfile::tempdir().map_err(|error| EvalError::Database(error.to_string()))?;
    let db = Db::connect(&DbSettings {
        target: Target::Sqlite(folder.path().join("eval.db")),
        readers: 2,
        writers: 1,
    })
    .await?;
    let outcome = run_on(&db, set).await;
    db.close().await;
    outcome
}

async fn run_on(db: &Db, set: QuestionSet) -> Result<Report, EvalError> {
    db.migrate().await?;
    let started = Instant::now();
    let library = corpus::build(db, &set.manuals).await?;
    let mut report = Report {
        limit: set.limit,
        documents: library.documents,
        passages: library.passages,
        indexing: started.elapsed(),
        outcomes: Vec::with_capacity(set.questions.len()),
    };
    let vectors = VectorIndex::new(0);
    let scope = Scope {
        user_id: library.user_id,
        store_ids: vec![library.store_id],
        document_ids: None,
    };
    for asked in set.questions {
        let question = Question {
            text: &asked.question,
            vector: None,
        };
        let started = Instant::now();
        let hits = search(db.read(), &vectors, &scope, &question, set.limit).await?;
        report.outcomes.push(Outcome {
            place: hits
                .iter()
                .position(|hit| asked.expected.iter().any(|expected| holds(expected, hit)))
                .map(|index| index + 1),
            took: started.elapsed(),
            cited: hits.iter().map(describe).collect(),
            question: asked.question,
        });
    }
    Ok(report)
}

/// Whether a citation stands where the answer does.
fn holds(expected: &Expected, hit: &Hit) -> bool {
    let [first, last] = expected.pages.unwrap_or([0, u32::MAX]);
    expected.document == hit.title
        && (first..=last).contains(&hit.page.unwrap_or(0))
        && expected
            .text
            .as_ref()
            .is_none_or(|text| hit.body.to_lowercase().contains(&text.to_lowercase()))
}

fn describe(hit: &Hit) -> String {
    let page = hit
        .page
        .map_or(String::new(), |page| format!(" page {page}"));
    format!(
        "{}{page}: {}",
        hit.title,
        hit.heading.as_deref().unwrap_or("-")
    )
}
