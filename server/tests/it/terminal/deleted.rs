//! What was deleted and can come back.

use serde_json::json;

use super::console::{Console, Done};
use crate::support::{House, Sql, on_each_database};

pub const DONE: &[Done] = &[
    ("DeletedStores", "deleted restore"),
    ("DeletedStores", "deleted restore-document"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_store_and_a_document_come_back() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        house.admin().await;
        let (gone, kept) = (ada.store("Tides").await, ada.store("Rain").await);
        let text = b"The tide turns at four.".to_vec();
        ada.indexed(gone, "tide.txt", "text/plain", text.clone())
            .await;
        let document = ada.indexed(kept, "rain.txt", "text/plain", text).await;
        let path = format!("/api/stores/{gone}");
        ada.delete(&path).await.expect(202);
        let path = format!("/api/documents/{document}");
        ada.delete(&path).await.expect(202);
        let mut sql = Sql::of(&house).await;
        let live = "documents WHERE deleted_at IS NULL";
        assert_eq!(sql.count(live).await, 0);
        let mut console = Console::open(&house).await;
        console.screen('9', "System").await;
        console.act("system deleted");
        console.select("ada@example.org").await;
        console.act("deleted restore");
        console
            .told(&format!(
                "store {gone} is back to ada@example.org: 1 documents"
            ))
            .await;
        assert_eq!(sql.count(live).await, 1);
        let asked = json!({"storeIds": [gone], "question": "When does the tide turn?"});
        assert!(
            !ada.ask_with(&asked).await.sources().is_empty(),
            "it can be asked"
        );
        console.audited("restore_store", "store").await;
        console.types("[");
        console.until("Deleted stores").await;
        console.act("deleted restore-document");
        console.fill(&[("document", &document.to_string())]).await;
        console
            .told(&format!("document {document} is back in store {kept}"))
            .await;
        assert_eq!(sql.count(live).await, 2);
        console
            .audited("restore_document", &document.to_string())
            .await;
        console.screen('9', "System").await;
        let mut wanted = DONE.to_vec();
        wanted.push(("System", "system deleted"));
        console.has_done(&wanted);
        house.stop().await;
    })
    .await;
}
