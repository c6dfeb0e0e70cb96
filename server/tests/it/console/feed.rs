//! The live feed: what it tells, in which order, to whom, and how it ends.

use serde_json::json;

use super::follower::Follower;
use crate::support::{House, PASSWORD, Sql, User, on_each_database};

/// Sets a user's limit: an act on record that always changes something.
async fn set_limit(admin: &User, user: i64, dollars: f64) {
    let path = format!("/api/admin/budgets/{user}");
    let body = json!({"monthly_limit_usd": dollars});
    admin.post(&path, &body).await.expect(200);
}

fn number(id: &str) -> u64 {
    let (_, number) = id.rsplit_once('.').expect("epoch and number");
    number.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn begins_with_a_snapshot_and_tells_what_happens_in_order() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let mut feed = Follower::open(&admin, "", None).await;
        let first = feed.next().await.expect("an event");
        assert_eq!(first.name, "snapshot");
        assert_eq!(first.data["me"]["email"], "root@example.org");
        assert_eq!(first.data["me"]["role"], "admin");
        assert_eq!(first.data["series"].as_array().expect("steps").len(), 60);
        assert_eq!(first.data["processes"], 1);
        set_limit(&admin, id, 5.0).await;
        let act = feed
            .until("audit", |act| act["action"] == "set_budget")
            .await;
        assert_eq!(act.data["actor_email"], "root@example.org");
        assert_eq!(act.data["target_label"], "ada@example.org");
        let role = format!("/api/admin/users/{id}/role");
        admin
            .post(&role, &json!({"role": "auditor"}))
            .await
            .expect(200);
        let changed = feed.until("account", |row| row["id"] == id).await;
        assert!(changed.data["rev"].as_i64().expect("a rev") > 0);
        assert!(number(&changed.id) > number(&act.id));
        let store = ada.store("papers").await;
        let text = b"Rain falls on the hills.".to_vec();
        ada.indexed(store, "rain.txt", "text/plain", text).await;
        let done = feed.until("job", |job| job["state"] == "succeeded").await;
        assert_eq!(done.data["kind"], "index_document");
        assert_eq!(done.data["owner_email"], "ada@example.org");
        assert!(done.data["id"].as_i64().expect("a number") > 0);
        let pulse = feed.until("pulse", |_| true).await;
        assert!(pulse.data["requests_per_s"].as_f64().expect("a rate") > 0.0);
        assert_eq!(pulse.data["jobs"]["queued"], 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_misses_nothing_and_hears_nothing_twice() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let mut feed = Follower::open(&admin, "audit", None).await;
        assert_eq!(feed.next().await.expect("an event").name, "snapshot");
        set_limit(&admin, id, 1.0).await;
        let seen = feed.until("audit", |_| true).await;
        drop(feed);
        for dollars in [2.0, 3.0, 4.0] {
            set_limit(&admin, id, dollars).await;
        }
        let mut feed = Follower::open(&admin, "audit", Some(&seen.id)).await;
        set_limit(&admin, id, 5.0).await;
        let mut last = number(&seen.id);
        for dollars in [2, 3, 4, 5] {
            let act = feed.next().await.expect("an event");
            assert_eq!(act.name, "audit", "{act:?}");
            let nanos = act.data["after"]["limit_nanos"].as_i64();
            assert_eq!(nanos.expect("money") / 1_000_000_000, dollars);
            assert!(number(&act.id) > last);
            last = number(&act.id);
        }
        for unknown in ["w00000000.1", "nonsense", &format!("{}9", seen.id)] {
            let mut feed = Follower::open(&admin, "audit", Some(unknown)).await;
            let first = feed.next().await.expect("an event");
            assert_eq!(first.name, "snapshot", "after {unknown}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_when_its_reader_may_not_read_any_more_and_when_the_house_stops() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let role = format!("/api/admin/users/{}/role", ada.id().await);
        ada.get("/api/admin/events").await.expect(403);
        let auditor = json!({"role": "auditor"});
        admin.post(&role, &auditor).await.expect(200);
        let ada = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let mut hers = Follower::open(&ada, "pulse", None).await;
        assert_eq!(hers.next().await.expect("an event").name, "snapshot");
        let mut own = Follower::open(&admin, "pulse", None).await;
        assert_eq!(own.next().await.expect("an event").name, "snapshot");
        let began = std::time::Instant::now();
        admin
            .post(&role, &json!({"role": "user"}))
            .await
            .expect(200);
        let bye = hers.until("bye", |_| true).await;
        assert_eq!(bye.data["reason"], "forbidden");
        assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
        assert!(hers.next().await.is_none(), "the last word");
        let stopping = tokio::spawn(house.stop());
        let bye = own.until("bye", |_| true).await;
        assert_eq!(bye.data["reason"], "shutdown");
        stopping.await.expect("the house stops");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn has_room_for_eight_of_one_reader() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut feeds = Vec::new();
        for _ in 0..8 {
            feeds.push(Follower::open(&admin, "alarms", None).await);
        }
        let refused = admin.get("/api/admin/events").await;
        assert_eq!(
            refused.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(refused.expect(503)["code"], "feed_full");
        let refused = admin.get("/api/admin/events?topics=pulse,weather").await;
        assert_eq!(refused.expect(422)["errors"][0]["loc"][1], "topics");
        drop(feeds.pop());
        crate::support::eventually(async || {
            let path = format!("{}/api/admin/events", admin.base);
            let answer = admin.http.get(path).bearer_auth(admin.token.as_deref()?);
            let answer = answer.send().await.expect("an answer");
            (answer.status().as_u16() == 200).then_some(())
        })
        .await;
        house.stop().await;
    })
    .await;
}

/// Entries of commands, as they are found by looking at the table: on PostgreSQL each is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_acts_by_commands_is_told_whole() {
    const BURST: i64 = 450;
    on_each_database(|database| async move {
        if database.url().is_some() {
            return;
        }
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut feed = Follower::open(&admin, "audit", None).await;
        let mut sql = Sql::of(&house).await;
        let burst = format!(
            "BEGIN IMMEDIATE; \
             WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {BURST}) \
             INSERT INTO audit_log (id, created_at, action, metadata, previous_hash, hash) \
             SELECT last_id + n, '2026-01-01T00:00:00+00:00', 'burst', '{{}}', '', 'burst ' || n \
             FROM audit_head, up; \
             UPDATE audit_head SET last_id = last_id + {BURST}; COMMIT"
        );
        sql.run(&burst).await.expect("entries");
        let (mut told, mut last) = (0, 0);
        while told < BURST {
            let next = feed.next().await.expect("the feed goes on");
            match next.name.as_str() {
                "audit" if next.data["action"] == "burst" => {
                    let id = next.data["id"].as_i64().expect("a number");
                    assert!(id > last, "in order, and once");
                    last = id;
                    told += 1;
                }
                // A slow reader is told how many passed it by.
                "lost" => told += next.data["count"].as_i64().expect("a count"),
                _ => {}
            }
        }
        assert_eq!(told, BURST);
        house.stop().await;
    })
    .await;
}
