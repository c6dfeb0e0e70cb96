//! Accounts: made, entered, left; and who is let in with what.

use serde_json::{Value, json};

use crate::support::{House, PASSWORD, User, on_each_database};

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_tells_what_is_wrong() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let stranger = house.stranger();
        let good = credentials("Ada@Example.org", PASSWORD);
        let made = stranger.post("/api/auth/register", &good).await;
        assert_eq!(made.expect(200), json!({"ok": true}));
        for (email, password, status, says) in [
            ("ADA@example.org", PASSWORD, 400, "already"),
            ("ada", PASSWORD, 422, "email"),
            ("", PASSWORD, 422, "email"),
            ("a b@example.org", PASSWORD, 422, "email"),
            ("a\u{0}@example.org", PASSWORD, 422, "email"),
            ("bob@example.org", "Ab1!x", 422, "6 to 72"),
            ("bob@example.org", &"Ab1!".repeat(19), 422, "6 to 72"),
            ("bob@example.org", "secret-pass", 400, "upper-case"),
            ("bob@example.org", "SECRET-PASS1", 400, "lower-case"),
            ("bob@example.org", "Secret-pass", 400, "digit"),
            ("bob@example.org", "Secretpass1", 400, "special"),
            (
                "bob@example.org",
                &format!("Ab1!{}", "ß".repeat(40)),
                400,
                "72 bytes",
            ),
        ] {
            let body = credentials(email, password);
            let refused = stranger.post("/api/auth/register", &body).await;
            let told = refused.refused(status);
            assert!(told.contains(says), "{email} {password}: {told}");
        }
        let weak = stranger
            .post(
                "/api/auth/register",
                &credentials("bob@example.org", "aaaaaa"),
            )
            .await
            .refused(400);
        for missing in ["upper-case", "digit", "special"] {
            assert!(weak.contains(missing), "{weak}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_can_be_closed() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("REGISTRATION", "closed")]).await;
        let body = credentials("ada@example.org", PASSWORD);
        house
            .stranger()
            .post("/api/auth/register", &body)
            .await
            .refused(403);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_say_nothing_of_who_exists() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        house.user("ada").await;
        let stranger = house.stranger();
        for (email, password) in [
            ("ada@example.org", "Wrong-pass1!"),
            ("nobody@example.org", PASSWORD),
            ("not an address", PASSWORD),
            ("ada@example.org", ""),
            ("ada@example.org", &"x".repeat(100_000)),
        ] {
            let body = credentials(email, password);
            let refused = stranger.post("/api/auth/login", &body).await;
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
            assert_eq!(refused.refused(401), "Invalid credentials");
        }
        let upper = User::sign_in(house.base(), " ADA@example.ORG", PASSWORD).await;
        let me = upper.get("/api/auth/me").await.expect(200);
        assert_eq!(me["email"], "ada@example.org");
        assert_eq!(me["role"], "user");
        assert_eq!(me["is_admin"], false);
        assert_eq!(me["is_active"], true);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_gives_what_the_contract_says() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("ACCESS_TOKEN_EXPIRE_MINUTES", "7")]).await;
        house.user("ada").await;
        let body = credentials("ada@example.org", PASSWORD);
        let tokens = house
            .stranger()
            .post("/api/auth/login", &body)
            .await
            .expect(200);
        assert_eq!(tokens["token_type"], "bearer");
        assert_eq!(tokens["expires_in"], 420);
        let token = tokens["access_token"].as_str().expect("a token");
        assert_eq!(token.split('.').count(), 3);
        assert!(
            !tokens["refresh_token"]
                .as_str()
                .expect("a token")
                .contains('.')
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_in_its_header_alone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let token = ada.token.clone().expect("a token");
        let stranger = house.stranger();
        let at = format!("/api/stores?access_token={token}&token={token}");
        assert_eq!(stranger.get(&at).await.refused(401), "Missing bearer token");
        let tampered = format!("{}x", &token[..token.len() - 1]);
        for (name, value) in [
            ("cookie", format!("access_token={token}; token={token}")),
            ("x-access-token", token.clone()),
            ("authorization", format!("Basic {token}")),
            ("authorization", token.clone()),
            ("authorization", "Bearer".to_owned()),
            ("authorization", format!("Bearer {tampered}")),
            ("authorization", format!("Bearer {token} {token}")),
            ("authorization", format!("Bearer {}", "x".repeat(9_000))),
            (
                "authorization",
                "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned(),
            ),
        ] {
            let request = stranger.request(reqwest::Method::GET, "/api/stores");
            let answer = stranger.send(request.header(name, &value)).await;
            assert_eq!(answer.status, 401, "{name}: {value}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{name}");
        }
        let request = stranger.request(reqwest::Method::GET, "/api/stores");
        let lower = stranger.send(request.header("authorization", format!("bearer {token}")));
        lower.await.expect(200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_all_other_sign_ins() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let here = house.user("ada").await;
        let there = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let change = |current: &str, new: &str| json!({"current": current, "new": new});
        let path = "/api/auth/password";
        here.post(path, &change("Wrong-pass1!", "Other-pass1!"))
            .await
            .refused(400);
        here.post(path, &change(PASSWORD, "weakweak"))
            .await
            .refused(400);
        here.post(path, &change(PASSWORD, "x")).await.refused(422);
        here.get("/api/auth/me").await.expect(200);

        here.post(path, &change(PASSWORD, "Other-pass1!"))
            .await
            .expect(200);

        assert_eq!(
            there.get("/api/auth/me").await.refused(401),
            "Token revoked"
        );
        let refresh = json!({"refresh_token": there.refresh_token});
        there.post("/api/auth/refresh", &refresh).await.refused(401);
        let old = credentials("ada@example.org", PASSWORD);
        house
            .stranger()
            .post("/api/auth/login", &old)
            .await
            .refused(401);
        let new = credentials("ada@example.org", "Other-pass1!");
        house
            .stranger()
            .post("/api/auth/login", &new)
            .await
            .expect(200);
        let refresh = json!({"refresh_token": here.refresh_token});
        let kept = here.post("/api/auth/refresh", &refresh).await;
        kept.expect(200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_development_sign_in_is_there_only_when_asked_for() {
    on_each_database(|database| async move {
        let body = json!({"email": "dev@example.org"});
        let closed = House::open(&database, &[]).await;
        let answer = closed.stranger().post("/api/auth/token", &body).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
        let folder = closed.stop().await;
        let settings = [("ALLOW_DEV_LOGIN", "true")];
        let open = House::open_in(folder, &database, &settings).await;
        for _ in 0..2 {
            let tokens = open
                .stranger()
                .post("/api/auth/token", &body)
                .await
                .expect(200);
            let mut dev = open.stranger();
            dev.token = tokens["access_token"].as_str().map(str::to_owned);
            let me = dev.get("/api/auth/me").await.expect(200);
            assert_eq!(me["email"], "dev@example.org");
        }
        // Such an account has no password that could be guessed.
        for password in ["", "!", PASSWORD] {
            let body = credentials("dev@example.org", password);
            open.stranger()
                .post("/api/auth/login", &body)
                .await
                .refused(401);
        }
        open.stop().await;
    })
    .await;
}
