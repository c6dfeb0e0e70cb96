//! A person's own jobs: the list, one, its log as it is written, cancelling.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{House, User, on_each_database};

async fn with_documents(house: &House, name: &str, count: usize) -> User {
    let user = house.user(name).await;
    let store = user.store("Things").await;
    for number in 0..count {
        let text = format!("The ferry number {number} leaves the north pier at nine.");
        let file = format!("ferry-{number}.txt");
        user.indexed(store, &file, "text/plain", text.into_bytes())
            .await;
    }
    user
}

async fn list(user: &User, query: &str) -> (Vec<Value>, Option<String>) {
    let page = user.get(&format!("/api/jobs{query}")).await.expect(200);
    let items = page["items"].as_array().expect("items").clone();
    let next = page["next_cursor"].as_str().map(str::to_owned);
    (items, next)
}

fn ids(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_list_hold_each_of_ones_jobs_once() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = with_documents(&house, "ada", 5).await;
        with_documents(&house, "bob", 1).await;
        let (all, next) = list(&ada, "").await;
        assert_eq!((all.len(), next), (5, None));
        assert_eq!(all[0]["kind"], "index_document");
        assert_eq!(all[0]["state"], "succeeded");
        assert_eq!(all[0]["progress_ratio"], 1.0);

        for sort in [
            "-created_at",
            "created_at",
            "-finished_at",
            "kind",
            "priority",
        ] {
            let mut seen = Vec::new();
            let mut query = format!("?limit=2&sort={sort}");
            loop {
                let (items, next) = list(&ada, &query).await;
                seen.extend(ids(&items));
                let Some(next) = next else { break };
                query = format!("?limit=2&sort={sort}&cursor={next}");
            }
            assert_eq!(seen.len(), 5, "{sort}");
            let unique: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(unique, ids(&all).into_iter().collect(), "{sort}");
            if sort == "created_at" {
                seen.reverse();
                assert_eq!(seen, ids(&all));
            }
        }
        let (none, _) = list(&ada, "?state=failed,queued").await;
        assert_eq!(none, Vec::<Value>::new());
        let (done, next) = list(&ada, "?state=succeeded&kind=index_document&limit=4").await;
        assert_eq!(done.len(), 4);
        let stolen = format!("/api/jobs?state=failed&cursor={}", next.expect("a cursor"));
        let refused = ada.get(&stolen).await.refused(400);
        assert!(refused.contains("other filters"), "{refused}");
        for wrong in [
            "cursor=x",
            "state=lost",
            "sort=colour",
            "limit=0",
            "limit=201",
        ] {
            let status = ada.get(&format!("/api/jobs?{wrong}")).await.status;
            assert!([400, 422].contains(&status), "{wrong}: {status}");
        }
        house.stop().await;
    })
    .await;
}

/// The frames of an event stream to its end, as pairs of id and event.
async fn events(user: &User, path: &str, after: Option<&str>) -> Vec<(Option<String>, String)> {
    let mut request = user.request(reqwest::Method::GET, path);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let content_type = response.headers()["content-type"].to_str().expect("text");
    assert!(content_type.starts_with("text/event-stream"));
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    while let Some(bytes) = stream.next().await {
        text.push_str(std::str::from_utf8(&bytes.expect("bytes")).expect("text"));
    }
    text.split("\n\n")
        .filter_map(|frame| {
            let field = |name: &str| {
                frame
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::to_owned)
            };
            Some((field("id: "), field("event: ")?))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jobs_log_can_be_followed_to_its_end_and_resumed_after_any_line() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = with_documents(&house, "ada", 1).await;
        let (items, _) = list(&ada, "").await;
        let path = format!("/api/jobs/{}/events", ids(&items)[0]);
        let whole = events(&ada, &path, None).await;
        let names: Vec<&str> = whole.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names[..2], ["enqueued", "started"]);
        assert_eq!(names[names.len() - 3..], ["succeeded", "progress", "end"]);
        for (cut, (id, _)) in whole.iter().enumerate() {
            let Some(id) = id else { continue };
            let rest = events(&ada, &path, Some(id)).await;
            assert_eq!(rest, whole[cut + 1..]);
        }
        let wrong = ada
            .request(reqwest::Method::GET, &path)
            .header("last-event-id", "yesterday");
        assert_eq!(ada.send(wrong).await.status, 400);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_jobs_are_cancelled_by_oneself_alone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Things").await;
        let text = b"The ferry leaves the north pier at nine.".to_vec();
        ada.upload(store, "ferry.txt", "text/plain", text)
            .await
            .expect(200);
        let (items, _) = list(&ada, "?state=queued").await;
        let id = ids(&items)[0].clone();
        let bob = house.user("bob").await;
        let cancel = format!("/api/jobs/{id}/cancel");
        bob.post(&cancel, &json!({})).await.expect(404);
        let input = json!({"input": {"choice": 1}});
        let refused = ada.post(&format!("/api/jobs/{id}/input"), &input).await;
        let refused = refused.refused(409);
        assert!(refused.contains("does not wait for input"), "{refused}");

        let cancelled = ada.post(&cancel, &json!({})).await.expect(200);
        assert_eq!(cancelled["state"], "cancelled");
        assert_eq!(cancelled["error"]["class"], "cancelled");
        let again = ada.post(&cancel, &json!({})).await.expect(200);
        assert_eq!(again["rev"], cancelled["rev"]);
        let one = ada.get(&format!("/api/jobs/{id}")).await.expect(200);
        assert_eq!(one["state"], "cancelled");
        house.stop().await;
    })
    .await;
}

/// The last word of a job's log after its reader lost the right to read it.
async fn last_word(house: &House, name: &str, lose: impl AsyncFnOnce(&User)) -> String {
    let user = house.user(name).await;
    let store = user.store("Things").await;
    let text = b"The ferry leaves the north pier at nine.".to_vec();
    user.upload(store, "ferry.txt", "text/plain", text)
        .await
        .expect(200);
    let (items, _) = list(&user, "?state=queued").await;
    let path = format!("/api/jobs/{}/events", ids(&items)[0]);
    let following = tokio::spawn({
        let user = user.clone();
        async move { events(&user, &path, None).await }
    });
    lose(&user).await;
    let said = tokio::time::timeout(std::time::Duration::from_secs(20), following);
    let mut said = said.await.expect("the log ends").expect("frames");
    said.pop().expect("a last frame").1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jobs_log_ends_when_its_reader_signs_out_or_is_disabled() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let admin = house.admin().await;
        let signed_out = last_word(&house, "ada", async |user| {
            user.post("/api/auth/logout", &json!({})).await.expect(200);
        });
        assert_eq!(signed_out.await, "bye");
        let disabled = last_word(&house, "bob", async |user| {
            let path = format!("/api/admin/accounts/{}/disable", user.id().await);
            let disabled = admin.post(&path, &json!({})).await;
            assert!(disabled.status < 300, "{}", disabled.body);
        });
        // The jobs of a disabled user end too, and may be seen to.
        assert!(["bye", "end"].contains(&disabled.await.as_str()));
        house.stop().await;
    })
    .await;
}
