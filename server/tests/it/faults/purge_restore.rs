//! An admin brings a document back while it is being removed for good: it comes back whole, or the
//! admin is told that it is too late.

use futures_util::{StreamExt, stream};
use pretty_assertions::assert_eq;
use serde_json::Value;

use super::{
    program::Site,
    purge::{delete_a_document, nothing_is_orphaned, time_has_come},
    state::State,
};
use crate::support::{User, client::eventually, on_each_database};

/// Where the purge waits, and whether the document can be brought back there.
const POINTS: [(&str, bool); 4] = [
    ("purge-begins", true),
    ("purge-claimed", false),
    ("purge-passages-gone", false),
    ("purge-original-gone", false),
];

/// The document is what it was before it was deleted.
async fn is_whole(state: &State, admin: &User, document: i64) {
    let ended = "SELECT COUNT(*) FROM jobs WHERE kind = 'purge_document' AND state = 'cancelled'";
    eventually(|| async { (state.number(ended).await == 1).then_some(()) }).await;
    let of_document = format!("FROM passages WHERE document_id = {document}");
    let passages = state
        .number(&format!("SELECT COUNT(*) {of_document}"))
        .await;
    assert!(passages > 0, "it can be found");
    let other = format!("SELECT COUNT(*) FROM passages WHERE document_id <> {document}");
    assert_eq!(
        passages,
        state.number(&other).await,
        "as many as its twin has"
    );
    let path = format!("/api/documents/{document}/restore");
    admin.post(&path, &Value::Null).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_comes_back_whole_or_not_at_all_while_it_is_being_purged() {
    stream::iter(POINTS)
        .for_each_concurrent(2, |(point, comes_back)| {
            on_each_database(move |database| async move {
                let site = Site::new(database, &[]);
                let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
                let worker = site.work(&[("BINNACLE_WAIT_AT", point)]).await;
                let state = site.state().await;
                let document = delete_a_document(&server).await;
                let admin = site.admin(&server).await;
                let waiting = site.folder.path().join(point);
                time_has_come(&state).await;
                eventually(|| async { waiting.exists().then_some(()) }).await;

                let restore = format!("/api/documents/{document}/restore");
                let answer = admin.post(&restore, &Value::Null).await;

                if comes_back {
                    answer.expect(200);
                } else {
                    let told = answer.refused(409);
                    assert!(told.contains("cannot be brought back"), "{told}");
                }
                std::fs::remove_dir(&waiting).expect("the purge goes on");
                if comes_back {
                    is_whole(&state, &admin, document).await;
                } else {
                    nothing_is_orphaned(&site, &state).await;
                }
                state.close().await;
                worker.stop().await;
                server.stop().await;
            })
        })
        .await;
}
