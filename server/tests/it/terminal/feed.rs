//! A thousand events a second over real sockets: who reads slowly gets the newest state of each
//! thing and not every event, and the console goes on answering keys.

use std::time::{Duration, Instant};

use binnacle_tui::keys::Key;

use super::console::Console;
use crate::console::follower::Follower;
use crate::support::{Database, House, Sql};

/// Jobs that change in each second.
const JOBS: i64 = 1_000;
const SECONDS: i64 = 5;
/// A key has to be answered within this, on a busy machine and in a build for tests.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Copies the only job until there are so many.
pub async fn copies(sql: &mut Sql, count: i64) {
    let copied = format!(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO jobs (id, kind, user_id, subject_type, subject_id, parameters, state, \
         priority, run_at, claim, attempts, max_attempts, rescues, progress, created_at, \
         started_at, leased_at, finished_at, updated_at, rev) \
         SELECT randomblob(16), kind, user_id, subject_type, subject_id, parameters, state, \
         priority, run_at, claim, attempts, max_attempts, rescues, progress, created_at, \
         started_at, leased_at, finished_at, updated_at, rev \
         FROM n, (SELECT * FROM jobs LIMIT 1)"
    );
    sql.run(&copied).await.expect("copies");
    assert_eq!(sql.count("jobs").await, count);
}

/// Every job changes, as when workers work on them.
async fn all_change(sql: &mut Sql) {
    let changed = "BEGIN IMMEDIATE; \
        UPDATE jobs SET rev = rev + 1, progress = (rev % 100) / 100.0; \
        INSERT INTO job_events (job_id, event, claim, attempt, created_at) \
        SELECT id, 'progress', claim, 1, updated_at FROM jobs; COMMIT";
    sql.run(changed).await.expect("changed");
}

async fn newest(sql: &mut Sql) -> i64 {
    sql.number("SELECT MAX(rev) FROM jobs").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_of_a_thousand_events_a_second_gets_the_newest_and_the_console_answers_keys()
{
    let house = House::open(&Database::Sqlite, &[]).await;
    let (ada, admin) = (house.user("ada").await, house.admin().await);
    let store = ada.store("papers").await;
    let text = b"Rain falls on the hills.".to_vec();
    ada.indexed(store, "rain.txt", "text/plain", text).await;
    let mut sql = Sql::of(&house).await;
    copies(&mut sql, JOBS).await;
    let mut console = Console::open(&house).await;
    console.screen('4', "Jobs").await;
    console.until("1,000").await;
    let mut fast = Follower::open(&admin, "jobs", None).await;
    let mut slow = Follower::open(&admin, "jobs", None).await;
    let mut published = 0;
    let mut slowest = Duration::ZERO;
    for _ in 0..SECONDS {
        all_change(&mut sql).await;
        let rev = newest(&mut sql).await;
        let mut left = JOBS;
        while left > 0 {
            let told = fast.next().await.expect("the feed goes on");
            assert_ne!(told.name, "lost", "who reads fast loses nothing");
            if told.name == "job" && told.data["rev"] == rev {
                left -= 1;
                published += 1;
            }
        }
        // The console has them all before it: it takes them in, and a key is answered.
        for key in [Key::PageDown, Key::End, Key::Home] {
            let pressed = Instant::now();
            console.key(key);
            let frame = console.frame();
            slowest = slowest.max(pressed.elapsed());
            assert!(frame.contains("index_document"), "{frame}");
        }
        console.until("* live").await;
    }
    assert!(slowest < AT_ONCE, "a key took {slowest:?}");
    assert_eq!(published, JOBS * SECONDS);
    let rev = newest(&mut sql).await;
    let (mut read, mut current) = (0, std::collections::BTreeSet::new());
    while current.len() < 1_000 {
        let told = slow.next().await.expect("it is let go on");
        if told.name == "bye" {
            // On a machine so busy that it took longer than a write may be stuck.
            assert_eq!(told.data["reason"], "slow");
            break;
        }
        if told.name == "job" {
            read += 1;
            if told.data["rev"] == rev {
                current.insert(told.data["id"].as_i64());
            }
        }
    }
    assert!(
        read <= published / 2,
        "{read} of {published} events waited for one reader"
    );
    house.stop().await;
}
