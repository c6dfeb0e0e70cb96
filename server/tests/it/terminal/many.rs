//! Ten thousand rows at once, by keys and through the shell: the question says how many, and so does
//! the record; nobody waits for them.

use std::time::{Duration, Instant};

use binnacle_tui::keys::Key;
use serde_json::{Value, json};

use super::console::Console;
use super::shell::Shell;
use crate::console::bulk::{LATER, add_drills, add_users, over};
use crate::support::{House, Sql, User, on_each_database};

const MANY: i64 = 10_000;
/// More match than one act takes.
const MORE: i64 = MANY + 3;
/// Not the whole act, even on a busy machine with an unoptimised build.
const PROMPT: Duration = Duration::from_secs(30);

/// The newest entries of that action.
async fn entries(admin: &User, action: &str) -> Vec<Value> {
    let path = format!("/api/admin/audit/entries?filter=action:{action}");
    let page = admin.get(&path).await.expect(200);
    page["items"].as_array().expect("entries").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_users_get_a_limit_by_keys() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut sql = Sql::of(&house).await;
        add_users(&mut sql, MORE).await;
        let mut console = Console::open(&house).await;
        console.screen('2', "Users").await;
        console.types("/role:user");
        console.key(Key::Enter);
        console.until("of 10k+").await;
        console.types("A");
        console.act("budgets set");
        console.fill(&[("limit", "2.005")]).await;
        let began = Instant::now();
        console
            .asked(&[
                "Set the budget of 10000 users to $2.005 each",
                "limits together: $0.00 and 10,000 without one now, $20.0k afterwards",
                "more match than one act takes",
            ])
            .await;
        assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
        let began = Instant::now();
        console.word("10000");
        let told = console.told("does it, batch by batch").await;
        assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
        let job = told.split_whitespace().nth(1).expect("a number");
        over(&admin, &json!(job.parse::<i64>().expect("a number"))).await;
        console
            .told("budgets set: succeeded: 10,000 done, 0 skipped")
            .await;
        let limited = "budgets WHERE monthly_limit_nanos = 2005000000";
        assert_eq!(sql.count(limited).await, MANY, "as the question said");
        let each = "audit_log WHERE action = 'set_budget'";
        assert_eq!(sql.count(each).await, MANY);
        let said = entries(&admin, "bulk_users").await;
        let told = said.iter().any(|entry| entry["after"]["users"] == MANY);
        assert!(told, "{said:?}");
        console.screen('8', "Audit").await;
        console.types("/action:bulk_users");
        console.key(Key::Enter);
        console
            .until_line(&["root@example.org", "bulk_users", "act set_budget"])
            .await;
        house.stop().await;
    })
    .await;
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
