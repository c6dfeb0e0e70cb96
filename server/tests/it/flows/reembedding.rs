//! Another `EMBEDDING_MODEL`: what was indexed by the old one is indexed again, by jobs, for those
//! who can pay; those who cannot stop nobody.

use std::fmt::Write;

use pretty_assertions::assert_eq;
use serde_json::json;

use crate::{
    faults::stub::ProviderStub,
    support::{House, Sql, eventually, on_each_database},
};

/// More documents than one page of the search for outdated ones holds.
const POOR_DOCUMENTS: usize = 130;

/// Copies of an indexed document, as many as are needed.
fn copies_of(document: i64) -> String {
    (0..POOR_DOCUMENTS).fold(String::new(), |mut sql, number| {
        let _ = write!(
            sql,
            "INSERT INTO documents (store_id, user_id, filename, media_type, size_bytes, sha256, \
             blob_key, status, status_updated_at, estimated_tokens, index_tokens, embedding_model, \
             generation, deleted_with_store, created_at, rev) \
             SELECT store_id, user_id, filename, media_type, size_bytes, sha256, \
             blob_key || '-{number}', status, status_updated_at, estimated_tokens, index_tokens, \
             embedding_model, generation, deleted_with_store, created_at, rev \
             FROM documents WHERE id = {document};"
        );
        sql
    })
}

fn settings<'a>(url: &'a str, model: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("GEMINI_MOCK_MODE", "false"),
        ("AI_PROVIDERS", "offline,openai"),
        ("OPENAI_BASE_URL", url),
        ("EMBEDDING_MODEL", model),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedding_model_indexes_again_whatever_others_cannot_pay() {
    on_each_database(|database| async move {
        let stub = ProviderStub::start().await;
        let url = stub.openai_url();
        let house = House::open(&database, &settings(&url, "openai/first")).await;
        let (poor, rich) = (house.user("poor").await, house.user("rich").await);
        let text = b"The tide turns at four in the afternoon.".to_vec();
        let (attic, tides) = (poor.store("Attic").await, rich.store("Tides").await);
        let stuck = poor
            .indexed(attic, "tide.txt", "text/plain", text.clone())
            .await;
        let mut sql = Sql::of(&house).await;
        sql.run(&copies_of(stuck)).await.expect("copies");
        let paid = rich.indexed(tides, "tide.txt", "text/plain", text).await;
        let admin = house.admin().await;
        let budget = format!("/api/admin/budgets/{}", poor.id().await);
        admin
            .post(&budget, &json!({"monthly_limit_usd": 0}))
            .await
            .expect(200);
        let by = |model: &str| format!("documents WHERE status = 'DONE' AND embedding_model = '{model}'");
        let all = i64::try_from(POOR_DOCUMENTS).expect("a count") + 2;
        assert_eq!(sql.count(&by("openai/first")).await, all);
        let folder = house.stop().await;
        sql.run("DELETE FROM leases").await.expect("nobody leads");

        let house = House::open_in(folder, &database, &settings(&url, "openai/second")).await;

        eventually(|| async {
            let mut sql = Sql::of(&house).await;
            (sql.count(&by("openai/second")).await == 1).then_some(())
        })
        .await;
        assert_eq!(
            sql.count(&format!("{} AND id = {paid}", by("openai/second"))).await,
            1
        );
        assert_eq!(sql.count(&by("openai/first")).await, all - 1, "the others are still found");
        let passages = format!("passages WHERE document_id = {paid}");
        let vectors = format!(
            "passage_vectors WHERE model = 'openai/second' AND passage_id IN (SELECT id FROM {passages})"
        );
        assert_eq!(sql.count(&vectors).await, sql.count(&passages).await);
        let charged = format!("ledger WHERE kind = 'index' AND document_id = {paid}");
        assert_eq!(sql.count(&charged).await, 2, "each indexing is paid for once");
        let rich = crate::support::User::sign_in(house.base(), "rich@example.org", crate::support::PASSWORD).await;
        assert!(rich.ask(tides, "When does the tide turn?").await.text().contains("four"));
        house.stop().await;
    })
    .await;
}
