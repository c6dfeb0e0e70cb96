//! Lines of the log: what they carry, in both shapes, and how loud they are.

use std::sync::Arc;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::{
    faults::program::Site,
    support::{Database, User, on_each_database},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

fn is_request(route: &str) -> impl Fn(&Value) -> bool {
    move |line| line["message"] == "request" && line["route"] == route
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_jobs_and_acts_are_one_line_each_and_say_whose_they_are() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let admin = site.admin(&server).await;
        let store = admin.store("Papers").await;
        let request = admin.request(reqwest::Method::GET, "/api/stores");
        let request = request.header("x-request-id", "asked-by-the-test-1");
        assert_eq!(admin.send(request).await.status, 200);
        let file = CHECKLIST.to_vec();
        admin
            .indexed(store, "checklist.md", "text/markdown", file)
            .await;

        let asked = |line: &Value| line["request_id"] == "asked-by-the-test-1";
        let lines = server.logged_times(1, asked).await;
        let [line] = lines.as_slice() else {
            panic!("one line: {lines:?}");
        };
        assert_eq!(line["user_id"], admin.id().await);
        assert_eq!(line["method"], "GET");
        assert_eq!(line["route"], "/api/stores");
        assert_eq!(line["status"], 200);
        assert_eq!(line["level"], "INFO");
        assert!(line["duration_ms"].is_number() && line["timestamp"].is_string());
        assert_eq!(line["trace_id"].as_str().expect("an id").len(), 32);

        let upload = server.logged("the upload", is_request("/api/upload")).await;
        let ended = |line: &Value| line["job_event"] == "succeeded";
        let job = server.logged("the end of the job", ended).await;
        assert_eq!(job["trace_id"], upload["trace_id"], "one trace");
        assert_eq!(job["user_id"], upload["user_id"]);
        assert!(job["job_id"].is_string(), "{job}");
        let started = |line: &Value| line["job_event"] == "started";
        let started = server.logged("the start of the job", started).await;
        assert_eq!(started["trace_id"], upload["trace_id"], "one trace");
        assert_eq!(started["job_id"], job["job_id"]);

        let request = admin.request(reqwest::Method::POST, "/api/settings");
        let request = request.header("x-request-id", "asked-by-the-test-2");
        let body = json!({"app_name": "Harbour"});
        assert_eq!(admin.send(request.json(&body)).await.status, 200);
        let act = |line: &Value| line["event"] == "act" && line["action"] == "update_settings";
        let act = server.logged("the act", act).await;
        assert_eq!(act["request_id"], "asked-by-the-test-2");
        assert_eq!(act["actor_id"], admin.id().await);
        assert!(act["audit_id"].is_number(), "{act}");
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_changes_how_loud_a_running_process_is() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let server = site.serve(&[]).await;
    let admin = site.admin(&server).await;
    let level = async |level: &str| {
        let request = admin.request(reqwest::Method::PUT, "/api/admin/system/log_level");
        let body = json!({"level": level});
        admin.send(request.json(&body)).await.expect(200);
    };
    let counted = || server.count_logged(is_request("/live"));
    admin.get("/live").await;
    server.logged("the request", is_request("/live")).await;
    level("error").await;
    for _ in 0..3 {
        assert_eq!(admin.get("/live").await.status, 200);
    }
    level("info").await;
    assert_eq!(counted(), 1, "quiet in between");
    admin.get("/live").await;
    server.logged_times(2, is_request("/live")).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_one_line_for_each_event_whatever_is_in_it() {
    let settings = [("LOG_FORMAT", "pretty")];
    let site = Site::new(Arc::new(Database::Sqlite), &settings);
    // Listening is told in words here.
    let server = site.begin("serve", &[]);
    let line = server
        .logged("the address", |line| {
            line.as_str()
                .is_some_and(|line| line.contains("event=listening "))
        })
        .await;
    let line = line.as_str().expect("a text").to_owned();
    let address = line.split("address=").nth(1).expect("an address");
    let address = address.split(' ').next().expect("an address");
    let stranger = User::anonymous(format!("http://{address}"));
    stranger.get("/live").await;
    let request = server
        .logged("the request", |line| {
            line.as_str()
                .is_some_and(|line| line.contains("route=/live"))
        })
        .await;
    let request = request.as_str().expect("a text");
    assert!(
        request.contains(" INFO http: request method=GET"),
        "{request}"
    );
    assert!(request.contains("request_id="), "{request}");
    server.stop().await;
}
