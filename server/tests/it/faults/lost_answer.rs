//! PostgreSQL commits and its answer is lost: what was written stands, once, with all that belongs to
//! it. PostgreSQL is gone: everybody who waits is told in time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;

use super::program::{Program, Site};
use crate::support::{Database, Link, User, client::eventually};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

struct Scene {
    database: Database,
    link: Link,
    site: Site,
    server: Program,
    user: User,
    store: i64,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::postgres().await;
        let Database::Postgres { server, name } = &database else {
            unreachable!("the database is PostgreSQL");
        };
        let link = Link::to(server).await;
        let through = Database::Postgres {
            server: link.url().to_owned(),
            name: name.clone(),
        };
        let site = Site::new(Arc::new(through), &[]);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        Self {
            database,
            link,
            site,
            server,
            user,
            store,
        }
    }

    async fn end(self) {
        let state = self.site.state().await;
        state.at_rest().await;
        state.close().await;
        self.server.stop().await;
        self.database.drop_it().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_commit_was_not_answered_keeps_its_original() {
    let scene = Scene::set().await;
    scene.link.lose_commit_after("INSERT INTO \"documents\"");

    let answer = scene
        .user
        .upload(scene.store, "list.md", "text/markdown", CHECKLIST.to_vec())
        .await;

    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(scene.link.lost(), 1);
    let path = format!("/api/documents/store/{}", scene.store);
    let documents = eventually(|| async {
        let documents = scene.user.get(&path).await.expect(200);
        matches!(documents[0]["status"].as_str(), Some("DONE" | "ERROR")).then_some(documents)
    })
    .await;
    assert_eq!(documents.as_array().map(Vec::len), Some(1));
    assert_eq!(documents[0]["status"], "DONE", "{documents}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_settlement_was_not_answered_is_whole_and_paid_once() {
    let scene = Scene::set().await;
    scene
        .user
        .indexed(scene.store, "list.md", "text/markdown", CHECKLIST.to_vec())
        .await;
    scene.link.lose_commit_after("\"citations\" = ");

    let question = "What must be done before a release?";
    let answer = scene.user.ask(scene.store, question).await;

    assert_eq!(scene.link.lost(), 1);
    assert!(
        answer.done && answer.error().is_none(),
        "{:?}",
        answer.frames
    );
    let state = scene.site.state().await;
    let stored = "SELECT state FROM messages WHERE role = 'assistant' AND cost_nanos > 0";
    assert_eq!(state.words(stored).await, ["complete"]);
    state.close().await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_when_postgresql_is_gone_is_told_within_fifteen_seconds() {
    let scene = Scene::set().await;
    scene.link.down();

    let body = json!({"display_name": "Winds"});
    let asked = Instant::now();
    let answers = join_all((0..64).map(|_| scene.user.post("/api/stores", &body))).await;

    assert!(
        asked.elapsed() < Duration::from_secs(15),
        "{:?}",
        asked.elapsed()
    );
    for answer in answers {
        assert_eq!(answer.status, 503, "{}", answer.body);
    }
    scene.server.kill().await;
    scene.database.drop_it().await;
}
