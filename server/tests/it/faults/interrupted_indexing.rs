//! A document that is deleted before it is indexed, and brought back: it is indexed then, and paid for
//! once.

use std::path::Path;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{crash::long_document, program::Site, state::State};
use crate::support::{User, client::eventually, on_each_database};

const INDEXING: &str = "FROM jobs WHERE kind = 'index_document'";

/// How many indexing jobs are in a state.
async fn jobs(state: &State, what: &str) -> i64 {
    state
        .number(&format!("SELECT COUNT(*) {INDEXING} AND state = '{what}'"))
        .await
}

/// What the owner is told of the document.
async fn told(user: &User, document: i64) -> String {
    let path = format!("/api/upload/op-status/doc-{document}");
    let told = user.get(&path).await.expect(200);
    told["status"].as_str().expect("a status").to_owned()
}

/// Lets whoever waits there go on, as often as it comes by.
async fn goes_on(waiting: &Path, until: impl AsyncFn() -> bool) {
    eventually(|| async {
        if waiting.exists() {
            std::fs::remove_dir(waiting).expect("the indexing goes on");
        }
        until().await.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_deleted_while_it_is_indexed_is_indexed_when_it_comes_back() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[("JOB_POLL_MS", "10")]);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let state = site.state().await;
        let admin = site.admin(&server).await;
        let ada = User::register(server.base.clone(), "ada@example.org").await;
        let store = ada.store("Harbour").await;
        // Many batches: between two of them an indexing hears that it is to stop.
        let sent = ada.upload(store, "long.md", "text/markdown", long_document(3_000));
        let document = sent.await.expect(200)["document_id"]
            .as_i64()
            .expect("an id");
        let path = format!("/api/documents/{document}");
        let restore = format!("{path}/restore");
        let open_holds = "SELECT COUNT(*) FROM holds WHERE state IN ('open', 'sent')";

        // While it waits.
        ada.delete(&path).await.expect(202);
        assert_eq!(jobs(&state, "cancelled").await, 1);
        assert_eq!(state.number(open_holds).await, 0, "the money is given back");
        admin.post(&restore, &Value::Null).await.expect(200);
        assert_eq!(told(&ada, document).await, "PENDING");
        assert_eq!(jobs(&state, "queued").await, 1);

        // While it runs, and back before the run has ended.
        let waiting = site.folder.path().join("index-batch");
        let worker = site.work(&[("BINNACLE_WAIT_AT", "index-batch")]).await;
        eventually(|| async { waiting.exists().then_some(()) }).await;
        ada.delete(&path).await.expect(202);
        admin.post(&restore, &Value::Null).await.expect(200);
        assert_eq!(jobs(&state, "queued").await, 0, "the first has not ended");
        assert_eq!(told(&ada, document).await, "PENDING");
        goes_on(&waiting, async || jobs(&state, "cancelled").await == 2).await;

        // While the next one runs, and back when that has ended.
        eventually(|| async { waiting.exists().then_some(()) }).await;
        ada.delete(&path).await.expect(202);
        goes_on(&waiting, async || jobs(&state, "cancelled").await == 3).await;
        assert_eq!(jobs(&state, "queued").await, 0, "it is deleted");
        assert_eq!(state.number(open_holds).await, 0);
        admin.post(&restore, &Value::Null).await.expect(200);
        goes_on(&waiting, async || told(&ada, document).await == "DONE").await;

        state.at_rest().await;
        let stream = ada.ask(store, "How deep is berth 7?").await;
        assert!(!stream.sources().is_empty());
        // What is whole stays as it is.
        ada.delete(&path).await.expect(202);
        admin.post(&restore, &Value::Null).await.expect(200);
        assert_eq!(told(&ada, document).await, "DONE");
        assert_eq!(jobs(&state, "succeeded").await, 1);
        state.close().await;
        worker.stop().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_came_back_waits_for_its_owners_money() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let state = site.state().await;
        let admin = site.admin(&server).await;
        let ada = User::register(server.base.clone(), "ada@example.org").await;
        let store = ada.store("Harbour").await;
        let sent = ada.upload(store, "berths.md", "text/markdown", long_document(5));
        let document = sent.await.expect(200)["document_id"]
            .as_i64()
            .expect("an id");
        let path = format!("/api/stores/{store}");
        ada.delete(&path).await.expect(202);
        let budget = format!("/api/admin/budgets/{}", ada.id().await);
        let limit = |usd: f64| json!({"monthly_limit_usd": usd});
        admin.post(&budget, &limit(0.0)).await.expect(200);

        let restore = format!("{path}/restore");
        admin.post(&restore, &Value::Null).await.expect(200);
        let worker = site.work(&[]).await;
        eventually(|| async { (jobs(&state, "awaiting_budget").await == 1).then_some(()) }).await;
        admin.post(&budget, &limit(5.0)).await.expect(200);
        eventually(|| async { (told(&ada, document).await == "DONE").then_some(()) }).await;
        state.at_rest().await;
        state.close().await;
        worker.stop().await;
        server.stop().await;
    })
    .await;
}
