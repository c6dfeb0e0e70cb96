//! The number of series does not grow with users, paths or whatever a stranger or a provider sends.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::{Database, House, Sql, User, on_each_database};

/// Requests that are under way at once.
const AT_ONCE: usize = 16;
/// Statuses that come first: one of each kind that providers have.
const USUAL: [u16; 14] = [
    300, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504,
];
/// The first of those that come then, each once.
const BOGUS: u16 = 505;

/// Series on the page, and its size.
async fn series(user: &User) -> (usize, usize) {
    let page = user.get("/metrics").await.body;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    (lines.filter(|line| !line.is_empty()).count(), page.len())
}

/// As many users as a large house has.
fn crowd(from: usize, to: usize) -> String {
    let row = |id: usize| {
        format!(
            "({id}, '00000000-0000-0000-0000-{id:012}', 'user-{id}@example.org', 'x', 'user', \
             'active', FALSE, '2026-11-21 00:00:00+00:00', '2026-11-21 00:00:00+00:00')"
        )
    };
    let rows: Vec<String> = (from..to).map(row).collect();
    format!(
        "INSERT INTO users (id, public_id, email, password_hash, role, status, email_verified, \
         created_at, updated_at) VALUES {}",
        rows.join(", ")
    )
}

/// A provider that answers each request with another status, and names an error of its own.
struct Moody {
    base: String,
    asked: Arc<AtomicU16>,
    _accepting: JoinSet<()>,
}

impl Moody {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicU16::new(0));
        let count = asked.clone();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(async move {
                    // Who asks may leave.
                    let _ = refuse(stream, number).await;
                });
            }
        });
        Self {
            base,
            asked,
            _accepting: accepting,
        }
    }

    fn asked(&self) -> u16 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Reads one request and refuses it with a status and a code that nobody has met before.
async fn refuse(stream: TcpStream, number: u16) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().expect("a length");
        }
        if line.is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).await?;
    let usual = USUAL.get(usize::from(number)).copied();
    let status = usual.unwrap_or(BOGUS + number % (999 - BOGUS));
    let body = json!({"error": {"message": "no", "code": format!("c{number}"), "type": "bogus"}});
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status} Reason{number}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.get_mut().write_all(answer.as_bytes()).await
}

/// Does something for each number, several at once.
async fn each<F, Fut>(numbers: Range<usize>, act: F)
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut acting = JoinSet::new();
    for number in numbers {
        acting.spawn(act(number));
        if acting.len() >= AT_ONCE {
            acting.join_next().await.expect("one").expect("it is done");
        }
    }
    acting.join_all().await;
}

/// Paths that lead nowhere.
async fn lost(user: &User, rounds: Range<usize>) {
    each(rounds, |round| {
        let user = user.clone();
        async move {
            for path in [
                format!("/api/nothing/{round}"),
                format!("/{round}.php?x={round}"),
                format!("/api/stores/{round}00000"),
            ] {
                user.get(&path).await;
            }
        }
    })
    .await;
}

/// Methods, models, media types and names that are made up, each sent as far as it is looked at.
async fn bogus(user: &User, store: i64, rounds: Range<usize>) {
    each(rounds, |round| {
        let user = user.clone();
        async move {
            let method = format!("BREW{round}");
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let brewed = user.send(user.request(method, "/api/stores")).await;
            assert_eq!(brewed.status, 405);
            let body = json!({
                "storeIds": [store], "question": "?", "model": format!("m{round}"),
            });
            let refused = user.post("/api/chat", &body).await.refused(400);
            assert!(refused.contains("Unsupported model"), "{refused}");
            let media = format!("x-type-{round}/y");
            let name = format!("f.{round}");
            let refused = user.upload(store, &name, &media, vec![0; 8]).await;
            assert!((400..500).contains(&refused.status), "{}", refused.status);
        }
    })
    .await;
}

/// Questions of which each meets another status of the provider.
async fn statuses(user: &User, store: i64, rounds: Range<usize>) {
    each(rounds, |_| {
        let user = user.clone();
        async move {
            let question = "When does the ferry leave?";
            let body = json!({
                "storeIds": [store], "question": question, "model": "openai/writer",
            });
            assert!(user.ask_with(&body).await.done);
        }
    })
    .await;
}

/// Users who come, do what users do, and leave.
async fn principals(base: &str, numbers: Range<usize>) {
    each(numbers, |number| {
        let base = base.to_owned();
        async move {
            let email = format!("principal-{number}@example.org");
            let user = User::register(base, &email).await;
            let store = user.store(&format!("Store {number}")).await;
            assert!(user.ask(store, "What is there?").await.done);
            for path in ["/api/auth/me", "/api/costs/summary", "/api/chat/sessions"] {
                user.get(path).await.expect(200);
            }
            user.post("/api/auth/logout", &json!({})).await.expect(200);
            user.get("/api/auth/me").await.expect(401);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_users_and_bogus_requests_of_every_kind_add_no_series() {
    on_each_database(|database| async move {
        let provider = Moody::start().await;
        let settings = [
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "offline,openai"),
            ("OPENAI_BASE_URL", &*provider.base),
            ("AI_MODELS", "offline/gemini-2.5-flash,openai/writer"),
            ("GEMINI_STREAM_RETRY_ATTEMPTS", "1"),
            ("AI_BREAKER_FAILURES", "1000"),
            ("MAX_CONCURRENT_STREAMS", "128"),
            ("MAX_STREAMS_PER_USER", "64"),
        ];
        let house = House::open(&database, &settings).await;
        let (people, few, many) = match *database {
            Database::Sqlite => (150, 500, 3_400),
            // What a label is does not depend on the database.
            Database::Postgres { .. } => (15, 50, 200),
        };
        let admin = house.admin().await;
        let store = admin.store("Ferries").await;
        let text = b"The ferry leaves the north pier at nine in the morning.".to_vec();
        admin.indexed(store, "ferry.txt", "text/plain", text).await;
        lost(&admin, 0..100).await;
        bogus(&admin, store, 0..10).await;
        statuses(&admin, store, 0..USUAL.len()).await;
        principals(&house.base(), 0..5).await;
        admin.get("/api/admin/system/summary").await.expect(200);
        series(&admin).await;
        let (before, _) = series(&admin).await;
        assert!(before < 3_000, "{before} series");
        let mut sql = Sql::of(&house).await;
        for block in 0..20 {
            let first = 1_000 + block * 500;
            let added = sql.run(&crowd(first, first + 500)).await;
            assert_eq!(added.expect("users"), 500);
        }
        lost(&admin, 100..many).await;
        bogus(&admin, store, 10..few).await;
        statuses(&admin, store, USUAL.len()..few).await;
        principals(&house.base(), 5..people).await;
        assert_eq!(usize::from(provider.asked()), few, "statuses");
        admin.get("/api/admin/system/summary").await.expect(200);
        let (after, bytes) = series(&admin).await;
        assert_eq!(after, before, "a series for each of something");
        assert!(bytes < 1_048_576, "{bytes} bytes");
        house.stop().await;
    })
    .await;
}
