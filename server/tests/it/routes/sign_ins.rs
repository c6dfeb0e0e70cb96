//! Sign-ins: renewed, listed, ended, and what becomes of a stolen refresh token.

use binnacle::app::ManualClock;
use serde_json::json;

use crate::support::{House, PASSWORD, Sql, User, on_each_database};

fn clock() -> ManualClock {
    let start: chrono::DateTime<chrono::Utc> = "2031-05-04T10:00:00Z".parse().expect("a time");
    ManualClock::starting_at(start)
}

async fn refresh(user: &User, token: &str) -> crate::support::Answer {
    user.post("/api/auth/refresh", &json!({"refresh_token": token}))
        .await
}

async fn refreshed(user: &User, token: &str) -> (String, String) {
    let tokens = refresh(user, token).await.expect(200);
    let text = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    (text("access_token"), text("refresh_token"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_family() {
    on_each_database(|database| async move {
        let clock = clock();
        let house = House::with_clock(&database, &[], &clock).await;
        let ada = house.user("ada").await;
        let elsewhere = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let first = ada.refresh_token.clone().expect("a token");
        let (_, second) = refreshed(&ada, &first).await;
        assert_ne!(second, first);
        // Two tabs at the same time: the old one is good for a moment.
        clock.advance(chrono::Duration::seconds(9));
        let (_, sibling) = refreshed(&ada, &first).await;
        clock.advance(chrono::Duration::seconds(30));

        refresh(&ada, &first).await.refused(401);

        refresh(&ada, &second).await.refused(401);
        refresh(&ada, &sibling).await.refused(401);
        assert_eq!(ada.get("/api/auth/me").await.refused(401), "Token revoked");
        elsewhere.get("/api/auth/me").await.expect(200);
        let mut sql = Sql::of(&house).await;
        let noted = "audit_log WHERE action LIKE '%reuse%'";
        assert_eq!(sql.count(noted).await, 1);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_end_by_time_and_are_renewed() {
    on_each_database(|database| async move {
        let clock = clock();
        let house = House::with_clock(&database, &[], &clock).await;
        let mut ada = house.user("ada").await;
        clock.advance(chrono::Duration::minutes(16));
        assert_eq!(ada.get("/api/auth/me").await.refused(401), "Invalid token");
        let token = ada.refresh_token.clone().expect("a token");
        let (access, _) = refreshed(&ada, &token).await;
        ada.token = Some(access);
        ada.get("/api/auth/me").await.expect(200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_is_refused() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let access = ada.token.clone().expect("a token");
        for wrong in [
            "",
            "x",
            &access,
            &"A".repeat(43),
            &"A".repeat(100_000),
            "a\u{0}b",
        ] {
            let refused = refresh(&ada, wrong).await;
            assert_eq!(refused.status, 401, "{wrong:.60}: {}", refused.body);
        }
        let mut stranger = house.stranger();
        stranger.token = ada.refresh_token.clone();
        stranger.get("/api/auth/me").await.refused(401);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_this_sign_in_and_everywhere_ends_all() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let first = house.user("ada").await;
        let again = async || User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let (second, third) = (again().await, again().await);

        let done = first.post("/api/auth/logout", &json!({})).await.expect(200);
        assert_eq!(done["ok"], true);
        assert!(done["message"].is_string());
        assert_eq!(
            first.get("/api/auth/me").await.refused(401),
            "Token revoked"
        );
        let token = first.refresh_token.clone().expect("a token");
        refresh(&first, &token).await.refused(401);
        first
            .post("/api/auth/logout", &json!({}))
            .await
            .refused(401);
        second.get("/api/auth/me").await.expect(200);

        second
            .post("/api/auth/logout-all", &json!({}))
            .await
            .expect(200);
        for ended in [&second, &third] {
            assert_eq!(
                ended.get("/api/auth/me").await.refused(401),
                "Token revoked"
            );
            let token = ended.refresh_token.clone().expect("a token");
            refresh(ended, &token).await.refused(401);
        }
        again().await.get("/api/auth/me").await.expect(200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_are_listed_and_ended_by_their_owner_alone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (house.user("ada").await, house.user("bob").await);
        let phone = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let list = ada.get("/api/auth/sessions").await.expect(200);
        let items = list["items"].as_array().expect("a list");
        assert_eq!(items.len(), 2);
        assert_eq!(
            items.iter().filter(|item| item["current"] == true).count(),
            1
        );
        assert_eq!(items[0]["current"], false, "the newest first");
        let id = items[0]["id"].as_str().expect("an id");
        let path = format!("/api/auth/sessions/{id}");

        assert_eq!(bob.delete(&path).await.refused(404), "Session not found");
        phone.get("/api/auth/me").await.expect(200);
        ada.delete(&path).await.expect(200);
        ada.delete(&path).await.refused(404);
        assert_eq!(
            phone.get("/api/auth/me").await.refused(401),
            "Token revoked"
        );
        for unknown in ["x", "7", "00000000-0000-4000-8000-000000000000", "a%00"] {
            ada.delete(&format!("/api/auth/sessions/{unknown}"))
                .await
                .refused(404);
        }

        let page = ada.get("/api/auth/sessions?limit=1").await.expect(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
        for wrong in ["limit=0", "limit=201", "limit=-1", "limit=x", "cursor=x"] {
            let path = format!("/api/auth/sessions?{wrong}");
            ada.get(&path).await.refused(422);
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_without_the_header_of_our_pages_are_refused() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let token = ada.token.clone().expect("a token");
        let send = async |method: reqwest::Method, path: &str, value: Option<&str>| {
            let url = format!("{}{path}", house.base());
            let request = ada
                .http
                .request(method, url)
                .bearer_auth(&token)
                .json(&json!({}));
            let request = match value {
                Some(value) => request.header("x-requested-with", value),
                None => request,
            };
            ada.send(request).await.status
        };
        for (method, path) in [
            (reqwest::Method::POST, "/api/auth/login"),
            (reqwest::Method::POST, "/api/auth/register"),
            (reqwest::Method::POST, "/api/stores"),
            (reqwest::Method::POST, "/api/chat"),
            (reqwest::Method::POST, "/api/upload"),
            (reqwest::Method::PATCH, "/api/chat/sessions/x"),
            (reqwest::Method::DELETE, "/api/stores/1"),
        ] {
            assert_eq!(send(method.clone(), path, None).await, 403, "{path}");
            assert_eq!(
                send(method.clone(), path, Some("fetch")).await,
                403,
                "{path}"
            );
            assert_ne!(
                send(method, path, Some("xmlhttprequest")).await,
                403,
                "{path}"
            );
        }
        assert_eq!(send(reqwest::Method::GET, "/api/stores", None).await, 200);
        house.stop().await;
    })
    .await;
}
