//! The walk over every route: who may call it and what they get, from one table. A route that is
//! not in the table fails the test, and so does an answer that the API's description leaves out.

mod console;
pub(crate) mod headers;
mod jobs;
mod operations;
mod people;
mod schema;
mod things;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Answer, House, User, on_each_database};
use things::{people_and_things, sign_in};

/// Method, path as described, path as called, body, and what each caller gets.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Statuses,
);

/// What anonymous, the owner, another user, an auditor and an admin get.
type Statuses = [u16; 5];

const ALL: Statuses = [200; 5];
const UNREADABLE: Statuses = [422; 5];
const SIGNED_IN: Statuses = [401, 200, 200, 200, 200];
const SIGNED_IN_UNREADABLE: Statuses = [401, 422, 422, 422, 422];
const OWNER: Statuses = [401, 200, 404, 404, 404];
const LOOK: Statuses = [401, 403, 403, 200, 200];
const STEER: Statuses = [401, 403, 403, 403, 200];

/// The contract's routes. In order: what deletes comes after what reads.
const TABLE: &[Row] = &[
    (
        "POST",
        "/api/auth/register",
        "/api/auth/register",
        "{}",
        UNREADABLE,
    ),
    (
        "POST",
        "/api/auth/login",
        "/api/auth/login",
        "{}",
        UNREADABLE,
    ),
    (
        "POST",
        "/api/auth/refresh",
        "/api/auth/refresh",
        "{}",
        UNREADABLE,
    ),
    (
        "POST",
        "/api/auth/token",
        "/api/auth/token",
        "{}",
        UNREADABLE,
    ),
    ("GET", "/api/auth/me", "/api/auth/me", "", SIGNED_IN),
    (
        "POST",
        "/api/auth/password",
        "/api/auth/password",
        "{}",
        SIGNED_IN_UNREADABLE,
    ),
    (
        "GET",
        "/api/auth/sessions",
        "/api/auth/sessions",
        "",
        SIGNED_IN,
    ),
    (
        "DELETE",
        "/api/auth/sessions/{id}",
        "/api/auth/sessions/{sign-in}",
        "",
        OWNER,
    ),
    (
        "POST",
        "/api/auth/logout",
        "/api/auth/logout",
        "",
        SIGNED_IN,
    ),
    (
        "POST",
        "/api/auth/logout-all",
        "/api/auth/logout-all",
        "",
        SIGNED_IN,
    ),
    ("GET", "/api/stores", "/api/stores", "", SIGNED_IN),
    (
        "POST",
        "/api/stores",
        "/api/stores",
        "{}",
        SIGNED_IN_UNREADABLE,
    ),
    (
        "POST",
        "/api/account/export",
        "/api/account/export",
        "",
        [401, 202, 202, 202, 202],
    ),
    (
        "GET",
        "/api/account/export",
        "/api/account/export",
        "",
        SIGNED_IN,
    ),
    (
        "GET",
        "/api/account/export/{id}",
        "/api/account/export/{export}",
        "",
        OWNER,
    ),
    (
        "GET",
        "/api/documents/store/{store_id}",
        "/api/documents/store/{store}",
        "",
        OWNER,
    ),
    (
        "GET",
        "/api/documents/{id}/download",
        "/api/documents/{document}/download",
        "",
        OWNER,
    ),
    (
        "POST",
        "/api/documents/{id}/retry",
        "/api/documents/{document}/retry",
        "",
        [401, 409, 404, 404, 404],
    ),
    (
        "POST",
        "/api/upload",
        "/api/upload",
        "{}",
        [401, 415, 415, 415, 415],
    ),
    (
        "GET",
        "/api/upload/op-status/{op_id}",
        "/api/upload/op-status/doc-{document}",
        "",
        OWNER,
    ),
    ("POST", "/api/chat", "/api/chat", "{}", SIGNED_IN_UNREADABLE),
    (
        "GET",
        "/api/chat/streams/{id}",
        "/api/chat/streams/{stream}",
        "",
        OWNER,
    ),
    (
        "DELETE",
        "/api/chat/streams/{id}",
        "/api/chat/streams/{stream}",
        "",
        [401, 204, 404, 404, 404],
    ),
    (
        "GET",
        "/api/chat/sessions",
        "/api/chat/sessions",
        "",
        SIGNED_IN,
    ),
    (
        "GET",
        "/api/chat/sessions/{id}/messages",
        "/api/chat/sessions/{session}/messages",
        "",
        OWNER,
    ),
    (
        "PATCH",
        "/api/chat/sessions/{id}",
        "/api/chat/sessions/{session}",
        r#"{"title":"New"}"#,
        OWNER,
    ),
    (
        "DELETE",
        "/api/chat/sessions/{id}",
        "/api/chat/sessions/{session}",
        "",
        [401, 204, 404, 404, 404],
    ),
    ("GET", "/api/settings", "/api/settings", "", ALL),
    ("POST", "/api/settings", "/api/settings", "{}", STEER),
    ("GET", "/api/admin/users", "/api/admin/users", "", LOOK),
    (
        "POST",
        "/api/admin/users/{id}/role",
        "/api/admin/users/{bystander}/role",
        r#"{"is_admin":false}"#,
        STEER,
    ),
    ("GET", "/api/admin/audit", "/api/admin/audit", "", LOOK),
    (
        "GET",
        "/api/admin/audit/deletions",
        "/api/admin/audit/deletions",
        "",
        LOOK,
    ),
    (
        "GET",
        "/api/admin/system/summary",
        "/api/admin/system/summary",
        "",
        LOOK,
    ),
    (
        "POST",
        "/api/admin/watchdog/reset-stuck",
        "/api/admin/watchdog/reset-stuck",
        "{}",
        STEER,
    ),
    (
        "DELETE",
        "/api/documents/{id}",
        "/api/documents/{document}",
        "",
        [401, 202, 404, 404, 404],
    ),
    (
        "POST",
        "/api/documents/{id}/restore",
        "/api/documents/{document}/restore",
        "",
        STEER,
    ),
    (
        "DELETE",
        "/api/stores/{id}",
        "/api/stores/{store}",
        "",
        [401, 202, 404, 404, 404],
    ),
    (
        "POST",
        "/api/stores/{id}/restore",
        "/api/stores/{store}/restore",
        "",
        STEER,
    ),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    let more = console::ROWS.iter().chain(jobs::ROWS);
    more.chain(operations::ROWS)
        .chain(people::ROWS)
        .chain(TABLE)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_what_the_table_says_from_every_route() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("ALLOW_DEV_LOGIN", "true")]).await;
        let names = people_and_things(&house).await;
        let mut callers = sign_in(&house).await;
        let description = house.stranger().get("/openapi.json").await.expect(200);
        let mut faults = BTreeSet::new();
        for (method, template, target, body, expected) in rows() {
            let target = names.iter().fold((*target).to_owned(), |path, (name, id)| {
                path.replace(name, id)
            });
            // The owner last: the others must not find what they tried to delete gone.
            for index in [0, 2, 3, 4, 1] {
                let answer = call(&callers[index], method, &target, body).await;
                let who = ["anonymous", "owner", "other", "auditor", "admin"][index];
                assert_eq!(
                    answer.status, expected[index],
                    "{method} {template} by {who}"
                );
                faults.extend(undescribed(&description, method, template, &answer));
                faults.extend(headers::unlocked(template, &answer));
                assert!(answer.header("strict-transport-security").is_none());
            }
            if template.starts_with("/api/auth/logout") {
                callers = sign_in(&house).await;
            }
            let forged = User {
                token: Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned()),
                ..callers[0].clone()
            };
            let answer = call(&forged, method, &target, body).await;
            assert_eq!(
                answer.status, expected[0],
                "{method} {template} with a forged token"
            );
            faults.extend(headers::unlocked(template, &answer));
        }
        assert!(faults.is_empty(), "{faults:#?}");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_and_the_description_have_the_same_routes() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("ALLOW_DEV_LOGIN", "true")]).await;
        let description = house.stranger().get("/openapi.json").await.expect(200);
        let described: BTreeSet<(String, String)> = operations(&description).collect();
        let known: BTreeSet<(String, String)> = rows()
            .map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(described, known);
        house.stop().await;
    })
    .await;
}

