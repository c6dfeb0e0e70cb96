//! The process dies while a store with many documents is being deleted: all of it is hidden from the
//! first moment, another process goes on, and all of it can be brought back.

use std::os::unix::process::ExitStatusExt;

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use super::program::Site;
use crate::support::{PASSWORD, User, client::eventually, on_each_database};

/// More than two transactions take.
const DOCUMENTS: i64 = 60;
const QUESTION: &str = "When does the tide turn?";

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_deletion_was_cut_is_hidden_whole_and_comes_back_whole() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let mut doomed = site.serve(&[("BINNACLE_ABORT_AT", "store-hidden")]).await;
        let state = site.state().await;
        let ada = User::register(doomed.base.clone(), "ada@example.org").await;
        let store = ada.store("Tides").await;
        let uploads = (0..DOCUMENTS).map(|number| {
            let text = format!("Note {number}. The tide turns at four in the afternoon.");
            let name = format!("tide-{number}.txt");
            let ada = &ada;
            async move {
                ada.indexed(store, &name, "text/plain", text.into_bytes())
                    .await
            }
        });
        let documents = join_all(uploads).await;
        let deleted = "SELECT COUNT(*) FROM documents WHERE deleted_with_store";

        let delete = ada.request(Method::DELETE, &format!("/api/stores/{store}"));
        assert!(delete.send().await.is_err(), "nobody answers");
        assert_eq!(doomed.ended().await.signal(), Some(6));
        assert_eq!(state.number(deleted).await, 0, "they were yet to follow");

        let server = site.serve(&[]).await;
        let ada = User::sign_in(server.base.clone(), "ada@example.org", PASSWORD).await;
        assert_eq!(ada.get("/api/stores").await.expect(200), json!([]));
        for document in [documents[0], documents[59]] {
            let path = format!("/api/documents/{document}");
            ada.get(&format!("{path}/download")).await.refused(404);
            ada.delete(&path).await.refused(404);
        }
        let question = json!({"storeIds": [store], "question": QUESTION});
        ada.post("/api/chat", &question).await.refused(404);
        server.stop().await;
        state.leases_run_out().await;

        let server = site.serve(&[]).await;
        eventually(|| async { (state.number(deleted).await == DOCUMENTS).then_some(()) }).await;
        let purges = "SELECT COUNT(*) FROM jobs WHERE kind = 'purge_document' AND state = 'queued'";
        eventually(|| async { (state.number(purges).await == DOCUMENTS).then_some(()) }).await;
        let admin = site.admin(&server).await;
        let path = format!("/api/stores/{store}/restore");
        admin.post(&path, &Value::Null).await.expect(200);

        assert_eq!(state.number(deleted).await, 0);
        assert_eq!(state.number(purges).await, 0);
        let ada = User::sign_in(server.base.clone(), "ada@example.org", PASSWORD).await;
        assert!(ada.ask(store, QUESTION).await.text().contains("four"));
        let listed = ada.get(&format!("/api/documents/store/{store}")).await;
        let listed = listed.expect(200).as_array().expect("a list").len();
        assert_eq!(i64::try_from(listed).expect("a count"), DOCUMENTS);
        state.sound().await;
        state.close().await;
        server.stop().await;
    })
    .await;
}
