//! Users who were switched off: refused at every route, with whatever they still hold.

use std::time::Duration;

use binnacle::app::ManualClock;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Answer, House, PASSWORD, Sql, User, on_each_database};

/// How long an access token may outlive the change in a process that was not told of it.
const NOTICED: chrono::Duration = chrono::Duration::seconds(5);

fn clock() -> ManualClock {
    let start: chrono::DateTime<chrono::Utc> = "2031-05-04T10:00:00Z".parse().expect("a time");
    ManualClock::starting_at(start)
}

async fn put(house: &House, clock: &ManualClock, email: &str, status: &str) {
    let mut sql = Sql::of(house).await;
    let change = format!("UPDATE users SET status = '{status}' WHERE email = '{email}'");
    assert_eq!(sql.run(&change).await.expect("the change"), 1);
    clock.advance(NOTICED);
}

/// Every operation that the API's description has, with its path filled in.
async fn operations(house: &House) -> Vec<(String, String)> {
    let description = house.stranger().get("/openapi.json").await.expect(200);
    let paths = description["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, methods) in paths {
        let filled: Vec<String> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part }.to_owned())
            .collect();
        for method in methods.as_object().expect("methods").keys() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                operations.push((method.to_uppercase(), filled.join("/")));
            }
        }
    }
    operations
}

async fn call(user: &User, method: &str, path: &str) -> Answer {
    let request = user
        .request(method.parse().expect("a method"), path)
        .timeout(Duration::from_secs(20));
    user.send(request).await
}

/// Walks all routes with this token. Those that need somebody signed in answer as told; answers how
/// many they are.
async fn refused_everywhere(house: &House, user: &User, status: u16, detail: &str) -> usize {
    let stranger = house.stranger();
    let mut guarded = 0;
    for (method, path) in operations(house).await {
        let anonymous = call(&stranger, &method, &path).await;
        let refused = call(user, &method, &path).await;
        if anonymous.status == 401 {
            guarded += 1;
            assert_eq!(refused.status, status, "{method} {path}: {}", refused.body);
            let body: Value = serde_json::from_str(&refused.body).expect("JSON");
            assert_eq!(body["detail"], detail, "{method} {path}");
        } else {
            let same = anonymous.status == refused.status || refused.status == status;
            assert!(same, "{method} {path}: {}", refused.status);
        }
    }
    guarded
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_switched_off_is_refused_at_every_route() {
    on_each_database(|database| async move {
        let clock = clock();
        let house = House::with_clock(&database, &[], &clock).await;
        let mut ada = house.user("ada").await;
        let store = ada.store("Papers").await;
        ada.get("/api/auth/me").await.expect(200);

        put(&house, &clock, "ada@example.org", "disabled").await;

        let guarded = refused_everywhere(&house, &ada, 403, "User is inactive").await;
        assert!(guarded > 25, "{guarded} routes");
        // Before anything is said about the body, and whatever is asked for.
        let question = json!({"storeIds": [store], "question": "x"});
        for body in [question, json!({}), json!([])] {
            let refused = ada.post("/api/chat", &body).await;
            assert_eq!(refused.refused(403), "User is inactive");
        }
        // Nor do they get anything new to come in with.
        let renewal = json!({"refresh_token": ada.refresh_token});
        let refused = ada.post("/api/auth/refresh", &renewal).await;
        assert!([401, 403].contains(&refused.status), "{}", refused.body);
        ada.token = None;
        let refused = ada.post("/api/auth/refresh", &renewal).await;
        assert!([401, 403].contains(&refused.status), "{}", refused.body);
        let proof = json!({"email": "ada@example.org", "password": PASSWORD});
        let login = ada.post("/api/auth/login", &proof).await;
        assert_eq!(login.refused(401), "Invalid credentials", "as any stranger");
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("chat_sessions").await, 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_is_switched_off_steers_nothing() {
    on_each_database(|database| async move {
        let clock = clock();
        let house = House::with_clock(&database, &[], &clock).await;
        let bob = house.user("bob").await;
        let admin = house.admin().await;
        admin.get("/api/admin/users").await.expect(200);
        let (email, _) = crate::support::house::ADMIN;

        put(&house, &clock, email, "disabled").await;

        refused_everywhere(&house, &admin, 403, "User is inactive").await;
        let budget = format!("/api/admin/budgets/{}", bob.id().await);
        let change = json!({"monthly_limit_usd": 0});
        let refused = admin.post(&budget, &change).await;
        assert_eq!(refused.refused(403), "User is inactive");
        put(&house, &clock, email, "active").await;
        let again = User::sign_in(house.base(), email, crate::support::house::ADMIN.1).await;
        again.get("/api/admin/users").await.expect(200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_user_who_was_erased_is_nobodys() {
    on_each_database(|database| async move {
        let clock = clock();
        let house = House::with_clock(&database, &[], &clock).await;
        let ada = house.user("ada").await;
        ada.get("/api/auth/me").await.expect(200);

        put(&house, &clock, "ada@example.org", "deleted").await;

        let guarded = refused_everywhere(&house, &ada, 401, "Invalid token").await;
        assert!(guarded > 25, "{guarded} routes");
        let proof = json!({"email": "ada@example.org", "password": PASSWORD});
        let login = house.stranger().post("/api/auth/login", &proof).await;
        assert_eq!(login.refused(401), "Invalid credentials");
        house.stop().await;
    })
    .await;
}
