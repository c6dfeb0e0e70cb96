//! Jobs: stopped, tried again, done again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use binnacle_tui::app::Overlay;
use binnacle_tui::keys::Key;

use super::console::{Console, Done};
use crate::console::bulk::{BEFORE, add_drills};
use crate::routes::formats::docx;
use crate::support::{House, Sql, User, eventually, on_each_database};

pub const DONE: &[Done] = &[
    ("Jobs", "jobs cancel"),
    ("Jobs", "jobs retry"),
    ("Jobs", "jobs replay"),
    ("Job", "jobs cancel"),
    ("Job", "jobs retry"),
    ("Job", "jobs replay"),
];

/// A dollar for a token that is indexed.
const DEAR: &str = r#"{"default":{"input_price":0.3,"output_price":2.5,"index_price":1000000}}"#;

/// Jobs of a user in that state.
async fn jobs(admin: &User, filter: &str) -> Vec<Value> {
    let path = format!(
        "/api/admin/jobs?sort=id&filter={}",
        filter.replace(' ', "%20")
    );
    let page = admin.get(&path).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

async fn wait_for_jobs(admin: &User, filter: &str, count: usize) -> Vec<i64> {
    eventually(async || {
        let found = jobs(admin, filter).await;
        let ids = found.iter().filter_map(|job| job["id"].as_i64());
        (found.len() == count).then(|| ids.collect())
    })
    .await
}

async fn state(admin: &User, id: i64) -> String {
    let path = format!("/api/admin/jobs/{id}");
    let job = admin.get(&path).await.expect(200);
    job["job"]["state"].as_str().expect("a state").to_owned()
}

/// Puts the cursor on a job, or opens it.
async fn go(console: &mut Console, id: i64, opened: bool) {
    console.screen('4', "Jobs").await;
    console.select(&format!(" {id} ")).await;
    if opened {
        console.key(Key::Enter);
        console.until(&format!("Jobs > {id}")).await;
        console.until("- Stages").await;
    }
}

/// Two dead letters: files that nobody can read.
async fn dead_letters(ada: &User, store: i64) {
    for name in ["one.pdf", "two.pdf", "three.pdf", "four.pdf"] {
        let broken = b"%PDF-1.7\n1 0 obj\n<</Nonsense\n%%EOF\n".to_vec();
        let accepted = ada.upload(store, name, "application/pdf", broken).await;
        let operation = accepted.expect(200)["op_id"].clone();
        let operation = operation.as_str().expect("an operation");
        let status = ada.settled_operation(operation).await;
        assert_eq!(status["status"], "ERROR", "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_done_again_one_by_one_and_together() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let store = ada.store("Papers").await;
        dead_letters(&ada, store).await;
        let dead = wait_for_jobs(&admin, "state:failed", 4).await;
        let mut console = Console::open(&house).await;
        for (id, opened) in [(dead[0], false), (dead[1], true)] {
            go(&mut console, id, opened).await;
            console.act("jobs replay");
            let told = console.told(&format!("does {id} again")).await;
            let new: i64 = told
                .split_whitespace()
                .nth(1)
                .and_then(|id| id.parse().ok())
                .expect("the new job");
            let path = format!("/api/admin/jobs/{new}");
            let made = admin.get(&path).await.expect(200);
            assert_eq!(made["job"]["replay_of"], id);
            console.audited("replay_job", &format!("job {id}")).await;
        }
        console.screen('4', "Jobs").await;
        for id in [dead[2], dead[3]] {
            console.select(&format!(" {id} ")).await;
            console.types(" ");
        }
        console.act("jobs replay");
        console
            .asked(&["replay 2 jobs", "index_document 2", "1 owners", "quoted ~"])
            .await;
        console.word("replay 2");
        console.told("done for 2 jobs, 0 skipped").await;
        for id in [dead[2], dead[3]] {
            let path = format!("/api/admin/jobs/{id}");
            let old = admin.get(&path).await.expect(200);
            assert!(old["job"]["replayed_by"].is_i64(), "{old}");
        }
        console.screen('8', "Audit").await;
        console.until_line(&["root@example.org", "bulk_jobs"]).await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_stopped_and_tried_again_from_the_list_and_from_their_own_screen() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MODEL_PRICING", DEAR)]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let mut console = Console::open(&house).await;
        // What removes a deleted store waits for days.
        for name in ["one", "two"] {
            let store = ada.store(name).await;
            let text = b"Rain falls.".to_vec();
            ada.indexed(store, "rain.txt", "text/plain", text).await;
            let path = format!("/api/stores/{store}");
            ada.delete(&path).await.expect(202);
        }
        let waiting = wait_for_jobs(&admin, "state:queued kind:purge_document", 2).await;
        for (id, opened) in [(waiting[0], false), (waiting[1], true)] {
            go(&mut console, id, opened).await;
            console.act("jobs cancel");
            console.told(&format!("job {id} is cancelled")).await;
            assert_eq!(state(&admin, id).await, "cancelled");
            console.audited("cancel_job", &format!("job {id}")).await;
        }
        // Packed, the text is small: it waits for more money than was held.
        let store = ada.store("Tides").await;
        let file = docx(&"The tide turns at four. ".repeat(2_000));
        let estimate = u32::try_from(file.len() / 4).expect("a small file");
        let path = format!("/api/admin/budgets/{}", ada.id().await);
        let limit = serde_json::json!({"monthly_limit_usd": f64::from(estimate) + 200.0});
        admin.post(&path, &limit).await.expect(200);
        let upload = ada.upload(store, "a.docx", "application/octet-stream", file);
        upload.await.expect(200);
        let poor = wait_for_jobs(&admin, "state:awaiting_budget", 1).await[0];
        for opened in [false, true] {
            wait_for_jobs(&admin, "state:awaiting_budget", 1).await;
            go(&mut console, poor, opened).await;
            console.until("awaiting_budget").await;
            console.act("jobs retry");
            console.told(&format!("job {poor} is")).await;
            console.audited("retry_job", &format!("job {poor}")).await;
        }
        // What was cancelled can be done again too.
        for (id, opened) in [(waiting[0], false), (waiting[1], true)] {
            go(&mut console, id, opened).await;
            console.until("cancelled").await;
            console.act("jobs replay");
            console.told(&format!("does {id} again")).await;
        }
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}

/// When an entry of the record was made, and when the job ended that it is about.
async fn asked_and_ended(admin: &User, id: i64) -> (DateTime<Utc>, DateTime<Utc>) {
    let moment = |text: &Value| -> DateTime<Utc> {
        let text = text.as_str().unwrap_or_else(|| panic!("no moment: {text}"));
        text.parse().expect("a moment")
    };
    let path = format!("/api/admin/audit/entries?filter=action:cancel_job%20target:{id}");
    let entries = admin.get(&path).await.expect(200);
    let job = admin.get(&format!("/api/admin/jobs/{id}")).await;
    let ended = moment(&job.expect(200)["job"]["finished_at"]);
    (moment(&entries["items"][0]["at"]), ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_over_soon_after_the_key() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        add_drills(&mut sql, 2, 600_000, BEFORE).await;
        let running = wait_for_jobs(&admin, "state:running kind:drill", 2).await;
        let mut console = Console::open(&house).await;
        for (id, opened) in [(running[0], false), (running[1], true)] {
            go(&mut console, id, opened).await;
            console.until("running").await;
            console.act("jobs cancel");
            console
                .asked(&[
                    &format!("Cancel job {id}"),
                    "drill is at 0 %",
                    "spent so far",
                ])
                .await;
            console.key(Key::Enter);
            assert!(matches!(console.app.overlay, Overlay::None));
            assert_eq!(state(&admin, id).await, "running", "Enter does not confirm");
            console.act("jobs cancel");
            console.asked(&["Cancel job"]).await;
            console.yes();
            console.told(&format!("job {id} is")).await;
            wait_for_jobs(&admin, &format!("state:cancelled id:{id}"), 1).await;
            let (asked, ended) = asked_and_ended(&admin, id).await;
            let took = (ended - asked).to_std().unwrap_or_default();
            // A second by itself, which the engine's own tests hold; others share these cores.
            assert!(took < Duration::from_secs(5), "{took:?}");
            console.until_line(&[&id.to_string(), "cancelled"]).await;
            console.audited("cancel_job", &format!("job {id}")).await;
        }
        house.stop().await;
    })
    .await;
}
