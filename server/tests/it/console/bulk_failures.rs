//! An act on many of which one cannot be written: the others are done, and what it came to is told
//! and on record.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{House, Sql, User, client::Answer, eventually, on_each_database};

const FAILED: &str = "failed; the log of the server says why";

/// From now on a row of a table cannot be written.
async fn spoil(sql: &mut Sql, table: &str, when: &str, row: &str) {
    let statements = match sql {
        Sql::Sqlite(_) => vec![format!(
            "CREATE TRIGGER spoiled BEFORE {when} ON {table} WHEN {row} \
             BEGIN SELECT RAISE(ABORT, 'spoiled'); END"
        )],
        Sql::Postgres(_) => vec![
            "CREATE FUNCTION spoiled() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'spoiled'; END $$"
                .to_owned(),
            format!(
                "CREATE TRIGGER spoiled BEFORE {when} ON {table} FOR EACH ROW WHEN ({row}) \
                 EXECUTE FUNCTION spoiled()"
            ),
        ],
    };
    for statement in statements {
        sql.run(&statement).await.expect("a trigger");
    }
}

async fn act(admin: &User, what: &str, act: &Value) -> Answer {
    let path = format!("/api/admin/{what}/bulk");
    let preview = admin.post(&format!("{path}/preview"), act).await;
    let token = preview.expect(200)["preview_token"].clone();
    admin.post(&path, &json!({ "preview_token": token })).await
}

/// What an entry on record says in its metadata.
async fn recorded(sql: &mut Sql, entry: &str) -> Value {
    let metadata = format!("SELECT metadata FROM audit_log WHERE {entry}");
    let text = sql.text(&metadata).await;
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_whom_something_is_wrong_stops_no_other() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let people = house.users(&["ada", "bo", "cy", "di", "eve"]).await;
        let mut sql = Sql::of(&house).await;
        let row = format!("NEW.user_id = {}", people[1]);
        spoil(&mut sql, "budgets", "INSERT", &row).await;
        let set = json!({
            "action": "set_budget", "filter": "role:user", "limit_nanos": 2_000_000_000_i64,
        });
        let answer = act(&admin, "accounts", &set).await;
        let entry = answer.header("x-audit-id").expect("an act").to_owned();
        let done = answer.expect(200);
        assert_eq!(
            (&done["done"], &done["skipped"]),
            (&json!(4), &json!([{"reason": FAILED, "count": 1}]))
        );
        let limited = "budgets WHERE monthly_limit_nanos = 2000000000";
        assert_eq!(sql.count(limited).await, 4);
        let sum = recorded(&mut sql, &format!("id = {entry}")).await;
        assert_eq!(
            (&sum["act"], &sum["done"], &sum["failed"], &sum["via"]),
            (&json!("set_budget"), &json!(4), &json!(1), &json!("api"))
        );
        house.stop().await;
    })
    .await;
}

/// Jobs that wait, of which one cannot be written; what is shown of their priority counts up.
async fn waiting(sql: &mut Sql, count: i64) {
    for number in 1..=count {
        let id = match sql {
            Sql::Sqlite(_) => format!("x'{number:032x}'"),
            Sql::Postgres(_) => format!("'{number:032x}'::uuid"),
        };
        let later = "'2099-01-01 00:00:00+00:00'";
        sql.run(&format!(
            "INSERT INTO jobs (id, kind, parameters, state, priority, run_at, max_attempts, \
             progress, created_at, updated_at) VALUES ({id}, 'drill', '{{\"milliseconds\":1}}', \
             'queued', -{number}, {later}, 5, 0.0, {later}, {later})"
        ))
        .await
        .expect("a job");
    }
    let row = "NEW.kind = 'drill' AND NEW.priority = -3";
    spoil(sql, "jobs", "UPDATE", row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_which_something_is_wrong_stops_no_other() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        waiting(&mut sql, 120).await;
        let cancelled = "jobs WHERE kind = 'drill' AND state = 'cancelled'";

        // In the request.
        let few = json!({"action": "cancel", "filter": "kind:drill priority<21"});
        let answer = act(&admin, "jobs", &few).await;
        let entry = answer.header("x-audit-id").expect("an act").to_owned();
        let done = answer.expect(200);
        assert_eq!(
            (&done["done"], &done["skipped"]),
            (&json!(19), &json!([{"reason": FAILED, "count": 1}]))
        );
        assert_eq!(sql.count(cancelled).await, 19);
        let sum = recorded(&mut sql, &format!("id = {entry}")).await;
        assert_eq!((&sum["done"], &sum["failed"]), (&json!(19), &json!(1)));

        // By a job.
        let many = json!({"action": "cancel", "filter": "kind:drill state:queued"});
        let job = act(&admin, "jobs", &many).await.expect(200)["job"].clone();
        let path = format!("/api/admin/jobs/{job}");
        let detail = eventually(async || {
            let detail = admin.get(&path).await.expect(200);
            (!detail["job"]["finished_at"].is_null()).then_some(detail)
        })
        .await;
        assert_eq!(detail["job"]["state"], "succeeded", "{detail}");
        let at = &detail["checkpoint"];
        assert_eq!(
            (&at["done"], &at["failed"]),
            (&json!(100), &json!(1)),
            "{detail}"
        );
        assert_eq!(sql.count(cancelled).await, 119);
        let newest = "id = (SELECT MAX(id) FROM audit_log WHERE action = 'bulk_jobs')";
        let sum = recorded(&mut sql, newest).await;
        assert_eq!((&sum["done"], &sum["failed"]), (&json!(100), &json!(1)));
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_is_stopped_is_summed_up_on_record() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        waiting(&mut sql, 120).await;
        let many = json!({"action": "cancel", "filter": "kind:drill"});
        let job = act(&admin, "jobs", &many).await.expect(200)["job"].clone();
        let stop = format!("/api/admin/jobs/{job}/cancel");
        admin.post(&stop, &json!({})).await.expect(200);
        let newest = "id = (SELECT MAX(id) FROM audit_log WHERE action = 'bulk_jobs')";
        let sum = recorded(&mut sql, newest).await;
        assert_eq!(
            (&sum["ended"], &sum["done"], &sum["via"]),
            (&json!("cancelled"), &json!(0), &json!("api"))
        );
        house.stop().await;
    })
    .await;
}
