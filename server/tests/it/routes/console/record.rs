//! The record: what changed, by what, and back again.

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use super::{audit_id, problem, walk};
use crate::support::{House, Sql, User, client::Answer, on_each_database};

const ENTRIES: &str = "/api/admin/audit/entries";

async fn undo(admin: &User, entry: i64) -> Answer {
    let path = format!("{ENTRIES}/{entry}/undo");
    admin.post(&path, &json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_are_on_record_with_their_origin() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let path = format!("/api/admin/budgets/{}", ada.id().await);
        let set = async |client: &str, dollars: f64| {
            let request = admin
                .request(Method::POST, &path)
                .header("x-binnacle-client", client)
                .header("x-request-id", format!("from-{client}"))
                .json(&json!({"monthly_limit_usd": dollars}));
            audit_id(&admin.send(request).await)
        };
        let (console, cli) = (set("console", 1.0).await, set("cli", 2.0).await);
        set("curl", 3.0).await;
        let entry = admin.get(&format!("{ENTRIES}/{cli}")).await.expect(200);
        assert_eq!(entry["action"], "set_budget");
        assert_eq!(entry["actor_email"], "root@example.org");
        assert_eq!(entry["target_label"], "ada@example.org");
        assert_eq!(entry["before"], json!({"limit_nanos": 1_000_000_000}));
        assert_eq!(entry["after"], json!({"limit_nanos": 2_000_000_000}));
        assert_eq!(entry["via"], "cli");
        assert_eq!(entry["request_id"], "from-cli");
        assert_eq!(
            entry["undo"],
            json!({"possible": true, "until": null, "undone_by": null})
        );

        let found =
            async |filter: &str| walk(&admin, &format!("{ENTRIES}?filter={filter}"), 2).await;
        assert_eq!(found("via:console").await[0]["id"], console);
        assert_eq!(found("action:set_budget").await.len(), 3);
        assert_eq!(found("action:set_budget%20-via:api").await.len(), 2);
        assert_eq!(
            found("actor:root@example.org%20via:cli,console")
                .await
                .len(),
            2
        );
        assert_eq!(found("via:system").await.len(), 1, "the first admin");
        assert_eq!(found("since:2100-01-01").await, Vec::<Value>::new());
        assert!(found("since:2020-01-01").await.len() >= 5);
        let count = admin
            .get(&format!("{ENTRIES}/count?filter=action:set_budget"))
            .await;
        assert_eq!(count.expect(200)["count"], 3);
        let unknown = admin.get(&format!("{ENTRIES}/987654")).await;
        assert_eq!(problem(&unknown, 404), "not_found");

        let verified = admin
            .post("/api/admin/audit/verify", &json!({}))
            .await
            .expect(200);
        assert_eq!(verified["ok"], true);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_undone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let path = format!("/api/admin/accounts/{id}");
        let budget = format!("/api/admin/budgets/{id}");
        admin
            .patch(&path, &json!({"notes": "first"}))
            .await
            .expect(200);
        admin
            .post(&budget, &json!({"monthly_limit_usd": 4}))
            .await
            .expect(200);
        let before = admin.get(&path).await.expect(200);
        let same = async |what: &str| {
            let now = admin.get(&path).await.expect(200);
            for field in ["role", "status", "notes"] {
                assert_eq!(now[field], before[field], "{what}");
            }
            assert_eq!(
                now["budget"]["limit_nanos"], before["budget"]["limit_nanos"],
                "{what}"
            );
        };
        let acts = [
            ("role", admin.patch(&path, &json!({"role": "admin"})).await),
            (
                "notes",
                admin.patch(&path, &json!({"notes": "other"})).await,
            ),
            (
                "both",
                admin
                    .patch(&path, &json!({"role": "auditor", "notes": ""}))
                    .await,
            ),
            (
                "disable",
                admin.post(&format!("{path}/disable"), &json!({})).await,
            ),
            (
                "budget",
                admin.post(&budget, &json!({"monthly_limit_usd": 0})).await,
            ),
            ("no budget", admin.delete(&format!("{path}/budget")).await),
        ];
        // The last first: each finds what it left.
        for (what, answer) in acts.iter().rev() {
            let entry = audit_id(answer);
            let undone = undo(&admin, entry).await;
            let by = audit_id(&undone);
            let undone = undone.expect(200);
            assert_eq!(undone["action"], "undo", "{what}");
            assert_eq!(undone["id"], by);
            let again = undo(&admin, entry).await;
            assert_eq!(problem(&again, 409), "already_undone", "{what}");
            let shown = admin.get(&format!("{ENTRIES}/{entry}")).await.expect(200);
            assert_eq!(shown["undo"]["undone_by"], by, "{what}");
            assert_eq!(shown["undo"]["possible"], false, "{what}");
            assert_eq!(problem(&undo(&admin, by).await, 409), "not_undoable");
        }
        same("after all").await;
        assert_eq!(admin.get(&path).await.expect(200)["notes"], "first");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_branding_are_undone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let days = async |days: i64| {
            let request = admin
                .request(Method::PUT, "/api/admin/retention/chat")
                .json(&json!({"days": days}));
            audit_id(&admin.send(request).await)
        };
        let kept = async || {
            let all = admin.get("/api/admin/retention").await.expect(200);
            let mut items = all["items"].as_array().expect("items").iter();
            let chat = items.find(|item| item["class"] == "chat").expect("chat");
            (chat["days"].clone(), chat["source"].clone())
        };
        let (week, month) = (days(7).await, days(30).await);
        assert_eq!(problem(&undo(&admin, week).await, 409), "changed_since");
        undo(&admin, month).await.expect(200);
        assert_eq!(kept().await, (json!(7.0), json!("console")));
        undo(&admin, week).await.expect(200);
        assert_eq!(kept().await, (json!(90.0), json!("default")));
        let again = undo(&admin, week).await;
        assert_eq!(problem(&again, 409), "already_undone");
        days(7).await;
        let reset = audit_id(&admin.delete("/api/admin/retention/chat").await);
        undo(&admin, reset).await.expect(200);
        assert_eq!(kept().await, (json!(7.0), json!("console")));

        let icon = |letter: &str| format!("data:image/png;base64,{}", letter.repeat(5_000));
        let before = admin.get("/api/settings").await.expect(200);
        let brand = async |body: Value| {
            let changed = admin.post("/api/settings", &body).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            audit_id(&changed)
        };
        let first = brand(json!({"app_name": "Harbour", "app_favicon": icon("A")})).await;
        let second = brand(json!({"app_favicon": icon("B"), "accent_color": "#112233"})).await;
        let entry = admin.get(&format!("{ENTRIES}/{second}")).await;
        assert!(
            entry.body.len() < 2_000,
            "long values are on record by their checksums"
        );
        assert_eq!(entry.expect(200)["undo"]["possible"], true);
        assert_eq!(problem(&undo(&admin, first).await, 409), "changed_since");
        undo(&admin, second).await.expect(200);
        let now = admin.get("/api/settings").await.expect(200);
        assert_eq!(now["app_favicon"], icon("A"));
        assert_eq!(now["accent_color"], before["accent_color"]);
        undo(&admin, first).await.expect(200);
        assert_eq!(admin.get("/api/settings").await.expect(200), before);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_is_not_undone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let path = format!("/api/admin/accounts/{id}");
        let budget = format!("/api/admin/budgets/{id}");
        let set = async |dollars: i64| {
            audit_id(
                &admin
                    .post(&budget, &json!({"monthly_limit_usd": dollars}))
                    .await,
            )
        };
        let first = set(1).await;
        set(2).await;
        assert_eq!(problem(&undo(&admin, first).await, 409), "changed_since");
        let noted = audit_id(&admin.patch(&path, &json!({"notes": "abc"})).await);
        // As long as the other, but not the same.
        admin
            .patch(&path, &json!({"notes": "xyz"}))
            .await
            .expect(200);
        assert_eq!(problem(&undo(&admin, noted).await, 409), "changed_since");
        let disabled = audit_id(&admin.post(&format!("{path}/disable"), &json!({})).await);
        admin
            .post(&format!("{path}/enable"), &json!({}))
            .await
            .expect(200);
        assert_eq!(problem(&undo(&admin, disabled).await, 409), "changed_since");
        let shown = admin.get(&path).await.expect(200);
        assert_eq!(
            (&shown["notes"], &shown["status"]),
            (&json!("xyz"), &json!("active"))
        );
        assert_eq!(shown["budget"]["limit_nanos"], 2_000_000_000);
        let unknown = undo(&admin, 987_654).await;
        assert_eq!(problem(&unknown, 404), "not_found");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_oldest_are_cut_off_a_check_names_the_true_numbers() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let path = format!("/api/admin/budgets/{}", ada.id().await);
        for dollars in 1..=8 {
            let body = json!({ "monthly_limit_usd": dollars });
            admin.post(&path, &body).await.expect(200);
        }
        let mut sql = Sql::of(&house).await;
        let first = sql
            .number("SELECT MIN(id) FROM audit_log WHERE action = 'set_budget'")
            .await;
        let (cut, forged) = (first + 2, first + 5);
        let open_the_table = match house.setting("DATABASE_URL") {
            Some(_) => "ALTER TABLE audit_log DISABLE TRIGGER USER",
            None => "DROP TRIGGER audit_log_append_only",
        };
        sql.run(open_the_table).await.expect("the table opens");
        let old = format!(
            "UPDATE audit_log SET created_at = '2020-01-01 00:00:00+00:00' WHERE id <= {cut}"
        );
        sql.run(&old).await.expect("old entries");
        let swept = house.command(&["retention", "--class", "audit"]);
        assert!(swept.status.success(), "{swept:?}");
        let oldest = sql.number("SELECT MIN(id) FROM audit_log").await;
        assert_eq!(oldest, cut + 1, "the others are cut off");

        let verify = async || {
            let answer = admin.post("/api/admin/audit/verify", &json!({})).await;
            let entry = audit_id(&answer);
            let found = answer.expect(200);
            (found, entry)
        };
        let newest = sql.number("SELECT MAX(id) FROM audit_log").await;
        let (sound, entry) = verify().await;
        assert_eq!(
            (&sound["ok"], &sound["entries"], &sound["good_to"]),
            (&json!(true), &json!(newest - cut), &json!(newest))
        );
        let on_record = admin.get(&format!("{ENTRIES}/{entry}")).await.expect(200);
        assert_eq!(on_record["target_id"], newest.to_string());

        let forge = format!("UPDATE audit_log SET action = 'nothing' WHERE id = {forged}");
        sql.run(&forge).await.expect("forged");
        let (broken, _) = verify().await;
        assert_eq!(
            (&broken["ok"], &broken["good_to"], &broken["broken_at"]),
            (&json!(false), &json!(forged - 1), &json!(forged))
        );
        assert_eq!(broken["entries"], forged - 1 - cut);
        let doctor = house.command(&["doctor"]);
        assert!(!doctor.status.success());
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(said.contains(&format!("entry {forged}")), "{said}");
        house.stop().await;
    })
    .await;
}
