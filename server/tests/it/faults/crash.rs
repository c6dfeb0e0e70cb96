//! The process dies at each step of a chat, of an upload and of an ingestion; another takes over on
//! the same folder and database.

use std::{
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, stream};
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{program::Site, state::State};
use crate::support::{Database, Stream, User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";
const KEY: (&str, &str) = ("idempotency-key", "release-1");
/// Processes that are put through it at the same time.
const AT_ONCE: usize = 3;

/// More passages than one batch takes.
pub fn long_document(sections: usize) -> Vec<u8> {
    use std::fmt::Write;
    (0..sections)
        .fold(String::new(), |mut text, number| {
            let _ = write!(
                text,
                "# Section {number}\n\nBerth {number} of the harbour has a depth of {number} \
                 metres and is lit by lamp {number}.\n\n"
            );
            text
        })
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_survives_the_death_of_its_process_at_each_step() {
    let points = [
        "chat-held",
        "chat-delta",
        "chat-settling",
        "chat-in-settlement",
        "chat-settled",
    ];
    stream::iter(points)
        .for_each_concurrent(AT_ONCE, |point| {
            on_each_database(move |database| chat_dies_at(point, database))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_survives_the_death_of_its_process_at_each_step() {
    stream::iter(["upload-received", "upload-stored"])
        .for_each_concurrent(AT_ONCE, |point| {
            on_each_database(move |database| upload_dies_at(point, database))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingestion_survives_the_death_of_its_process_at_each_step() {
    let points = [
        "job-claimed",
        "index-batch",
        "job-finishing",
        "job-finished",
    ];
    stream::iter(points)
        .for_each_concurrent(AT_ONCE, |point| {
            on_each_database(move |database| ingestion_dies_at(point, database))
        })
        .await;
}

/// A house with money limits, whose first process dies at `point`.
struct Scene {
    site: Site,
    state: State,
    user: User,
    store: i64,
    doomed: super::program::Program,
}

impl Scene {
    async fn set(point: &str, database: Arc<Database>) -> Self {
        let site = Site::new(
            database,
            &[
                ("DEFAULT_MONTHLY_LIMIT_USD", "5"),
                ("HOUSE_MONTHLY_LIMIT_USD", "50"),
            ],
        );
        let doomed = site.serve(&[("BINNACLE_ABORT_AT", point)]).await;
        let user = User::register(doomed.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        Self {
            state: site.state().await,
            site,
            user,
            store,
            doomed,
        }
    }

    /// Waits for the death, lets time pass, and starts the next process.
    async fn next(&mut self) -> super::program::Program {
        let status = self.doomed.ended().await;
        assert_eq!(
            status.signal(),
            Some(6),
            "the process dies where it was told (is it built with the feature `failpoints`?)"
        );
        self.state.sound().await;
        self.state.leases_run_out().await;
        for file in self.files() {
            age(&file);
        }
        let next = self.site.serve(&[]).await;
        self.user.base.clone_from(&next.base);
        next
    }

    /// Everything in the folders for blobs and for uploads in flight.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in ["blobs", "tmp"] {
            collect(&self.site.folder.path().join(folder), &mut files);
        }
        files
    }

    /// Waits until every file belongs to a document.
    async fn no_file_is_orphaned(&self) {
        let known = self.state.words("SELECT blob_key FROM documents").await;
        let orphans = || {
            let is_known =
                |file: &PathBuf| known.iter().any(|key| file.to_string_lossy().contains(key));
            let mut files = self.files();
            files.retain(|file| !is_known(file));
            files
        };
        eventually(|| async { orphans().is_empty().then_some(()) }).await;
    }

    async fn asks(&self) {
        let answer = self.user.ask(self.store, QUESTION).await;
        assert!(
            answer.done && answer.error().is_none(),
            "{:?}",
            answer.frames
        );
        assert!(!answer.sources().is_empty());
    }

    async fn house_is_sound(&self) {
        self.state.at_rest().await;
        let apart = self
            .state
            .number(
                "SELECT CAST((SELECT spent_nanos FROM periods WHERE account = 'house') - \
                 (SELECT SUM(amount_nanos) FROM ledger) AS BIGINT)",
            )
            .await;
        assert_eq!(apart, 0, "the house's row and the ledger");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// As if it had been left behind two days ago.
fn age(file: &Path) {
    let long_ago = SystemTime::now() - Duration::from_hours(48);
    let opened = std::fs::File::options().write(true).open(file);
    opened
        .and_then(|file| file.set_modified(long_ago))
        .expect("an older file");
}

async fn chat_dies_at(point: &'static str, database: Arc<Database>) {
    let mut scene = Scene::set(point, database).await;
    let file = CHECKLIST.to_vec();
    scene
        .user
        .indexed(scene.store, "release-checklist.md", "text/markdown", file)
        .await;
    let body = json!({"storeIds": [scene.store], "question": QUESTION});
    let ask = |user: &User| {
        let request = user.request(reqwest::Method::POST, "/api/chat");
        request.header(KEY.0, KEY.1).json(&body)
    };
    let asked = ask(&scene.user).send().await;
    if let Ok(answer) = asked {
        assert!(
            answer.bytes().await.is_err(),
            "{point}: the answer is whole"
        );
    }

    let next = scene.next().await;
    scene.house_is_sound().await;
    let charged = scene
        .state
        .number("SELECT COUNT(*) FROM ledger WHERE kind = 'chat'")
        .await;
    assert_eq!(charged, 1, "{point}: what was sent is paid once");
    let answer = scene
        .state
        .word("SELECT state FROM messages WHERE role = 'assistant'")
        .await;
    let expected = if point == "chat-settled" {
        "complete"
    } else {
        "cut"
    };
    assert_eq!(answer, expected, "{point}");
    let again = scene.user.send(ask(&scene.user)).await;
    assert_eq!(again.status, 200, "{point}: {}", again.body);
    let again = Stream::parse(&again);
    assert!(again.done, "{point}: {:?}", again.frames);
    assert_eq!(again.error().is_none(), expected == "complete", "{point}");
    let charged = scene
        .state
        .number("SELECT COUNT(*) FROM ledger WHERE kind = 'chat'")
        .await;
    assert_eq!(charged, 1, "{point}: a repetition is not paid");
    scene.asks().await;
    scene.house_is_sound().await;
    scene.state.close().await;
    next.stop().await;
}

/// Sends the upload, which may be answered, or not.
async fn send_upload(scene: &Scene, file: Vec<u8>) {
    let part = reqwest::multipart::Part::bytes(file)
        .file_name("papers.md")
        .mime_str("text/markdown")
        .expect("a media type");
    let form = reqwest::multipart::Form::new()
        .text("storeId", scene.store.to_string())
        .part("file", part);
    let request = scene.user.request(reqwest::Method::POST, "/api/upload");
    if let Ok(answer) = request.multipart(form).send().await {
        assert_eq!(answer.status(), 200);
    }
}

async fn upload_dies_at(point: &'static str, database: Arc<Database>) {
    let mut scene = Scene::set(point, database).await;
    send_upload(&scene, CHECKLIST.to_vec()).await;

    let next = scene.next().await;
    let stored = scene.state.number("SELECT COUNT(*) FROM documents").await;
    assert_eq!(stored, 0, "{point}: an upload without an answer left a row");
    scene.no_file_is_orphaned().await;
    let originals = u8::from(point == "upload-stored");
    let told = format!("binnacle_objects_orphaned {originals}");
    let tells = || async {
        let page = scene.user.get("/metrics").await.body;
        page.lines().any(|line| line == told).then_some(())
    };
    eventually(tells).await;
    scene
        .user
        .indexed(
            scene.store,
            "release-checklist.md",
            "text/markdown",
            CHECKLIST.to_vec(),
        )
        .await;
    scene.asks().await;
    scene.house_is_sound().await;
    scene.state.close().await;
    next.stop().await;
}

async fn ingestion_dies_at(point: &'static str, database: Arc<Database>) {
    let mut scene = Scene::set(point, database).await;
    let file = if point == "index-batch" {
        long_document(260)
    } else {
        CHECKLIST.to_vec()
    };
    send_upload(&scene, file).await;

    let next = scene.next().await;
    scene.house_is_sound().await;
    let finished = scene
        .state
        .number("SELECT COUNT(*) FROM job_events WHERE event = 'succeeded'")
        .await;
    assert_eq!(finished, 1, "{point}: the job is finished once");
    let errors = scene
        .state
        .number("SELECT CAST(SUM(attempts) AS BIGINT) FROM jobs")
        .await;
    assert_eq!(errors, 0, "{point}: a lost worker is no error of the job");
    scene.no_file_is_orphaned().await;
    let question = if point == "index-batch" {
        "How deep is berth 207 of the harbour?"
    } else {
        QUESTION
    };
    let answer = scene.user.ask(scene.store, question).await;
    assert!(!answer.sources().is_empty(), "{point}");
    scene.house_is_sound().await;
    scene.state.close().await;
    next.stop().await;
}
