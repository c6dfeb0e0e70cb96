//! Stores and documents: limits, names, ownership, the original.

use serde_json::{Value, json};

use crate::support::{House, Sql, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn stores_have_names_and_a_number_that_is_not_passed() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MAX_STORES_PER_USER", "3")]).await;
        let ada = house.user("ada").await;
        let create = async |name: Value| {
            ada.post("/api/stores", &json!({"display_name": name}))
                .await
        };
        for wrong in [
            json!(""),
            json!("  \u{200b}\u{7} "),
            json!("x".repeat(101)),
            json!("<script>alert(1)</script>"),
            json!("javascript:alert(1)"),
            json!(7),
            Value::Null,
        ] {
            let answer = create(wrong.clone()).await;
            let told = answer.refused(422);
            assert!(told.contains("display_name"), "{wrong}: {told}");
        }
        let first = create(json!("  R&D < 5 \u{0}")).await.expect(200);
        assert_eq!(first["display_name"], "R&D < 5");
        assert!(
            first["fs_name"]
                .as_str()
                .expect("a name")
                .starts_with("fileSearchStores/")
        );
        create(json!("é".repeat(100))).await.expect(200);
        let last = create(json!("Third")).await.expect(200);
        let told = create(json!("Fourth")).await.refused(429);
        assert!(told.contains('3'), "{told}");

        let stores = ada.get("/api/stores").await.expect(200);
        let ids: Vec<i64> = stores
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|store| store["id"].as_i64())
            .collect();
        assert_eq!(ids.len(), 3);
        assert!(ids.is_sorted_by(|left, right| left > right), "{ids:?}");
        let path = format!("/api/stores/{}", last["id"]);
        let gone = ada.delete(&path).await.expect(202);
        assert_eq!(gone, json!({"status": "deletion_scheduled"}));
        create(json!("Fourth")).await.expect(200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_do_not_pass_the_number_of_stores() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MAX_STORES_PER_USER", "2")]).await;
        let ada = house.user("ada").await;
        let mut creating = tokio::task::JoinSet::new();
        for number in 0..12 {
            let ada = ada.clone();
            creating.spawn(async move {
                let body = json!({"display_name": format!("Store {number}")});
                ada.post("/api/stores", &body).await.status
            });
        }
        let statuses = creating.join_all().await;
        let made = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(made, 2, "{statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 429].contains(status)),
            "{statuses:?}"
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_yours_is_not_there() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (house.user("ada").await, house.user("bob").await);
        let store = ada.store("Hers").await;
        let text = b"The tide turns at four.".to_vec();
        let document = ada
            .indexed(store, "tide.txt", "text/plain", text.clone())
            .await;
        for id in [
            store.to_string(),
            "0".into(),
            "-1".into(),
            "x".into(),
            "9".repeat(30),
        ] {
            let listed = bob.get(&format!("/api/documents/store/{id}")).await;
            assert_eq!(listed.refused(404), "Store not found", "{id}");
            let deleted = bob.delete(&format!("/api/stores/{id}")).await;
            assert_eq!(deleted.refused(404), "Store not found", "{id}");
        }
        for id in [document.to_string(), "0".into(), "x".into(), "9".repeat(30)] {
            let path = format!("/api/documents/{id}");
            for answer in [
                bob.delete(&path).await,
                bob.get(&format!("{path}/download")).await,
                bob.post(&format!("{path}/retry"), &Value::Null).await,
            ] {
                assert_eq!(answer.refused(404), "Document not found", "{id}");
            }
        }
        let status = bob
            .get(&format!("/api/upload/op-status/doc-{document}"))
            .await;
        assert_eq!(status.refused(404), "Document not found");
        let uploaded = bob.upload(store, "x.txt", "text/plain", text).await;
        assert_eq!(uploaded.refused(404), "Store not found");
        let hers = ada
            .get(&format!("/api/documents/{document}/download"))
            .await;
        assert_eq!(hers.status, 200);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("documents").await, 1);
        assert_eq!(sql.count("stores WHERE deleted_at IS NOT NULL").await, 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_comes_back_as_a_file_to_save() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Pages").await;
        let page =
            b"<html><body><script>alert(1)</script><p>The tide turns at four.</p></body></html>";
        let name = "..\\../Übersicht \"x\";\u{202e}.html";
        let document = ada.indexed(store, name, "text/html", page.to_vec()).await;
        let listed = ada
            .get(&format!("/api/documents/store/{store}"))
            .await
            .expect(200);
        let row = &listed[0];
        assert_eq!(row["id"], document);
        assert_eq!(row["status"], "DONE");
        assert_eq!(row["size_bytes"], page.len());
        assert_eq!(row["gcs_uri"], Value::Null);
        let stored = row["filename"].as_str().expect("a name");
        assert!(
            !stored.contains(['/', '\\', '"', ' ', ';', '\u{202e}']),
            "{stored}"
        );

        let answer = ada
            .get(&format!("/api/documents/{document}/download"))
            .await;

        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.as_bytes(), page);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let disposition = answer.header("content-disposition").expect("a disposition");
        assert!(disposition.starts_with("attachment; "), "{disposition}");
        let length = page.len().to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()));
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_an_upload_is_found_by_its_id() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Pages").await;
        let text = b"The tide turns at four.".to_vec();
        let document = ada.indexed(store, "tide.txt", "text/plain", text).await;
        let path = format!("/api/upload/op-status/doc-{document}");
        let status = ada.get(&path).await.expect(200);
        assert_eq!(status["status"], "DONE");
        assert_eq!(status["error"], Value::Null);
        assert_eq!(status["progress"], 1.0);
        for wrong in [
            "7", "doc-", "doc-x", "doc--", "doc-1.5", "job-1", "doc-1%00",
        ] {
            let answer = ada.get(&format!("/api/upload/op-status/{wrong}")).await;
            assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
        }
        ada.get("/api/upload/op-status/doc-987654")
            .await
            .refused(404);
        house.stop().await;
    })
    .await;
}
