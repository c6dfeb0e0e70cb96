//! Clients that leave while a vector is being paid for, and while an upload is being refused:
//! nothing of either is lost or left.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{
    state::State,
    stub::{Fault, ProviderStub},
};
use crate::support::{Database, House, User, Wire, client::eventually, on_each_database};

const BOUNDARY: &str = "a-boundary";
const TEXT: &str = "Berth 3 of the harbour has a depth of nine metres.\n";

struct Scene {
    house: House,
    state: State,
    stub: ProviderStub,
}

impl Scene {
    async fn set(database: &Database, limit: &str) -> Self {
        let stub = ProviderStub::start().await;
        let url = stub.openai_url();
        let settings = [
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "offline,openai"),
            ("OPENAI_BASE_URL", url.as_str()),
            ("EMBEDDING_MODEL", "openai/embedder"),
            ("STREAM_DISCONNECT_GRACE_SECS", "0"),
            ("DEFAULT_MONTHLY_LIMIT_USD", limit),
            ("MAX_UPLOAD_MB", "1"),
        ];
        let house = House::open(database, &settings).await;
        let state = State::open(database, &house.folder.path().join("binnacle.db")).await;
        Self { house, state, stub }
    }

    /// Waits until the house works at no request but the one that asks.
    async fn quiet(&self) {
        eventually(|| async {
            let metrics = self.house.stranger().get("/metrics").await.body;
            let active: f64 = metrics
                .lines()
                .filter(|line| line.starts_with("http_server_active_requests"))
                .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
                .sum();
            (active <= 1.0).then_some(())
        })
        .await;
    }

    async fn embeddings_charged(&self) -> i64 {
        let charged = "SELECT COUNT(*) FROM ledger WHERE kind = 'embedding'";
        self.state.number(charged).await
    }

    async fn end(self) {
        self.state.close().await;
        self.house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_during_the_embedding_of_a_question_is_charged_once_or_not_at_all() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database, "5").await;
        let user = scene.house.user("ada").await;
        let store = user.store("Papers").await;
        user.indexed(store, "berths.txt", "text/plain", TEXT.into())
            .await;
        for (fault, charged) in [(Fault::None, 1), (Fault::BadRequest, 0)] {
            let (before, asked) = (
                scene.embeddings_charged().await,
                scene.stub.requests().len(),
            );
            scene.stub.hold();
            scene.stub.always(fault);
            let body = json!({"storeIds": [store], "question": "How deep is it?"}).to_string();
            let mut wire = Wire::to(&scene.house).await;
            let head = Wire::head("POST", "/api/chat", &user);
            wire.send(format!(
                "{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
            eventually(|| async { (scene.stub.requests().len() > asked).then_some(()) }).await;
            let paid_for = "SELECT COUNT(*) FROM holds WHERE state IN ('open', 'sent')";
            assert_eq!(scene.state.number(paid_for).await, 1, "it is paid for");
            drop(wire);
            scene.quiet().await;
            scene.stub.let_go();
            scene.state.at_rest().await;
            let now = scene.embeddings_charged().await;
            assert_eq!(now - before, charged, "{fault:?}");
        }
        let costs = user.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["held_usd"], 0.0);
        scene.end().await;
    })
    .await;
}

fn upload(user: &User, store: i64, name: &str, bytes: &str) -> String {
    let form = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"storeId\"\r\n\r\n{store}\r\n\
         --{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: text/plain\r\n\r\n{bytes}\r\n--{BOUNDARY}--\r\n"
    );
    format!(
        "{}content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {}\r\n\r\n{form}",
        Wire::head("POST", "/api/upload", user),
        form.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_while_an_upload_is_refused_leaves_nothing() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database, "0").await;
        let user = scene.house.user("ada").await;
        let (own, anothers) = (user.store("Papers").await, 987_654);
        let program = "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0";
        let refused = [
            (402, own, "berths.txt", TEXT.to_owned()),
            (404, anothers, "berths.txt", TEXT.to_owned()),
            (413, own, "long.txt", TEXT.repeat(30_000)),
            (415, own, "program.bin", program.to_owned()),
        ];
        for (status, store, name, bytes) in &refused {
            let request = upload(&user, *store, name, bytes);
            let mut patient = Wire::to(&scene.house).await;
            patient.send(&request).await;
            assert_eq!(patient.status().await, *status, "{name}");
            let leaving = (0..4).map(|_| async {
                let mut wire = Wire::to(&scene.house).await;
                wire.send(&request).await;
            });
            futures_util::future::join_all(leaving).await;
        }
        drop(refused);
        scene.quiet().await;
        eventually(|| async { (scene.house.files() == 0).then_some(()) }).await;
        for table in ["documents", "jobs", "holds", "ledger"] {
            let rows = format!("SELECT COUNT(*) FROM {table}");
            assert_eq!(scene.state.number(&rows).await, 0, "{table}");
        }
        scene.state.sound().await;
        scene.end().await;
    })
    .await;
}
