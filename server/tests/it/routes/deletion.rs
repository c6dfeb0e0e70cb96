//! Deleted is hidden at once, restored by an admin, purged when its time has come.

use serde_json::{Value, json};

use crate::support::{House, Sql, User, eventually, on_each_database};

const QUESTION: &str = "When does the tide turn?";

async fn library(house: &House) -> (User, i64, i64) {
    let ada = house.user("ada").await;
    let store = ada.store("Tides").await;
    let text = b"The tide turns at four in the afternoon.".to_vec();
    let document = ada.indexed(store, "tide.txt", "text/plain", text).await;
    (ada, store, document)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_is_hidden_and_comes_back_whole() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store, document) = library(&house).await;
        let admin = house.admin().await;
        let path = format!("/api/documents/{document}");

        let gone = ada.delete(&path).await.expect(202);

        assert_eq!(gone, json!({"status": "deletion_scheduled"}));
        ada.delete(&path).await.refused(404);
        ada.get(&format!("{path}/download")).await.refused(404);
        ada.get(&format!("/api/upload/op-status/doc-{document}"))
            .await
            .refused(404);
        let listed = ada
            .get(&format!("/api/documents/store/{store}"))
            .await
            .expect(200);
        assert_eq!(listed, json!([]));
        assert!(ada.ask(store, QUESTION).await.sources().is_empty());
        ada.post(&format!("{path}/restore"), &Value::Null)
            .await
            .refused(403);
        let mut sql = Sql::of(&house).await;
        let waiting = "jobs WHERE kind = 'purge_document' AND state = 'queued'";
        assert_eq!(sql.count(waiting).await, 1);

        let restored = admin
            .post(&format!("{path}/restore"), &Value::Null)
            .await
            .expect(200);

        assert_eq!(
            restored,
            json!({"document_id": document, "store_id": store})
        );
        assert_eq!(sql.count(waiting).await, 0);
        assert!(ada.ask(store, QUESTION).await.text().contains("four"));
        assert_eq!(ada.get(&format!("{path}/download")).await.status, 200);
        ada.delete(&path).await.expect(202);
        assert_eq!(sql.count(waiting).await, 1);
        admin
            .post("/api/documents/987654/restore", &Value::Null)
            .await
            .refused(404);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_comes_back_with_what_was_deleted_with_it() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store, kept) = library(&house).await;
        let text = b"The old table of tides.".to_vec();
        let earlier = ada.indexed(store, "old.txt", "text/plain", text).await;
        let admin = house.admin().await;
        ada.delete(&format!("/api/documents/{earlier}"))
            .await
            .expect(202);
        let path = format!("/api/stores/{store}");

        ada.delete(&path).await.expect(202);

        ada.delete(&path).await.refused(404);
        assert_eq!(ada.get("/api/stores").await.expect(200), json!([]));
        ada.get(&format!("/api/documents/store/{store}"))
            .await
            .refused(404);
        ada.get(&format!("/api/documents/{kept}/download"))
            .await
            .refused(404);
        let asked = json!({"storeIds": [store], "question": QUESTION});
        let asked = ada.post("/api/chat", &asked).await;
        assert_eq!(asked.refused(404), "Store not found");
        let alone = admin
            .post(&format!("/api/documents/{kept}/restore"), &Value::Null)
            .await;
        assert!(alone.refused(409).contains("Restore the store first"));
        let deletions = admin.get("/api/admin/audit/deletions").await.expect(200);
        assert_eq!(deletions[0]["store_id"], store);
        assert_eq!(deletions[0]["deleted_by"], "ada@example.org");

        let restored = admin
            .post(&format!("{path}/restore"), &Value::Null)
            .await
            .expect(200);

        assert_eq!(restored["id"], store);
        let listed = ada
            .get(&format!("/api/documents/store/{store}"))
            .await
            .expect(200);
        let ids: Vec<&Value> = listed
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| &row["id"])
            .collect();
        assert_eq!(ids, [&json!(kept)]);
        assert!(ada.ask(store, QUESTION).await.text().contains("four"));
        let mut sql = Sql::of(&house).await;
        let waiting = "jobs WHERE kind = 'purge_document' AND state = 'queued'";
        assert_eq!(
            sql.count(waiting).await,
            1,
            "the earlier one goes on its way"
        );
        let audit = admin.get("/api/admin/audit").await.expect(200);
        let actions: Vec<&Value> = audit
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| &entry["action"])
            .collect();
        assert!(actions.contains(&&json!("restore_store")), "{actions:?}");
        assert!(actions.contains(&&json!("delete_store")), "{actions:?}");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_for_ever_is_hidden_and_never_purged() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("RETENTION_SOFT_DELETED_DAYS", "0")]).await;
        let (ada, store, document) = library(&house).await;
        ada.delete(&format!("/api/stores/{store}"))
            .await
            .expect(202);
        ada.get(&format!("/api/documents/{document}/download"))
            .await
            .refused(404);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("jobs WHERE kind = 'purge_document'").await, 0);
        assert_eq!(house.files(), 1);
        let admin = house.admin().await;
        admin
            .post(&format!("/api/stores/{store}/restore"), &Value::Null)
            .await
            .expect(200);
        assert!(ada.ask(store, QUESTION).await.text().contains("four"));
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_time_has_come_nothing_is_left() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, _, document) = library(&house).await;
        ada.delete(&format!("/api/documents/{document}"))
            .await
            .expect(202);
        let mut sql = Sql::of(&house).await;
        // As if the thirty days had passed.
        let due = "UPDATE jobs SET run_at = created_at WHERE kind = 'purge_document'";
        assert_eq!(sql.run(due).await.expect("an update"), 1);
        eventually(|| async {
            let mut sql = Sql::of(&house).await;
            (sql.count("documents").await == 0).then_some(())
        })
        .await;
        assert_eq!(sql.count("passages").await, 0);
        assert_eq!(house.files(), 0);
        assert!(
            sql.count("ledger WHERE kind = 'index'").await == 1,
            "what was paid stays paid"
        );
        let admin = house.admin().await;
        let restored = admin
            .post(&format!("/api/documents/{document}/restore"), &Value::Null)
            .await;
        restored.refused(404);
        house.stop().await;
    })
    .await;
}
