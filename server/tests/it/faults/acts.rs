//! What admins do: each act is on record and done once, also when its answer is lost or its process
//! dies before it has told what came of it.

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt};

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use super::{program::Site, state::State, stub::ProviderStub};
use crate::support::{
    User,
    client::{Answer, eventually},
    on_each_database,
};

/// What is previewed changes nothing.
const NO_ACTS: [&str; 2] = [
    "POST /api/admin/accounts/bulk/preview",
    "POST /api/admin/jobs/bulk/preview",
];

/// Every operation that changes something under the hand of an admin, as the description has it.
async fn changing(admin: &User) -> BTreeSet<String> {
    let description = admin.get("/openapi.json").await.expect(200);
    let paths = description["paths"].as_object().expect("paths");
    let mut found = BTreeSet::new();
    for (path, operations) in paths {
        let restores = path.ends_with("/restore");
        if !path.starts_with("/api/admin") && path != "/api/settings" && !restores {
            continue;
        }
        for (method, operation) in operations.as_object().expect("operations") {
            let name = format!("{} {path}", method.to_uppercase());
            if method == "get" || NO_ACTS.contains(&name.as_str()) {
                continue;
            }
            let parameters = operation["parameters"].as_array().expect("parameters");
            let reads = |header: &str| parameters.iter().any(|one| one["name"] == header);
            assert!(
                reads("Idempotency-Key") && reads("X-Binnacle-Client"),
                "{name}"
            );
            found.insert(name);
        }
    }
    found
}

/// Does acts twice each, and notes which.
struct Walk {
    admin: User,
    state: State,
    done: BTreeSet<String>,
}

impl Walk {
    async fn send(&self, method: &str, path: &str, body: Option<&Value>, key: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.admin.request(method, path);
        request = request
            .header("idempotency-key", key)
            .header("x-binnacle-client", "cli");
        if let Some(body) = body {
            request = request.json(body);
        }
        self.admin.send(request).await
    }

    async fn entries(&self) -> i64 {
        self.state.number("SELECT COUNT(*) FROM audit_log").await
    }

    /// The act, its entry, and the same answer for the same key without another entry.
    async fn act(&mut self, template: &str, path: &str, body: Option<Value>) -> Value {
        let (method, _) = template.split_once(' ').expect("a method");
        let key = format!("key of {template}");
        let first = self.send(method, path, body.as_ref(), &key).await;
        assert_eq!(first.status, 200, "{template}: {}", first.body);
        let entry = first.header("x-audit-id").map(str::to_owned);
        let entry = entry.unwrap_or_else(|| panic!("{template} names no entry"));
        let on_record = format!("SELECT COUNT(*) FROM audit_log WHERE id = {entry}");
        assert_eq!(self.state.number(&on_record).await, 1, "{template}");
        let entries = self.entries().await;

        let again = self.send(method, path, body.as_ref(), &key).await;
        assert_eq!(again.status, 200, "{template} again: {}", again.body);
        assert_eq!(
            again.header("x-audit-id"),
            Some(entry.as_str()),
            "{template}"
        );
        assert_eq!(self.entries().await, entries, "{template} was done again");
        let misused = self
            .send("POST", "/api/admin/audit/verify", None, &key)
            .await;
        if template != "POST /api/admin/audit/verify" {
            assert_eq!(misused.status, 422, "{template}: {}", misused.body);
        }
        self.done.insert(template.to_owned());
        first.expect(200)
    }

    async fn post(&mut self, template: &str, path: &str, body: Value) -> Value {
        self.act(&format!("POST {template}"), path, Some(body))
            .await
    }

