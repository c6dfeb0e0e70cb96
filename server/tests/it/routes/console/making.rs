//! New users and new passwords.

use binnacle::app::ManualClock;
use chrono::{DateTime, TimeDelta};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{audit_id, problem};
use crate::support::{House, PASSWORD, Sql, User, on_each_database};

const ACCOUNTS: &str = "/api/admin/accounts";

async fn redeem(house: &House, token: &str, password: &str) -> crate::support::client::Answer {
    let body = json!({"token": token, "password": password});
    house.stranger().post("/api/auth/redeem", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_user_sets_a_password_once() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let body = json!({
            "email": " Bo@Example.org", "role": "auditor", "limit_nanos": 2_000_000_000_i64,
            "send": "invite",
        });
        let answer = admin.post(ACCOUNTS, &body).await;
        let act = audit_id(&answer);
        let made = answer.expect(200);
        let account = &made["account"];
        assert_eq!(account["email"], "bo@example.org");
        assert_eq!(account["role"], "auditor");
        assert_eq!(account["budget"]["limit_nanos"], 2_000_000_000_i64);
        assert!(made["password"].is_null() && made["token_expires_at"].is_string());
        let token = made["token"].as_str().expect("a token").to_owned();
        let entry = admin.get(&format!("/api/admin/audit/entries/{act}")).await;
        let entry = entry.expect(200);
        assert_eq!(entry["action"], "invite_user");
        assert_eq!(entry["target_label"], "bo@example.org");

        let weak = redeem(&house, &token, "weakpassword").await;
        assert!(weak.refused(400).contains("upper-case"));
        let changed = format!("{}B", &token[..token.len() - 1]);
        for wrong in ["", "x", &changed] {
            let refused = redeem(&house, wrong, PASSWORD).await;
            assert!(refused.refused(400).contains("not valid"));
        }
        redeem(&house, &token, PASSWORD).await.expect(200);
        let again = redeem(&house, &token, PASSWORD).await;
        assert!(again.refused(400).contains("not valid"), "good for one use");
        let bo = User::sign_in(house.base(), "bo@example.org", PASSWORD).await;
        bo.get(ACCOUNTS).await.expect(200);

        let again = admin.post(ACCOUNTS, &body).await;
        assert_eq!(problem(&again, 409), "email_taken");
        let mut sql = Sql::of(&house).await;
        let kept = format!("one_time_tokens WHERE token_hash = '{token}'");
        assert_eq!(sql.count(&kept).await, 0, "only its hash is kept");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_password_lets_in_and_wrong_fields_are_named() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("REGISTRATION", "closed")]).await;
        let admin = house.admin().await;
        let body = json!({"email": "cy@example.org", "role": "user", "send": "password"});
        let made = admin.post(ACCOUNTS, &body).await.expect(200);
        let password = made["password"].as_str().expect("a password");
        assert!(made["token"].is_null());
        User::sign_in(house.base(), "cy@example.org", password).await;
        for (field, wrong) in [
            (
                "email",
                json!({"email": "x", "role": "user", "send": "invite"}),
            ),
            (
                "role",
                json!({"email": "x@y", "role": "king", "send": "invite"}),
            ),
            (
                "send",
                json!({"email": "x@y", "role": "user", "send": "pigeon"}),
            ),
            (
                "limit_nanos",
                json!({"email": "x@y", "role": "user", "send": "invite", "limit_nanos": -1}),
            ),
        ] {
            let refused = admin.post(ACCOUNTS, &wrong).await;
            assert_eq!(problem(&refused, 422), "invalid_request");
            assert!(refused.body.contains(field), "{field}: {}", refused.body);
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_user() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let send = async |key: &str, body: &Value| {
            let request = admin.request(reqwest::Method::POST, ACCOUNTS);
            let request = request.header("idempotency-key", key).json(body);
            admin.send(request).await
        };
        let body = json!({"email": "bo@example.org", "role": "user", "send": "invite"});
        let (first, second) = (send("k1", &body).await, send("k1", &body).await);
        assert_eq!(audit_id(&first), audit_id(&second));
        let (first, second) = (first.expect(200), second.expect(200));
        assert_eq!(first["account"]["id"], second["account"]["id"]);
        let token = |made: &Value| made["token"].as_str().expect("a token").to_owned();
        let stale = redeem(&house, &token(&first), PASSWORD).await;
        assert!(
            stale.refused(400).contains("not valid"),
            "the newest counts"
        );
        redeem(&house, &token(&second), PASSWORD).await.expect(200);
        let third = send("k1", &body).await.expect(200);
        assert!(
            third["token"].is_null(),
            "a password is set: no link any more"
        );

        let other = json!({"email": "cy@example.org", "role": "user", "send": "invite"});
        let reused = send("k1", &other).await;
        assert_eq!(problem(&reused, 422), "idempotency_key_reused");
        let invalid = send(&"k".repeat(256), &other).await;
        assert_eq!(problem(&invalid, 400), "invalid_idempotency_key");
        // A refusal leaves the key free.
        let wrong = json!({"email": "bo@example.org", "role": "user", "send": "invite"});
        assert_eq!(problem(&send("k2", &wrong).await, 409), "email_taken");
        assert_eq!(problem(&send("k2", &wrong).await, 409), "email_taken");
        send("k2", &other).await.expect(200);

        let racing = json!({"email": "dee@example.org", "role": "user", "send": "invite"});
        let (left, right) = tokio::join!(send("k3", &racing), send("k3", &racing));
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        assert!([[200, 200], [200, 409]].contains(&statuses), "{statuses:?}");
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("users WHERE email = 'dee@example.org'").await, 1);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_a_new_password_lasts_an_hour_and_ends_sign_ins() {
    on_each_database(|database| async move {
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let clock = ManualClock::starting_at(start);
        let house = House::with_clock(&database, &[], &clock).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let path = format!("{ACCOUNTS}/{}/reset_password", ada.id().await);
        let link = async || {
            let made = admin.post(&path, &json!({})).await.expect(200);
            made["token"].as_str().expect("a token").to_owned()
        };
        let (old, new) = (link().await, link().await);
        let refused = redeem(&house, &old, "Other-pass-1").await;
        assert!(refused.refused(400).contains("not valid"));
        redeem(&house, &new, "Other-pass-1").await.expect(200);
        assert_eq!(ada.get("/api/auth/me").await.status, 401);
        User::sign_in(house.base(), "ada@example.org", "Other-pass-1").await;

        let late = link().await;
        clock.advance(TimeDelta::minutes(61));
        let refused = redeem(&house, &late, PASSWORD).await;
        assert!(refused.refused(400).contains("not valid"));
        house.stop().await;
    })
    .await;
}
