//! Users: listed, counted, found.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{ids, problem, walk};
use crate::support::{House, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_to_the_end_while_others_come() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        for number in 0..7 {
            house.user(&format!("user{number}")).await;
        }
        let all = walk(&admin, "/api/admin/accounts", 3).await;
        let newest_first = ids(&all);
        assert_eq!(newest_first.len(), 8);
        assert!(newest_first.is_sorted_by(|left, right| left > right));

        let page = admin.get("/api/admin/accounts?limit=3&sort=email").await;
        let page = page.expect(200);
        let cursor = page["next_cursor"].as_str().expect("more").to_owned();
        // One before where the page ended, one after it.
        house.user("aaa").await;
        house.user("zzz").await;
        let rest = admin
            .get(&format!("/api/admin/accounts?limit=200&cursor={cursor}"))
            .await
            .expect(200);
        let mut seen = ids(page["items"].as_array().expect("items"));
        seen.extend(ids(rest["items"].as_array().expect("items")));
        let emails: Vec<&str> = rest["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|item| item["email"].as_str())
            .collect();
        assert!(emails.is_sorted() && emails.contains(&"zzz@example.org"));
        assert!(newest_first.iter().all(|id| seen.contains(id)));
        assert_eq!(
            seen.len(),
            9,
            "none twice, none before the first page's end"
        );

        let count = admin.get("/api/admin/accounts/count").await.expect(200);
        assert_eq!(
            (&count["count"], &count["exact"]),
            (&json!(10), &json!(true))
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_orders_that_make_no_sense_are_refused() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        house.user("ada").await;
        let list = async |query: &str| {
            let path = format!("/api/admin/accounts?{query}");
            admin.get(&path).await
        };
        let wrong = list("filter=role:auditr").await;
        assert_eq!(problem(&wrong, 422), "invalid_filter");
        assert!(
            wrong.body.contains(r#""nearest":"auditor""#),
            "{}",
            wrong.body
        );
        assert_eq!(problem(&list("filter=%00").await, 422), "invalid_filter");
        for query in ["sort=notes", "limit=0", "limit=201", "limit=x"] {
            assert_eq!(problem(&list(query).await, 422), "invalid_request");
        }
        assert_eq!(problem(&list("cursor=x").await, 400), "invalid_cursor");
        let page = list("limit=1&filter=example.org").await.expect(200);
        let cursor = page["next_cursor"].as_str().expect("more");
        for query in ["filter=ada", "sort=email"] {
            let other = list(&format!("{query}&cursor={cursor}")).await;
            assert_eq!(problem(&other, 400), "cursor_mismatch");
        }
        let elsewhere = format!("/api/admin/spend?cursor={cursor}");
        assert_eq!(
            problem(&admin.get(&elsewhere).await, 400),
            "cursor_mismatch"
        );

        for (filter, expected) in [
            ("role:admin", 1),
            ("role:user%20status:active", 1),
            ("-role:user", 1),
            ("ADA", 1),
            ("limit:-", 2),
            ("limit>0", 0),
            ("spent>0", 0),
            ("used:-%20age<1h", 2),
            ("seen:*", 2),
            ("created>2100-01-01", 0),
        ] {
            let page = list(&format!("filter={filter}")).await.expect(200);
            let found = page["items"].as_array().expect("items").len();
            assert_eq!(found, expected, "{filter}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_shown_whole_and_documents_without_names() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let store = ada.store("Private matters").await;
        let text = b"The ferry leaves the north pier at nine in the morning.".to_vec();
        let document = ada
            .indexed(store, "secret-name.txt", "text/plain", text)
            .await;
        ada.ask(store, "When does the ferry leave?").await;
        let set = json!({"monthly_limit_usd": 5});
        let budget = format!("/api/admin/budgets/{id}");
        admin.post(&budget, &set).await.expect(200);

        let path = format!("/api/admin/accounts/{id}");
        let shown = admin.get(&path).await.expect(200);
        assert_eq!(shown["email"], "ada@example.org");
        assert_eq!(
            (&shown["role"], &shown["status"]),
            (&json!("user"), &json!("active"))
        );
        assert_eq!(shown["sessions"], 1);
        assert!(shown["last_seen_at"].is_string());
        let money = &shown["budget"];
        assert_eq!(money["limit_nanos"], 5_000_000_000_i64);
        let spent = money["spent_nanos"].as_i64().expect("nanos");
        assert!(spent > 0);
        assert_eq!(money["left_nanos"], 5_000_000_000 - spent);
        let daily = money["daily_nanos"].as_array().expect("days");
        let sum: i64 = daily.iter().filter_map(serde_json::Value::as_i64).sum();
        assert_eq!(sum, spent, "the days sum to what is spent");
        assert!(
            money["forecast_nanos"].is_null(),
            "nobody knows on the first day"
        );

        let documents = admin.get(&format!("{path}/documents")).await;
        assert!(
            !documents.body.contains("secret-name"),
            "{}",
            documents.body
        );
        let documents = documents.expect(200);
        assert_eq!(documents["items"][0]["id"], document);
        assert_eq!(documents["items"][0]["status"], "DONE");
        let filtered = admin
            .get(&format!("{path}/documents?filter=status:ERROR"))
            .await;
        assert_eq!(filtered.expect(200)["items"], json!([]));

        let sessions = admin.get(&format!("{path}/sessions")).await.expect(200);
        assert_eq!(sessions["items"].as_array().map(Vec::len), Some(1));
        for unknown in ["987654", "x", "0"] {
            let path = format!("/api/admin/accounts/{unknown}");
            assert_eq!(problem(&admin.get(&path).await, 404), "not_found");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_finds_by_address_and_by_id() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let store = ada.store("Private matters").await;
        let search = async |word: &str| {
            let found = admin.get(&format!("/api/admin/search?q={word}")).await;
            found.expect(200)["items"].clone()
        };
        let user = json!({"kind": "user", "id": id.to_string(), "label": "ada@example.org"});
        assert_eq!(search("ADA@").await, json!([user]));
        let found = search(&id.to_string()).await;
        assert!(found.as_array().expect("items").contains(&user));
        assert_eq!(search("_da").await, json!([]), "no pattern");
        let found = search(&store.to_string()).await;
        let label = format!("store of user {id}");
        let store = json!({"kind": "store", "id": store.to_string(), "label": label});
        assert!(found.as_array().expect("items").contains(&store), "{found}");
        assert!(!found.to_string().contains("Private"));
        let empty = admin.get("/api/admin/search?q=").await;
        assert_eq!(problem(&empty, 422), "invalid_request");
        house.stop().await;
    })
    .await;
}
