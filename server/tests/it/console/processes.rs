//! Two processes on one PostgreSQL see each other; on SQLite a worker's work is noticed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    follower::Follower,
    streams::{SLOW, no_streams, only_stream, reader},
};
use crate::support::{Database, House, PASSWORD, User, eventually, on_each_database};

/// Two houses with one database and one secret.
async fn two(database: &Arc<Database>) -> (House, House) {
    let first = House::open(database, &[SLOW]).await;
    let second = House::open_in(first.folder.clone(), database, &[SLOW]).await;
    (first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_another_process_is_told() {
    on_each_database(|database| async move {
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        // A process signs in to the table of processes once it serves.
        eventually(async || {
            let overview = admin.get("/api/admin/overview").await.expect(200);
            (overview["processes"] == 2).then_some(())
        })
        .await;
        let mut feed = Follower::open(&admin, "jobs,audit,accounts", None).await;
        let snapshot = feed.next().await.expect("an event");
        assert_eq!(snapshot.data["processes"], 2);
        let house = database.url().is_some();
        let scope = if house { "house" } else { "process" };
        assert_eq!(snapshot.data["scope"], scope);
        let mut elsewhere = admin.clone();
        elsewhere.base = there.base();
        let ada = there.user("ada").await;
        let role = format!("/api/admin/users/{}/role", ada.id().await);
        let auditor = json!({"role": "auditor"});
        elsewhere.post(&role, &auditor).await.expect(200);
        let id = ada.id().await;
        feed.until("account", |row| row["id"] == id).await;
        feed.until("audit", |act| act["action"] == "set_user_role")
            .await;
        let store = ada.store("papers").await;
        let text = b"Snow lies on the hills.".to_vec();
        ada.indexed(store, "snow.txt", "text/plain", text).await;
        feed.until("job", |job| job["state"] == "succeeded").await;
        there.stop().await;
        here.stop().await;
    })
    .await;
}

/// What is known of a user is believed for three seconds, unless the other process says otherwise.
/// Three times, so that one slow moment of the machine says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_shut_out_by_one_process_is_refused_by_the_other_at_once() {
    on_each_database(|database| async move {
        if database.url().is_none() {
            return;
        }
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        let mut took = Vec::new();
        for (name, disables) in [("ada", true), ("bo", false), ("cy", true)] {
            let user = there.user(name).await;
            let path = format!("/api/admin/accounts/{}", user.id().await);
            user.get("/api/auth/me").await.expect(200);
            let begun = Instant::now();
            if disables {
                let disabled = admin.post(&format!("{path}/disable"), &json!({})).await;
                disabled.expect(200);
            } else {
                admin.delete(&format!("{path}/sessions")).await.expect(200);
            }
            eventually(async || {
                let me = user.get("/api/auth/me").await;
                [401, 403].contains(&me.status).then_some(())
            })
            .await;
            took.push(begun.elapsed());
        }
        let fastest = took.iter().min().expect("three");
        assert!(*fastest < Duration::from_secs(1), "{took:?}");
        there.stop().await;
        here.stop().await;
    })
    .await;
}

/// Signs in again and again until it is over; answers what it was given.
async fn sign_in_until(base: String, over: CancellationToken) -> Vec<User> {
    let mut given = Vec::new();
    while !over.is_cancelled() {
        let mut user = User::anonymous(base.clone());
        let body = json!({"email": "ada@example.org", "password": PASSWORD});
        let answer = user.post("/api/auth/login", &body).await;
        if answer.status == 200 {
            user.token = answer.expect(200)["access_token"]
                .as_str()
                .map(str::to_owned);
            given.push(user);
        }
    }
    given
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_while_another_process_shuts_them_out_stays_out() {
    on_each_database(|database| async move {
        if database.url().is_none() {
            return;
        }
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        let ada = there.user("ada").await;
        let path = format!("/api/admin/accounts/{}", ada.id().await);
        for _ in 0..5 {
            let over = CancellationToken::new();
            let signing = [(); 4].map(|()| tokio::spawn(sign_in_until(there.base(), over.clone())));
            let open = format!("{path}/sessions");
            eventually(async || {
                let open = admin.get(&open).await.expect(200);
                (!open["items"].as_array()?.is_empty()).then_some(())
            })
            .await;
            let disabled = admin.post(&format!("{path}/disable"), &json!({})).await;
            disabled.expect(200);
            over.cancel();
            let mut given = Vec::new();
            for one in signing {
                given.extend(one.await.expect("sign-ins"));
            }
            let enabled = admin.post(&format!("{path}/enable"), &json!({})).await;
            enabled.expect(200);
            assert!(!given.is_empty(), "somebody came in");
            for user in &given {
                eventually(async || {
                    let me = user.get("/api/auth/me").await;
                    (me.status == 401).then_some(())
                })
                .await;
            }
        }
        there.stop().await;
        here.stop().await;
    })
    .await;
}

/// The process that a house is, as it tells of its own streams.
async fn process_of(house: &House, admin: &User) -> Value {
    let mut there = admin.clone();
    there.base = house.base();
    let streams = there.get("/api/admin/streams").await.expect(200);
    streams["items"][0]["process"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_answers_of_a_user_end_in_every_process_and_the_disabled_are_out_everywhere() {
    on_each_database(|database| async move {
        if database.url().is_none() {
            return;
        }
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        let (ada, store) = reader(&there, "ada").await;
        let path = format!("/api/admin/accounts/{}", ada.id().await);
        let ask = |base: String| {
            let mut user = ada.clone();
            user.base = base;
            tokio::spawn(async move { user.ask(store, "What is told of the harbour?").await })
        };
        let mut elsewhere = admin.clone();
        elsewhere.base = there.base();
        for act in ["end_streams", "disable"] {
            let asked = [ask(here.base()), ask(there.base())];
            eventually(async || {
                let account = admin.get(&path).await.expect(200);
                (account["streams_open"] == 2).then_some(())
            })
            .await;
            let ended = admin.post(&format!("{path}/{act}"), &json!({})).await;
            assert_eq!(ended.expect(200)["streams"], 2, "{act}");
            let within = Duration::from_secs(5);
            for answer in asked {
                let answer = tokio::time::timeout(within, answer).await;
                answer.expect("it ends within 5 s").expect("an answer");
            }
            // What a disabled user had is not remembered.
            let processes = [&admin, &elsewhere].into_iter();
            for process in processes.filter(|_| act == "end_streams") {
                eventually(async || {
                    let happened = process.get("/api/admin/overview").await.expect(200);
                    let happened = happened["events"].to_string();
                    happened.contains("ended: admin").then_some(())
                })
                .await;
            }
        }
        there.stop().await;
        here.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_process_is_seen_and_ended() {
    on_each_database(|database| async move {
        if database.url().is_none() {
            return;
        }
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        let (ada, store) = reader(&there, "ada").await;
        let asking =
            tokio::spawn(async move { ada.ask(store, "What is told of the harbour?").await });
        let stream = eventually(async || {
            let streams = admin.get("/api/admin/streams").await.expect(200);
            let stream = streams["items"].get(0)?.clone();
            (stream["tokens_per_s"].as_f64()? > 0.0).then_some(stream)
        })
        .await;
        assert_eq!(stream["email"], "ada@example.org");
        let own = process_of(&there, &admin).await;
        assert_eq!(stream["process"], own, "the process that holds it");
        assert!(stream["first_token_ms"].as_i64().expect("a time") >= 0);
        let id = stream["id"].as_str().expect("an id");
        let path = format!("/api/admin/streams/{id}/end");
        admin.post(&path, &json!({})).await.expect(200);
        assert!(asking.await.expect("it ends").done);
        no_streams(&admin).await;
        let mut elsewhere = admin.clone();
        elsewhere.base = there.base();
        let asking = {
            let (ada, store) = reader(&there, "bo").await;
            tokio::spawn(async move { ada.ask(store, "How many piers are there?").await })
        };
        let stream = only_stream(&elsewhere).await;
        assert_ne!(stream["process"], "", "its own");
        assert!(asking.await.expect("it ends").done);
        there.stop().await;
        here.stop().await;
    })
    .await;
}
