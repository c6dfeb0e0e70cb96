//! Ten thousand rows at once, through the shell: the question says how many, and so does the record;
//! nobody waits for them.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::shell::Shell;
use crate::console::bulk::{LATER, add_drills};
use crate::support::{House, Sql, User, on_each_database};

const MANY: i64 = 10_000;
/// What a person is kept waiting for.
const PROMPT: Duration = Duration::from_secs(10);

/// The newest entries of that action.
async fn entries(admin: &User, action: &str) -> Vec<Value> {
    let path = format!("/api/admin/audit/entries?filter=action:{action}");
    let page = admin.get(&path).await.expect(200);
    page["items"].as_array().expect("entries").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_are_cancelled_through_the_shell() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        add_drills(&mut sql, MANY, 1, LATER).await;
        let shell = Shell::of(&admin);
        let all = "jobs cancel --filter 'kind:drill'";
        let began = Instant::now();
        let tried = shell.run(&format!("{all} --dry-run")).await;
        assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
        let told = String::from_utf8(tried.stderr).expect("UTF-8");
        assert!(told.contains("cancel 10000 jobs"), "{told}");
        let cancelled = "jobs WHERE kind = 'drill' AND state = 'cancelled'";
        assert_eq!(sql.count(cancelled).await, 0, "only tried");
        let run = shell
            .run(&format!("{all} --confirm 'cancel 10000' --wait"))
            .await;
        let told = String::from_utf8(run.stderr).expect("UTF-8");
        assert_eq!(run.status.code(), Some(0), "{told}");
        assert!(
            told.contains("is succeeded: 10000 done, 0 skipped"),
            "{told}"
        );
        assert_eq!(sql.count(cancelled).await, MANY);
        let said = entries(&admin, "bulk_jobs").await;
        assert_eq!(said[0]["via"], "cli", "{said:?}");
        house.stop().await;
    })
    .await;
}
