//! Acts on ten thousand rows: no request waits for them, progress is seen, and each is done once.

use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{House, Sql, User, eventually, on_each_database};

const MANY: i64 = 10_000;
/// What a request may take on a busy machine.
const PROMPT: Duration = Duration::from_secs(3);

/// The numbers from 1, as a table.
fn numbers(sql: &Sql, count: i64) -> String {
    match sql {
        Sql::Sqlite(_) => format!(
            "(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) \
             SELECT n FROM up) AS numbers"
        ),
        Sql::Postgres(_) => format!("generate_series(1, {count}) AS numbers(n)"),
    }
}

fn unique(sql: &Sql) -> &'static str {
    match sql {
        Sql::Sqlite(_) => "randomblob(16)",
        Sql::Postgres(_) => "gen_random_uuid()",
    }
}

/// A moment that no test waits for.
pub const LATER: &str = "2099-01-01T00:00:00+00:00";
/// A moment that is over.
pub const BEFORE: &str = "2026-01-01T00:00:00+00:00";

/// Adds jobs that take so long, from that moment on.
pub async fn add_drills(sql: &mut Sql, count: i64, milliseconds: u64, from: &str) {
    let (moment, json) = match sql {
        Sql::Sqlite(_) => ("", ""),
        Sql::Postgres(_) => ("::timestamptz", "::jsonb"),
    };
    let add = format!(
        "INSERT INTO jobs (id, kind, parameters, state, priority, run_at, max_attempts, progress, \
         created_at, updated_at) SELECT {}, 'drill', '{{\"milliseconds\":{milliseconds}}}'{json}, \
         'queued', 100, '{from}'{moment}, 5, 0.0, '{from}'{moment}, '{from}'{moment} FROM {}",
        unique(sql),
        numbers(sql, count)
    );
    sql.run(&add).await.expect("jobs");
}

/// Adds users who have never been here.
pub async fn add_users(sql: &mut Sql, count: i64) {
    let moment = match sql {
        Sql::Sqlite(_) => "",
        Sql::Postgres(_) => "::timestamptz",
    };
    let add = format!(
        "INSERT INTO users (public_id, email, password_hash, role, status, created_at, updated_at) \
         SELECT {}, 'user' || n || '@example.org', 'none', 'user', 'active', '{BEFORE}'{moment}, \
         '{BEFORE}'{moment} FROM {}",
        unique(sql),
        numbers(sql, count)
    );
    sql.run(&add).await.expect("users");
}

/// Previews and does an act on everything that matches; answers the job that does it.
async fn begin(admin: &User, what: &str, act: &Value) -> Value {
    let path = format!("/api/admin/{what}/bulk");
    let preview = admin.post(&format!("{path}/preview"), act).await;
    let preview = preview.expect(200);
    assert_eq!(preview["count"], MANY);
    let run = json!({"preview_token": preview["preview_token"]});
    let asked = Instant::now();
    let begun = admin.post(&path, &run).await;
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    assert!(begun.header("x-audit-id").is_some());
    let begun = begun.expect(200);
    assert_eq!(begun["done"], 0);
    let again = admin.post(&path, &run).await;
    assert_eq!(again.status, 409, "{}", again.body);
    begun["job"].clone()
}

/// Waits for the end of a job that gets on; answers its inside.
pub async fn over(admin: &User, number: &Value) -> Value {
    let path = format!("/api/admin/jobs/{number}");
    let mut reached = -1;
    loop {
        let detail = eventually(async || {
            let asked = Instant::now();
            let detail = admin.get(&path).await.expect(200);
            assert!(asked.elapsed() < PROMPT, "others are served meanwhile");
            let ended = !detail["job"]["finished_at"].is_null();
            let at = detail["checkpoint"]["next"].as_i64().unwrap_or(0);
            (ended || at > reached).then_some(detail)
        })
        .await;
        if !detail["job"]["finished_at"].is_null() {
            assert_eq!(detail["job"]["state"], "succeeded", "{detail}");
            return detail;
        }
        reached = detail["checkpoint"]["next"].as_i64().unwrap_or(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_are_cancelled_by_a_job() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        add_drills(&mut sql, MANY, 1, LATER).await;
        let act = json!({"action": "cancel", "filter": "kind:drill"});
        let job = begin(&admin, "jobs", &act).await;
        let detail = over(&admin, &job).await;
        assert_eq!(detail["job"]["kind"], "bulk_act");
        assert_eq!(detail["checkpoint"]["done"], MANY);
        let cancelled = "jobs WHERE kind = 'drill' AND state = 'cancelled'";
        assert_eq!(sql.count(cancelled).await, MANY);
        let lines = "job_events WHERE event = 'cancelled'";
        assert_eq!(sql.count(lines).await, MANY, "each once");
        let entries = "audit_log WHERE action = 'bulk_jobs'";
        assert_eq!(sql.count(entries).await, MANY / 100 + 1, "one a batch");
        assert_eq!(sql.count("job_previews").await, 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_users_get_a_budget_by_a_job() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        add_users(&mut sql, MANY).await;
        let act = json!({
            "action": "set_budget", "filter": "role:user", "limit_nanos": 2_000_000_000_i64,
        });
        let job = begin(&admin, "accounts", &act).await;
        let detail = over(&admin, &job).await;
        assert_eq!(detail["checkpoint"]["done"], MANY);
        let limited = "budgets WHERE monthly_limit_nanos = 2000000000";
        assert_eq!(sql.count(limited).await, MANY);
        let entries = "audit_log WHERE action = 'set_budget'";
        assert_eq!(sql.count(entries).await, MANY, "one entry each");
        assert_eq!(sql.count("account_previews").await, 0);
        house.stop().await;
    })
    .await;
}