    /// On an address that has no place in it to fill.
    async fn plain(&mut self, template: &str, body: Value) -> Value {
        let path = template.split_once(' ').expect("a path").1.to_owned();
        self.act(template, &path, Some(body)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changing_route_is_on_record_and_done_once() {
    on_each_database(|database| async move {
        let stub = ProviderStub::start().await;
        let url = stub.gemini_url();
        let settings = [
            ("JOB_WORKERS_IN_SERVE", "false"),
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "offline,gemini"),
            ("GEMINI_BASE_URL", url.as_str()),
            ("GEMINI_API_KEY", "key-one"),
            ("GOOGLE_API_KEY", "key-two"),
            ("MOCK_LATENCY_MS", "2000"),
        ];
        let site = Site::new(database, &settings);
        let server = site.serve(&[]).await;
        let admin = site.admin(&server).await;
        let wanted = changing(&admin).await;
        let mut walk = Walk {
            admin,
            state: site.state().await,
            done: BTreeSet::new(),
        };
        on_streams(&mut walk, &site).await;
        on_people(&mut walk).await;
        on_work(&mut walk).await;
        on_the_house(&mut walk).await;
        assert_eq!(walk.done, wanted);
        walk.state.close().await;
        server.stop().await;
    })
    .await;
}

async fn on_people(walk: &mut Walk) {
    let made = json!({"email": "cy@example.org", "role": "user", "send": "invite"});
    walk.plain("POST /api/admin/accounts", made).await;
    let user = User::register(walk.admin.base.clone(), "ada@example.org").await;
    let id = user.id().await;
    let account = format!("/api/admin/accounts/{id}");
    let role = json!({"is_admin": false, "admin_notes": "known"});
    let path = format!("/api/admin/users/{id}/role");
    walk.post("/api/admin/users/{id}/role", &path, role).await;
    let template = "PATCH /api/admin/accounts/{id}";
    let auditor = json!({"role": "auditor"});
    walk.act(template, &account, Some(auditor)).await;
    let budget = format!("/api/admin/budgets/{id}");
    let limit = json!({"monthly_limit_usd": 3});
    walk.post("/api/admin/budgets/{user_id}", &budget, limit)
        .await;
    let lift = "DELETE /api/admin/accounts/{id}/budget";
    walk.act(lift, &format!("{account}/budget"), None).await;
    let reset = format!("{account}/reset_password");
    walk.post("/api/admin/accounts/{id}/reset_password", &reset, json!({}))
        .await;
    let sessions = format!("{account}/sessions");
    let listed = walk.admin.get(&sessions).await.expect(200);
    let session = listed["items"][0]["id"].as_str().expect("a sign-in");
    let one = "DELETE /api/admin/accounts/{id}/sessions/{session_id}";
    walk.act(one, &format!("{sessions}/{session}"), None).await;
    User::sign_in(
        walk.admin.base.clone(),
        "ada@example.org",
        crate::support::client::PASSWORD,
    )
    .await;
    walk.act("DELETE /api/admin/accounts/{id}/sessions", &sessions, None)
        .await;
    let disable = format!("{account}/disable");
    let because = json!({"reason": "a test"});
    let entry = walk
        .post("/api/admin/accounts/{id}/disable", &disable, because)
        .await;
    assert_eq!(entry["jobs"], 0);
    let enable = format!("{account}/enable");
    walk.post("/api/admin/accounts/{id}/enable", &enable, json!({}))
        .await;
    let many = json!({"action": "set_budget", "ids": [id], "limit_nanos": 1_000_000});
    let preview = walk.admin.post("/api/admin/accounts/bulk/preview", &many);
    let token = preview.await.expect(200)["preview_token"].clone();
    let run = json!({"preview_token": token});
    walk.plain("POST /api/admin/accounts/bulk", run).await;
    let newest = walk.admin.get("/api/admin/audit").await.expect(200);
    let mut newest = newest.as_array().expect("entries").iter();
    let set = newest.find(|entry| entry["action"] == "set_budget");
    let entry = &set.expect("the budget was set")["id"];
    let undo = format!("/api/admin/audit/entries/{entry}/undo");
    walk.post("/api/admin/audit/entries/{id}/undo", &undo, json!({}))
        .await;
    let export = format!("{account}/export");
    walk.post("/api/admin/accounts/{id}/export", &export, json!({}))
        .await;
    let (erase, typed) = (
        format!("{account}/erase"),
        json!({"confirm_email": "ada@example.org"}),
    );
    walk.post("/api/admin/accounts/{id}/erase", &erase, typed)
        .await;
}

/// No worker runs: what is queued stays so.
async fn on_work(walk: &mut Walk) {
    let user = User::register(walk.admin.base.clone(), "bo@example.org").await;
    let store = user.store("Papers").await;
    let text = b"The ferry leaves at nine.".to_vec();
    let accepted = user.upload(store, "ferry.txt", "text/plain", text).await;
    let document = accepted.expect(200)["document_id"].clone();
    let filter = "/api/admin/jobs?filter=kind:index_document";
    let listed = walk.admin.get(filter).await.expect(200);
    let job = &listed["items"][0]["id"];
    let path = |act: &str| format!("/api/admin/jobs/{job}/{act}");
    walk.post("/api/admin/jobs/{id}/retry", &path("retry"), json!({}))
        .await;
    walk.post("/api/admin/jobs/{id}/cancel", &path("cancel"), json!({}))
        .await;
    walk.post("/api/admin/jobs/{id}/replay", &path("replay"), json!({}))
        .await;
    let many = json!({"action": "cancel", "filter": "kind:index_document state:queued"});
    let preview = walk.admin.post("/api/admin/jobs/bulk/preview", &many);
    let token = preview.await.expect(200)["preview_token"].clone();
    let run = json!({"preview_token": token});
    let done = walk.plain("POST /api/admin/jobs/bulk", run).await;
    assert_eq!(done["done"], 1);
    let all = json!({"ttl_minutes": 0});
    walk.plain("POST /api/admin/watchdog/reset-stuck", all)
        .await;

    let path = format!("/api/documents/{document}");
    assert!(user.delete(&path).await.status < 300);
    let restore = format!("{path}/restore");
    walk.post("/api/documents/{id}/restore", &restore, json!({}))
        .await;
    let path = format!("/api/stores/{store}");
    assert!(user.delete(&path).await.status < 300);
    let restore = format!("{path}/restore");
    walk.post("/api/stores/{id}/restore", &restore, json!({}))
        .await;
}

async fn on_streams(walk: &mut Walk, site: &Site) {
    let user = User::register(walk.admin.base.clone(), "di@example.org").await;
    let store = user.store("Papers").await;
    let worker = site.work(&[]).await;
    let text = b"Berth 3 of the harbour has a depth of nine metres.".to_vec();
    user.indexed(store, "berths.txt", "text/plain", text).await;
    worker.stop().await;
    for all_of_user in [false, true] {
        let asking = {
            let user = user.clone();
            tokio::spawn(
                async move { user.ask(store, "How deep is berth 3 of the harbour?").await },
            )
        };
        let stream = eventually(|| async {
            let streams = walk.admin.get("/api/admin/streams").await.expect(200);
            streams["items"].get(0).cloned()
        })
        .await;
        if all_of_user {
            let path = format!("/api/admin/accounts/{}/end_streams", stream["user_id"]);
            walk.post("/api/admin/accounts/{id}/end_streams", &path, json!({}))
                .await;
        } else {
            let id = stream["id"].as_str().expect("an id");
            let path = format!("/api/admin/streams/{id}/end");
            walk.post("/api/admin/streams/{id}/end", &path, json!({}))
                .await;
        }
        assert!(asking.await.expect("it ends").done);
        eventually(|| async {
            let streams = walk.admin.get("/api/admin/streams").await.expect(200);
            streams["items"].get(0).is_none().then_some(())
        })
        .await;
    }
}

async fn on_the_house(walk: &mut Walk) {
    let rules = json!({"default_limit_nanos": 5_000_000_000_i64});
    walk.plain("PATCH /api/admin/settings", rules).await;
    let branding = json!({"app_name": "Harbour"});
    walk.plain("POST /api/settings", branding).await;
    walk.plain("POST /api/admin/audit/verify", json!({})).await;
    let level = json!({"level": "info"});
    walk.plain("PUT /api/admin/system/log_level", level).await;
    for act in ["reset", "rotate", "probe"] {
        let provider = if act == "probe" { "offline" } else { "gemini" };
        let path = format!("/api/admin/providers/{provider}/{act}");
        let template = format!("/api/admin/providers/{{name}}/{act}");
        walk.post(&template, &path, json!({})).await;
    }
    let class = "/api/admin/retention/chat";
    let days = json!({"days": 7});
    walk.act("PUT /api/admin/retention/{class}", class, Some(days))
        .await;
    walk.act("DELETE /api/admin/retention/{class}", class, None)
        .await;
    let preview = walk.admin.get("/api/admin/retention/preview").await;
    let token = preview.expect(200)["preview_token"].clone();
    let run = json!({"classes": [], "preview_token": token});
    walk.plain("POST /api/admin/retention/run", run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_whose_process_died_is_not_done_again_and_nobody_pretends_to_know() {
    on_each_database(|database| async move {
        for (point, done) in [("act-begun", 0), ("act-done", 1)] {
            let site = Site::new(database.clone(), &[]);
            let server = site.serve(&[]).await;
            let admin = site.admin(&server).await;
            let name = format!("{point}@example.org");
            let ada = User::register(server.base.clone(), &name).await;
            let path = format!("/api/admin/budgets/{}", ada.id().await);
            server.stop().await;

            let mut doomed = site.serve(&[("BINNACLE_ABORT_AT", point)]).await;
            let ask = |base: &str| {
                let mut admin = admin.clone();
                admin.base = base.to_owned();
                let body = json!({"monthly_limit_usd": 7});
                admin
                    .request(Method::POST, &path)
                    .header("idempotency-key", point)
                    .json(&body)
            };
            assert!(ask(&doomed.base).send().await.is_err(), "no answer came");
            assert_eq!(doomed.ended().await.signal(), Some(6));

            let server = site.serve(&[]).await;
            let state = site.state().await;
            let refused = |answer: Answer| answer.refused(409);
            let young = refused(admin.send(ask(&server.base)).await);
            assert!(young.contains("still under way"), "{young}");
            let long_ago = "UPDATE act_answers SET created_at = '2026-01-01T00:00:00+00:00'";
            state.execute(long_ago).await;
            let told = refused(admin.send(ask(&server.base)).await);
            assert!(told.contains("whether it was done is not known"), "{told}");

            let acts = "SELECT COUNT(*) FROM audit_log WHERE action = 'set_budget'";
            assert_eq!(state.number(acts).await, done, "{point}");
            let limits = "SELECT COUNT(*) FROM budgets WHERE monthly_limit_nanos = 7000000000";
            assert_eq!(state.number(limits).await, done, "{point}");
            state.close().await;
            server.stop().await;
        }
    })
    .await;
}
