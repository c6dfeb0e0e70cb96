//! Jobs as admins find them and act on them.

use serde_json::{Value, json};

use crate::support::{House, Sql, User, on_each_database};

/// A house in which one job is done and two wait: those that will remove two deleted stores.
async fn with_jobs(house: &House) -> (User, User) {
    let (ada, admin) = (house.user("ada").await, house.admin().await);
    for name in ["one", "two"] {
        let store = ada.store(name).await;
        let text = b"Rain falls on the hills.".to_vec();
        ada.indexed(store, "rain.txt", "text/plain", text).await;
        ada.delete(&format!("/api/stores/{store}"))
            .await
            .expect(202);
    }
    (ada, admin)
}

fn ids(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().expect("items").iter();
    items
        .map(|job| job["id"].as_i64().expect("an id"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_filtered_counted_and_looked_into() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (_, admin) = with_jobs(&house).await;
        let list = async |query: &str| {
            let path = format!("/api/admin/jobs?{query}");
            admin.get(&path).await.expect(200)
        };
        let all = list("sort=id").await;
        let every = ids(&all);
        assert!(every.len() >= 4, "{all}");
        assert!(every.windows(2).all(|pair| pair[0] < pair[1]));
        let first = list("sort=id&limit=2").await;
        let cursor = first["next_cursor"].as_str().expect("another page");
        let rest = list(&format!("sort=id&limit=200&cursor={cursor}")).await;
        let walked: Vec<i64> = ids(&first).into_iter().chain(ids(&rest)).collect();
        assert_eq!(walked, every);
        let indexed = list("filter=state:succeeded%20kind:index_document&sort=id").await;
        assert_eq!(ids(&indexed).len(), 2);
        assert_eq!(indexed["items"][0]["owner_email"], "ada@example.org");
        let waiting = list("filter=state:queued%20owner:ada@example.org").await;
        assert!(!ids(&waiting).is_empty());
        assert!(ids(&list("filter=owner:nobody@example.org").await).is_empty());
        let bad = admin.get("/api/admin/jobs?filter=stat:x").await.expect(422);
        assert_eq!(bad["code"], "invalid_filter");
        let counted = admin.get("/api/admin/jobs/count").await.expect(200);
        assert_eq!(counted["count"], every.len());
        let tallies = admin
            .get("/api/admin/jobs/counts?by=state")
            .await
            .expect(200);
        let sum: i64 = tallies["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|tally| tally["count"].as_i64())
            .sum();
        assert_eq!(usize::try_from(sum).expect("a count"), every.len());
        let kinds = admin.get("/api/admin/jobs/counts?by=kind").await;
        assert!(kinds.expect(200).to_string().contains("index_document"));
        admin.get("/api/admin/jobs/counts?by=x").await.expect(422);
        let series = admin.get("/api/admin/jobs/series").await.expect(200);
        assert_eq!(series["points"].as_array().expect("points").len(), 60);
        let statistics = admin.get("/api/admin/jobs/statistics").await.expect(200);
        let of = statistics["items"].as_array().expect("items").iter();
        let index: Vec<&Value> = of.filter(|kind| kind["kind"] == "index_document").collect();
        assert!(index[0]["run_p50_ms"].as_i64().expect("a time") >= 0);
        let one = format!("/api/admin/jobs/{}", ids(&indexed)[0]);
        let detail = admin.get(&one).await.expect(200);
        assert_eq!(detail["job"]["state"], "succeeded");
        assert!(detail["job"]["cost_nanos"].as_i64().expect("money") > 0);
        assert_eq!(detail["attempt_list"].as_array().expect("runs").len(), 1);
        assert!(detail["timeout_s"].as_i64().expect("a time") > 0);
        let events = admin
            .get(&format!("{one}/events?limit=1"))
            .await
            .expect(200);
        assert_eq!(events["items"][0]["kind"], "enqueued");
        let cursor = events["next_cursor"].as_str().expect("more lines");
        let next = format!("{one}/events?cursor={cursor}");
        let lines = admin.get(&next).await.expect(200);
        assert_eq!(lines["items"][0]["kind"], "started");
        admin.get("/api/admin/jobs/987654").await.expect(404);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_are_stopped_exactly_as_the_preview_said() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (_, admin) = with_jobs(&house).await;
        let waiting = "/api/admin/jobs?filter=state:queued%20kind:purge_document&sort=id";
        let before = ids(&admin.get(waiting).await.expect(200));
        assert_eq!(before.len(), 2);
        let bulk = json!({"action": "cancel", "filter": "kind:purge_document,index_document"});
        let preview = admin
            .post("/api/admin/jobs/bulk/preview", &bulk)
            .await
            .expect(200);
        assert_eq!(preview["count"], 2, "{preview}");
        assert_eq!(preview["owners"], 1);
        assert_eq!(preview["by_kind"][0]["value"], "purge_document");
        assert_eq!(preview["skipped"][0]["count"], 2, "those that are over");
        let run = json!({"preview_token": preview["preview_token"]});
        let done = admin.post("/api/admin/jobs/bulk", &run).await;
        assert!(done.header("x-audit-id").is_some());
        assert_eq!(done.expect(200)["done"], 2);
        assert!(ids(&admin.get(waiting).await.expect(200)).is_empty());
        let again = admin.post("/api/admin/jobs/bulk", &run).await.expect(409);
        assert_eq!(again["code"], "preview_changed");
        let neither = json!({"action": "cancel"});
        let path = "/api/admin/jobs/bulk/preview";
        admin.post(path, &neither).await.expect(422);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_is_stopped_and_cannot_be_stopped_twice() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (_, admin) = with_jobs(&house).await;
        let waiting = "/api/admin/jobs?filter=state:queued%20kind:purge_document&sort=id";
        let id = ids(&admin.get(waiting).await.expect(200))[0];
        let cancel = format!("/api/admin/jobs/{id}/cancel");
        let stopped = admin.post(&cancel, &json!({})).await;
        let entry = stopped.header("x-audit-id").expect("an entry").to_owned();
        assert_eq!(stopped.expect(200)["state"], "cancelled");
        let mut sql = Sql::of(&house).await;
        let recorded = format!("audit_log WHERE id = {entry} AND action = 'cancel_job'");
        assert_eq!(sql.count(&recorded).await, 1);
        let again = admin.post(&cancel, &json!({})).await.expect(409);
        assert_eq!(again["code"], "not_possible");
        let retry = format!("/api/admin/jobs/{id}/retry");
        admin.post(&retry, &json!({})).await.expect(409);
        admin
            .post("/api/admin/jobs/987654/replay", &json!({}))
            .await
            .expect(404);
        house.stop().await;
    })
    .await;
}
