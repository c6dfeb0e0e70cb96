//! The number of series does not grow with users, paths or whatever a stranger sends.

use reqwest::Method;
use serde_json::json;

use crate::support::{Database, House, Sql, User, on_each_database};

/// Series on the page, and its size.
async fn series(user: &User) -> (usize, usize) {
    let page = user.get("/metrics").await.body;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    (lines.filter(|line| !line.is_empty()).count(), page.len())
}

/// As many users as a large house has, each with money and a document.
fn crowd(from: usize, to: usize) -> String {
    let row = |id: usize| {
        format!(
            "({id}, '00000000-0000-0000-0000-{id:012}', 'user-{id}@example.org', 'x', 'user', \
             'active', FALSE, '2026-11-21 00:00:00+00:00', '2026-11-21 00:00:00+00:00')"
        )
    };
    let rows: Vec<String> = (from..to).map(row).collect();
    format!(
        "INSERT INTO users (id, public_id, email, password_hash, role, status, email_verified, \
         created_at, updated_at) VALUES {}",
        rows.join(", ")
    )
}

/// What strangers and users send of every kind: paths, methods, models, types, versions.
async fn noise(user: &User, rounds: std::ops::Range<usize>) {
    let mut sent = tokio::task::JoinSet::new();
    for round in rounds {
        let user = user.clone();
        sent.spawn(async move {
            for path in [
                format!("/api/nothing/{round}"),
                format!("/{round}.php?x={round}"),
                format!("/api/stores/{round}00000"),
            ] {
                user.get(&path).await;
            }
            if round % 20 == 0 {
                let method = Method::from_bytes(format!("BREW{round}").as_bytes());
                let method = method.expect("a method");
                user.send(user.request(method, "/api/stores")).await;
                let body = json!({"storeIds": [1], "question": "?", "model": format!("m{round}")});
                user.post("/api/chat", &body).await;
                let media = format!("x-type-{round}/y");
                user.upload(1, &format!("f.{round}"), &media, vec![0; 8])
                    .await;
            }
        });
        if sent.len() >= 16 {
            sent.join_next().await.expect("one").expect("it is sent");
        }
    }
    while let Some(one) = sent.join_next().await {
        one.expect("it is sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_users_and_bogus_requests_of_every_kind_add_no_series() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        noise(&admin, 0..100).await;
        admin.get("/api/admin/system/summary").await.expect(200);
        series(&admin).await;
        let (before, _) = series(&admin).await;
        assert!(before < 3_000, "{before} series");
        let mut sql = Sql::of(&house).await;
        for block in 0..20 {
            let first = 1_000 + block * 500;
            let added = sql.run(&crowd(first, first + 500)).await;
            assert_eq!(added.expect("users"), 500);
        }
        let rounds = if matches!(*database, Database::Sqlite) {
            100..3_400
        } else {
            100..600
        };
        noise(&admin, rounds).await;
        admin.get("/api/admin/system/summary").await.expect(200);
        let (after, bytes) = series(&admin).await;
        assert_eq!(after, before, "a series for each of something");
        assert!(bytes < 1_048_576, "{bytes} bytes");
        house.stop().await;
    })
    .await;
}
