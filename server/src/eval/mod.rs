//! How well retrieval finds what was asked: questions with known places in real manuals, answered on
//! a fresh database by the same code that answers users.

mod corpus;
mod questions;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use corpus::Library;
use entities::StoreId;
pub use questions::{Asked, Expected, Manual, QuestionSet};
use secrecy::SecretString;

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
    /// The database failed.
    #[error("the database of the evaluation failed: {0}")]
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
    /// Files that were indexed.
    pub documents: usize,
    /// Passages that they were cut into.
    pub passages: usize,
    /// Reading, cutting and indexing all of them.
    pub indexing: Duration,
    /// Each question put to the manual that it is about.
    pub in_manual: Outcomes,
    /// Each question put to all manuals at once.
    pub in_all: Outcomes,
}

/// What became of the questions, in the order of the file.
#[derive(Debug, Default)]
pub struct Outcomes(pub Vec<Outcome>);

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

impl Outcomes {
    /// Questions whose first citation is right.
    pub fn at_first(&self) -> usize {
        self.0
            .iter()
            .filter(|outcome| outcome.place == Some(1))
            .count()
    }

    /// Questions with a right citation.
    pub fn at_any(&self) -> usize {
        self.0
            .iter()
            .filter(|outcome| outcome.place.is_some())
            .count()
    }

    /// The search time that so many percent of the questions stayed within.
    fn percentile(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.0.iter().map(|outcome| outcome.took).collect();
        times.sort_unstable();
        let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(index).copied().unwrap_or_default()
    }

    fn summary(&self, name: &str) -> String {
        let count = self.0.len();
        format!(
            "{name}: right at the first citation {} of {count} ({:.1} %), at any {} ({:.1} %); \
             search p50 {:.1} ms, p95 {:.1} ms",
            self.at_first(),
            percent(self.at_first(), count),
            self.at_any(),
            percent(self.at_any(), count),
            self.percentile(50).as_secs_f64() * 1e3,
            self.percentile(95).as_secs_f64() * 1e3
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (outcome, among_all) in self.in_manual.0.iter().zip(&self.in_all.0) {
            let place = |outcome: &Outcome| {
                outcome
                    .place
                    .map_or("-".to_owned(), |place| place.to_string())
            };
            writeln!(
                out,
                "{:>3} {:>3}  {}",
                place(outcome),
                place(among_all),
                outcome.question
            )?;
            if outcome.place.is_none() {
                for cited in &outcome.cited {
                    writeln!(out, "           {cited}")?;
                }
            }
        }
        writeln!(out)?;
        writeln!(
            out,
            "{} documents, {} passages, indexed in {:.1} s",
            self.documents,
            self.passages,
            self.indexing.as_secs_f64()
        )?;
        writeln!(out, "{}", self.in_manual.summary("in its manual"))?;
        writeln!(out, "{}", self.in_all.summary("in all manuals"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// Where the index is made.
#[derive(Clone)]
pub enum Index {
    /// In a SQLite file that is gone afterwards.
    Fresh,
    /// In a SQLite file that stays for the next run, which then only asks.
    Kept(PathBuf),
    /// In a PostgreSQL database, empty or from an earlier run, given by its URL.
    Postgres(SecretString),
}

/// Indexes the manuals of a file of questions and asks them all.
pub async fn run(questions: &Path, index: Index) -> Result<Report, EvalError> {
    let set = QuestionSet::read(questions)?;
    let folder = tempfile::tempdir().map_err(|error| EvalError::Database(error.to_string()))?;
    let db = Db::connect(&DbSettings {
        target: match index {
            Index::Fresh => Target::Sqlite(folder.path().join("eval.db")),
            Index::Kept(path) => Target::Sqlite(path),
            Index::Postgres(url) => Target::Postgres(url),
        },
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
    let library = corpus::open(db, &set.manuals).await?;
    let mut report = Report {
        documents: library.documents.len(),
        passages: library.passages,
        indexing: started.elapsed(),
        in_manual: Outcomes::default(),
        in_all: Outcomes::default(),
    };
    let all: Vec<StoreId> = library.stores.clone();
    for asked in &set.questions {
        let own: Vec<StoreId> = asked
            .expected
            .iter()
            .filter_map(|expected| library.documents.get(&expected.document).copied())
            .take(1)
            .collect();
        report
            .in_manual
            .0
            .push(ask(db, &library, own, asked, set.limit).await?);
        report
            .in_all
            .0
            .push(ask(db, &library, all.clone(), asked, set.limit).await?);
    }
    Ok(report)
}

async fn ask(
    db: &Db,
    library: &Library,
    store_ids: Vec<StoreId>,
    asked: &Asked,
    limit: usize,
) -> Result<Outcome, EvalError> {
    let scope = Scope {
        user_id: library.user_id,
        store_ids,
        document_ids: None,
    };
    let question = Question {
        text: &asked.question,
        vector: None,
    };
    let started = Instant::now();
    let hits = search(db.read(), &VectorIndex::new(0), &scope, &question, limit).await?;
    let took = started.elapsed();
    let right = |hit: &Hit| asked.expected.iter().any(|expected| holds(expected, hit));
    Ok(Outcome {
        question: asked.question.clone(),
        place: hits.iter().position(right).map(|index| index + 1),
        cited: hits.iter().map(describe).collect(),
        took,
    })
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
