//! Deleting and bringing back at once, through two processes: whoever comes last has done it whole.

use futures_util::future::{join_all, join4};
use pretty_assertions::assert_eq;
use serde_json::Value;

use super::{
    program::{Program, Site},
    state::State,
};
use crate::support::{User, on_each_database};

/// Of a document, and of its store with all that is in it.
const ROUNDS: (usize, usize) = (25, 10);
/// More than one transaction takes.
const DOCUMENTS: usize = 30;

/// Each counts what a half-done deletion or a half-done return leaves behind.
const HALF: [(&str, &str); 4] = [
    (
        "documents that are not deleted, and will be removed",
        "SELECT COUNT(*) FROM documents d WHERE d.deleted_at IS NULL AND (d.purge_job_id IS NOT NULL \
         OR EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'purge_document' AND j.subject_id = d.id \
         AND j.finished_at IS NULL))",
    ),
    (
        "deleted documents whose removal is not their own",
        "SELECT COUNT(*) FROM documents d WHERE d.deleted_at IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM jobs j WHERE j.id = d.purge_job_id AND j.finished_at IS NULL)",
    ),
    (
        "documents to be seen in a deleted store",
        "SELECT COUNT(*) FROM documents d JOIN stores s ON s.id = d.store_id \
         WHERE s.deleted_at IS NOT NULL AND d.deleted_at IS NULL",
    ),
    (
        "documents that did not come back with their store",
        "SELECT COUNT(*) FROM documents d JOIN stores s ON s.id = d.store_id \
         WHERE s.deleted_at IS NULL AND d.deleted_with_store",
    ),
];

async fn whole(state: &State, round: usize) {
    for (what, sql) in HALF {
        assert_eq!(state.number(sql).await, 0, "round {round}: {what}");
    }
}

/// The same person at another process.
fn at(user: &User, server: &Program) -> User {
    User {
        base: server.base.clone(),
        ..user.clone()
    }
}

async fn delete(user: &User, path: &str) {
    let answer = user.delete(path).await;
    assert!(
        answer.status < 300 || answer.status == 404,
        "{path}: {} {}",
        answer.status,
        answer.body
    );
}

/// Brings back; a document whose store is deleted is refused.
async fn restore(admin: &User, path: &str) {
    let answer = admin.post(&format!("{path}/restore"), &Value::Null).await;
    assert!(
        matches!(answer.status, 200 | 409),
        "{path}: {} {}",
        answer.status,
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_and_brought_back_at_once_is_whole() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let (one, two) = (site.serve(&[]).await, site.serve(&[]).await);
        let state = site.state().await;
        let ada = User::register(one.base.clone(), "ada@example.org").await;
        let admin = site.admin(&one).await;
        let (ada_too, admin_too) = (at(&ada, &two), at(&admin, &two));
        let store = ada.store("Tides").await;
        let uploads = (0..DOCUMENTS).map(|number| {
            let text = format!("Note {number}. The tide turns at four in the afternoon.");
            let (ada, name) = (&ada, format!("tide-{number}.txt"));
            async move {
                ada.indexed(store, &name, "text/plain", text.into_bytes())
                    .await
            }
        });
        let documents = join_all(uploads).await;
        let document = format!("/api/documents/{}", documents[0]);
        let store = format!("/api/stores/{store}");

        for round in 0..ROUNDS.0 {
            join4(
                delete(&ada, &document),
                restore(&admin_too, &document),
                delete(&ada_too, &document),
                restore(&admin, &document),
            )
            .await;
            whole(&state, round).await;
        }
        for round in 0..ROUNDS.1 {
            join4(
                delete(&ada, &store),
                restore(&admin_too, &store),
                delete(&ada_too, &document),
                restore(&admin, &document),
            )
            .await;
            join4(
                restore(&admin, &store),
                restore(&admin_too, &store),
                restore(&admin_too, &document),
                delete(&ada, &store),
            )
            .await;
            whole(&state, round).await;
        }

        restore(&admin, &store).await;
        restore(&admin, &document).await;
        whole(&state, ROUNDS.1).await;
        let listed = ada
            .get(&store.replace("/stores/", "/documents/store/"))
            .await;
        let listed = listed.expect(200).as_array().map(Vec::len);
        assert_eq!(listed, Some(DOCUMENTS));
        state.sound().await;
        state.close().await;
        one.stop().await;
        two.stop().await;
    })
    .await;
}
