//! How often the offline provider's answer holds what was asked for, over the documents of
//! `docs/samples`. `docs/retrieval.md` says what the figures mean.

use futures_util::{StreamExt, stream};
use serde::Deserialize;

use crate::support::{House, User, on_each_database};

const QUESTIONS: &str = include_str!("../../../../docs/eval/samples.json");
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const DOCUMENTS: [(&str, &str, &[u8]); 4] = [
    (
        "team-handbook.pdf",
        "application/pdf",
        include_bytes!("../../../../docs/samples/team-handbook.pdf"),
    ),
    (
        "hr7-maintenance-guide.docx",
        DOCX,
        include_bytes!("../../../../docs/samples/hr7-maintenance-guide.docx"),
    ),
    (
        "release-checklist.md",
        "text/markdown",
        include_bytes!("../../../../docs/samples/release-checklist.md"),
    ),
    (
        "fleet-inventory.csv",
        "text/csv",
        include_bytes!("../../../../docs/samples/fleet-inventory.csv"),
    ),
];
/// Right answers at the least.
const TUNED_FLOOR: usize = 22;
const UNSEEN_FLOOR: usize = 12;
const AT_ONCE: usize = 4;

#[derive(Deserialize)]
struct Questions {
    tuned: Vec<Asked>,
    unseen: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    question: String,
    /// What a right answer holds, each of them.
    facts: Vec<String>,
    /// Where it stands, when that is one document alone.
    document: Option<String>,
}

/// Asks in a conversation of its own. `None` when the answer is right, else what was answered.
async fn miss(user: &User, store: i64, asked: &Asked) -> Option<String> {
    let stream = user.ask(store, &asked.question).await;
    let text = stream.text();
    let holds = |fact: &String| text.to_lowercase().contains(&fact.to_lowercase());
    let cites = |document: &String| stream.sources().iter().any(|s| s["title"] == **document);
    let right = asked.facts.iter().all(holds) && asked.document.iter().all(cites);
    (!right).then(|| format!("{}\n    {text}", asked.question))
}

async fn misses(user: &User, store: i64, questions: &[Asked]) -> Vec<String> {
    stream::iter(questions)
        .map(|asked| miss(user, store, asked))
        .buffered(AT_ONCE)
        .filter_map(async |miss| miss)
        .collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_hold_what_was_asked_for() {
    let questions: Questions = serde_json::from_str(QUESTIONS).expect("the questions");
    let questions = std::sync::Arc::new(questions);
    on_each_database(|database| {
        let questions = questions.clone();
        async move {
            let house = House::open(&database, &[]).await;
            let user = house.user("ada").await;
            let store = user.store("Harbour Robotics").await;
            for (name, media_type, bytes) in DOCUMENTS {
                user.indexed(store, name, media_type, bytes.to_vec()).await;
            }
            let tuned = misses(&user, store, &questions.tuned).await;
            let unseen = misses(&user, store, &questions.unseen).await;
            let right = (
                questions.tuned.len() - tuned.len(),
                questions.unseen.len() - unseen.len(),
            );
            assert!(
                right.0 >= TUNED_FLOOR && right.1 >= UNSEEN_FLOOR,
                "{right:?} are right, not {:?}:\n{}\n\n{}",
                (TUNED_FLOOR, UNSEEN_FLOOR),
                tuned.join("\n"),
                unseen.join("\n")
            );
            house.stop().await;
        }
    })
    .await;
}
