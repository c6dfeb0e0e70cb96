//! Who calls the routes, and what they find there.

use serde_json::json;

use crate::support::{House, PASSWORD, User, client::eventually, house::ADMIN};

/// Anonymous, the owner of the things, another user, an auditor, an admin.
pub async fn sign_in(house: &House) -> [User; 5] {
    let user = async |name: &str| {
        User::sign_in(house.base(), &format!("{name}@example.org"), PASSWORD).await
    };
    [
        house.stranger(),
        user("owner").await,
        user("other").await,
        user("auditor").await,
        User::sign_in(house.base(), ADMIN.0, ADMIN.1).await,
    ]
}

/// An export that can be fetched.
async fn exported(owner: &User) -> i64 {
    owner
        .post("/api/account/export", &json!({}))
        .await
        .expect(202);
    eventually(|| async {
        let exports = owner.get("/api/account/export").await.expect(200);
        let newest = &exports["items"][0];
        (newest["state"] == "ready").then(|| newest["id"].as_i64().expect("an id"))
    })
    .await
}

/// Makes the people and one thing of each kind; answers what the table calls the things.
pub async fn people_and_things(house: &House) -> Vec<(&'static str, String)> {
    let owner = house.user("owner").await;
    let store = owner.store("Things").await;
    let text = b"The ferry leaves the north pier at nine in the morning.".to_vec();
    let document = owner.indexed(store, "ferry.txt", "text/plain", text).await;
    let stream = owner.ask(store, "When does the ferry leave?").await;
    let export = exported(&owner).await;
    let sign_in = owner.get("/api/auth/sessions").await.expect(200)["items"][0]["id"].clone();
    house.user("other").await;
    let bystander = house.user("bystander").await.id().await;
    let auditor = house.user("auditor").await.id().await;
    let role = format!("/api/admin/users/{auditor}/role");
    let admin = house.admin().await;
    admin
        .post(&role, &json!({"role": "auditor"}))
        .await
        .expect(200);
    let job = owner.get("/api/jobs").await.expect(200)["items"][0]["id"].clone();
    vec![
        ("{job}", job.as_str().expect("an id").to_owned()),
        ("{store}", store.to_string()),
        ("{document}", document.to_string()),
        ("{stream}", stream.id.expect("a stream")),
        ("{session}", stream.session.expect("a session")),
        ("{sign-in}", sign_in.as_str().expect("an id").to_owned()),
        ("{bystander}", bystander.to_string()),
        ("{export}", export.to_string()),
    ]
}
