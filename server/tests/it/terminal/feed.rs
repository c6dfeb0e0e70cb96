//! A thousand events a second over real sockets: who reads slowly gets the newest state of each
//! thing and not every event, and the console goes on answering keys.

use std::time::{Duration, Instant};

use binnacle_tui::keys::Key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::console::Console;
use crate::console::follower::Follower;
use crate::support::{Database, House, Sql, User, Wire};

/// Jobs that change in each second.
const JOBS: i64 = 1_000;
const SECONDS: i64 = 6;
/// So long that what the system keeps for a connection is soon full.
const MESSAGE: usize = 4_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// A key has to be answered within this, on a busy machine and in a build for tests.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Copies the only job until there are so many.
pub async fn copies(sql: &mut Sql, count: i64) {
    let copied = format!(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO jobs (id, kind, user_id, subject_type, subject_id, parameters, state, \
         priority, run_at, claim, attempts, max_attempts, rescues, progress, created_at, \
         started_at, leased_at, finished_at, updated_at, rev, error_class, error_message) \
         SELECT randomblob(16), kind, user_id, subject_type, subject_id, parameters, state, \
         priority, run_at, claim, attempts, max_attempts, rescues, progress, created_at, \
         started_at, leased_at, finished_at, updated_at, rev, error_class, error_message \
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

/// A reader with little room that does not read until it is told to.
struct Slow {
    stream: TcpStream,
    text: String,
    ended: bool,
}

impl Slow {
    async fn open(house: &House, admin: &User) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(32 * 1_024).expect("an option");
        let stream = socket.connect(house.address).await.expect("a port");
        let head = Wire::head("GET", "/api/admin/events?topics=jobs", admin);
        let mut slow = Self {
            stream,
            text: String::new(),
            ended: false,
        };
        let request = format!("{head}\r\n");
        let sent = slow.stream.write_all(request.as_bytes()).await;
        sent.expect("sent");
        while slow.count("event: snapshot") == 0 {
            slow.read().await;
        }
        slow
    }

    async fn read(&mut self) {
        let mut piece = vec![0; 64 * 1_024];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut piece)).await;
        let length = read.expect("something in time").unwrap_or(0);
        self.ended = length == 0;
        self.text
            .push_str(&String::from_utf8_lossy(&piece[..length]));
    }

    fn count(&self, text: &str) -> usize {
        self.text.matches(text).count()
    }
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
    let failed = format!(
        "UPDATE jobs SET state = 'failed', error_class = 'damaged', error_message = '{}'",
        "x".repeat(MESSAGE)
    );
    sql.run(&failed).await.expect("a long message");
    copies(&mut sql, JOBS).await;
    let mut console = Console::open(&house).await;
    console.screen('4', "Jobs").await;
    console.until("1,000").await;
    let mut fast = Follower::open(&admin, "jobs", None).await;
    let mut slow = Slow::open(&house, &admin).await;
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
            assert!(frame.contains("failed 1,000"), "{frame}");
        }
        console.until("* live").await;
    }
    assert!(slowest < AT_ONCE, "a key took {slowest:?}");
    assert_eq!(published, JOBS * SECONDS);
    let rev = newest(&mut sql).await;
    // Now it reads: what waited for it is bounded, and ends with how everything is now.
    let newest = format!("\"rev\":{rev}}}");
    let reading = async {
        while slow.count(&newest) < 1_000 && !slow.ended {
            slow.read().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, reading).await;
    in_time.expect("everything in time");
    assert!(!slow.ended || slow.count("\"reason\":\"slow\"") == 1);
    let read = i64::try_from(slow.count("event: job\n")).expect("a count");
    assert!(
        read <= published / 2,
        "{read} of {published} events waited for one reader"
    );
    house.stop().await;
}