fn operations(description: &Value) -> impl Iterator<Item = (String, String)> {
    let paths = description["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys();
        methods
            .filter(|method| *method != "parameters")
            .map(|method| (method.to_uppercase(), path.clone()))
    })
}

/// What an answer has that its description does not say.
fn undescribed(description: &Value, method: &str, path: &str, answer: &Answer) -> Option<String> {
    let status = answer.status;
    let told = |what: String| Some(format!("{method} {path} answers {status}: {what}"));
    let operation = &description["paths"][path][method.to_lowercase()];
    let Some(described) = operation["responses"].get(status.to_string()) else {
        return told("the status is not listed".to_owned());
    };
    let Some(contents) = described.get("content") else {
        return (!answer.body.is_empty())
            .then_some(())
            .and_then(|()| told(format!("a body: {}", answer.body)));
    };
    let media_type = answer.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default();
    let binary = &contents["application/octet-stream"]["schema"]["format"];
    if binary == "binary" && !media_type.ends_with("json") {
        // A file has the type of its content.
        return None;
    }
    let Some(content) = contents.get(media_type) else {
        return told(format!("{media_type:?} is none of {contents}"));
    };
    if !media_type.ends_with("json") {
        return None;
    }
    let body = serde_json::from_str(&answer.body).expect("JSON");
    schema::mismatch(description, &content["schema"], &body, "answer").and_then(told)
}

async fn call(caller: &User, method: &str, path: &str, body: &str) -> Answer {
    let method = method.parse().expect("a method");
    let mut request = caller.request(method, path);
    if !body.is_empty() {
        request = request
            .header("content-type", "application/json")
            .body(body.to_owned());
    }
    caller.send(request).await
}
