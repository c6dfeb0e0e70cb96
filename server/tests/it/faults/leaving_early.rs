//! Clients that leave after their question was taken in and before the first byte of its answer:
//! while its money is being reserved.

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::state::State;
use crate::support::{Database, House, User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";
const CLIENTS: i64 = 6;

/// A transaction of somebody else's, for which every reservation of money has to wait.
enum Obstacle {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Obstacle {
    async fn raise(house: &House) -> Self {
        if let Some(url) = house.setting("DATABASE_URL") {
            let mut connection = PgConnection::connect(url).await.expect("PostgreSQL");
            let lock = "BEGIN; LOCK TABLE periods IN SHARE MODE";
            connection.execute(lock).await.expect("the lock");
            return Self::Postgres(connection);
        }
        let url = format!("sqlite://{}/binnacle.db", house.folder.path().display());
        let mut connection = SqliteConnection::connect(&url).await.expect("the file");
        connection
            .execute("BEGIN IMMEDIATE")
            .await
            .expect("the lock");
        Self::Sqlite(connection)
    }

    async fn clear(self) {
        match self {
            Self::Sqlite(mut connection) => {
                connection.execute("ROLLBACK").await.expect("the end");
            }
            Self::Postgres(mut connection) => {
                connection
                    .execute(AssertSqlSafe("ROLLBACK".to_owned()))
                    .await
                    .expect("the end");
            }
        }
    }
}

struct Scene {
    house: House,
    user: User,
    store: i64,
    state: State,
}

impl Scene {
    async fn set(database: &Database, grace: &str, latency: &str) -> Self {
        let settings = [
            ("STREAM_DISCONNECT_GRACE_SECS", grace),
            ("DEFAULT_MONTHLY_LIMIT_USD", "5"),
            ("MOCK_LATENCY_MS", latency),
        ];
        let house = House::open(database, &settings).await;
        let user = house.user("ada").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        user.indexed(store, "checklist.md", "text/markdown", file)
            .await;
        let state = State::open(database, &house.folder.path().join("binnacle.db")).await;
        Self {
            house,
            user,
            store,
            state,
        }
    }

    /// The value of a gauge, over all its labels.
    async fn gauge(&self, name: &str) -> f64 {
        let metrics = self.house.stranger().get("/metrics").await.body;
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
            .sum()
    }

    /// Asks, and does not wait for the answer.
    async fn question_sent(&self) -> TcpStream {
        let body = json!({"storeIds": [self.store], "question": QUESTION}).to_string();
        let mut stream = TcpStream::connect(self.house.address)
            .await
            .expect("a port");
        let request = format!(
            "POST /api/chat HTTP/1.1\r\nhost: house\r\nauthorization: Bearer {}\r\n\
             x-requested-with: XMLHttpRequest\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.user.token.as_deref().expect("a token"),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }

    /// All ask while no money can be reserved, leave, and only then can it be.
    async fn all_leave_while_money_is_reserved(&self) {
        let obstacle = Obstacle::raise(&self.house).await;
        let asked = join_all((0..CLIENTS).map(|_| self.question_sent())).await;
        // Between the end of the search and the reservation a question waits for nothing.
        let all_searched = || async {
            let searched = self
                .gauge("binnacle_retrieval_duration_seconds_count")
                .await;
            (searched >= f64::from(i32::try_from(CLIENTS).expect("few"))).then_some(())
        };
        eventually(all_searched).await;
        self.reserving().await;
        drop(asked);
        let all_gone = || async {
            let active = self.gauge("http_server_active_requests").await;
            (active <= 1.0).then_some(())
        };
        eventually(all_gone).await;
        let begun = "SELECT COUNT(*) FROM messages";
        assert_eq!(self.state.number(begun).await, 0, "none had begun");
        obstacle.clear().await;
    }

    /// Waits until a reservation waits for the lock; SQLite does not tell.
    async fn reserving(&self) {
        if let State::Sqlite(_) = self.state {
            return;
        }
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually(|| async { (self.state.number(waiting).await > 0).then_some(()) }).await;
    }

    /// Waits until every question that was begun has its end; answers how many ended so.
    async fn ended(&self, state: &str) -> i64 {
        let all = "SELECT COUNT(*) FROM messages WHERE role = 'assistant'";
        eventually(|| async { (self.state.number(all).await == CLIENTS).then_some(()) }).await;
        self.state.at_rest().await;
        let ended =
            format!("SELECT COUNT(*) FROM messages WHERE role = 'assistant' AND state = '{state}'");
        self.state.number(&ended).await
    }

    async fn charges(&self) -> i64 {
        let charges = "SELECT COUNT(*) FROM ledger WHERE kind = 'chat'";
        self.state.number(charges).await
    }

    /// No slot, no money and no question is lost to those who left.
    async fn end(self) {
        let none_open = || async {
            let open = self.gauge("binnacle_sse_streams_active").await;
            (open < 0.5).then_some(())
        };
        eventually(none_open).await;
        let costs = self.user.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["held_usd"], 0.0);
        let metrics = self.house.stranger().get("/metrics").await.body;
        let dropped = metrics
            .lines()
            .filter(|line| line.contains("unsettled") && !line.starts_with('#'));
        for line in dropped {
            assert!(line.ends_with(" 0"), "{line}");
        }
        let body = json!({"storeIds": [self.store], "question": QUESTION});
        let request = self.user.request(reqwest::Method::POST, "/api/chat");
        let again = request.json(&body).send().await.expect("an answer");
        let stream = again.headers().get("x-stream-id").expect("a stream");
        let stream = stream.to_str().expect("text");
        let stop = format!("/api/chat/streams/{stream}");
        assert!(self.user.delete(&stop).await.status < 300);
        let frames = again.text().await.expect("a whole stream");
        assert!(frames.ends_with("data: [DONE]\n\n"), "{frames}");
        self.state.close().await;
        self.house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_the_answers_of_those_who_left_end_before_their_first_word() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database, "0", "700").await;
        scene.all_leave_while_money_is_reserved().await;
        assert_eq!(scene.ended("cut").await, CLIENTS);
        let written = "SELECT CAST(COALESCE(SUM(completion_tokens), 0) AS BIGINT) FROM ledger";
        assert_eq!(scene.state.number(written).await, 0, "words for nobody");
        assert!(scene.charges().await <= CLIENTS);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_grace_those_who_left_find_their_answers_charged_once() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database, "60", "5").await;
        scene.all_leave_while_money_is_reserved().await;
        assert_eq!(scene.ended("complete").await, CLIENTS);
        assert_eq!(scene.charges().await, CLIENTS);
        scene.end().await;
    })
    .await;
}
