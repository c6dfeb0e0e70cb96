//! Canaries: secrets and words of users are sent through every path, and looked for in everything
//! that operators see and, in clear, in the database.

use std::{fmt::Write as _, sync::Arc};

use reqwest::Method;
use serde_json::{Value, json};

use super::collector::Collector;
use crate::{
    faults::{
        program::{Program, Site},
        state::State,
        stub::{Fault, ProviderStub},
    },
    support::{Answer, Database, User, eventually, on_each_database},
};

/// What only its owner knows.
const SECRETS: [&str; 7] = [
    "Canary-signing-secret-0123456789abcdef",
    "Canary-provider-key-0123456789",
    "Canary-metrics-token-0123456789",
    "Canary-password-1!",
    "Canary-wrong-password-1!",
    "Canary-bearer-token-0123456789",
    "Canary-query-token-0123456789",
];
/// What users say and bring.
const WORDS: [&str; 6] = [
    "canaryquestion",
    "canarydocument",
    "canaryfilename",
    "canarystorename",
    "canaryaddress",
    "canarybody",
];
/// What the provider says when it refuses.
const PROVIDERS_WORDS: &str = "said no";
const EMAIL: &str = "canaryaddress@example.org";

/// Everybody's answers to requests that were refused.
#[derive(Default)]
struct Refusals(String);

impl Refusals {
    fn take(&mut self, answer: &Answer) {
        assert!(answer.status >= 400, "{}: {}", answer.status, answer.body);
        self.0.push_str(&answer.body);
        let _ = writeln!(self.0, "{:?}", answer.headers);
    }
}

fn site(database: Arc<Database>, stub: &ProviderStub, collector: &Collector) -> Site {
    Site::new(
        database,
        &[
            ("JWT_SECRET", SECRETS[0]),
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "openai"),
            ("OPENAI_BASE_URL", &stub.openai_url()),
            ("OPENAI_API_KEY", SECRETS[1]),
            ("EMBEDDING_MODEL", "openai/embedder"),
            ("DEFAULT_MODEL", "openai/writer"),
            ("METRICS_TOKEN", SECRETS[2]),
            ("LOG_LEVEL", "info,binnacle=trace,http=trace"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Canary-collector-token",
            ),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    )
}

/// Signs up and in, and gets everything refused that holds a secret and can be.
async fn prove_identity(base: &str, refusals: &mut Refusals) -> User {
    let stranger = User::anonymous(base.to_owned());
    let account = json!({"email": EMAIL, "password": SECRETS[3]});
    stranger
        .post("/api/auth/register", &account)
        .await
        .expect(200);
    refusals.take(&stranger.post("/api/auth/register", &account).await);
    let wrong = json!({"email": EMAIL, "password": SECRETS[4]});
    refusals.take(&stranger.post("/api/auth/login", &wrong).await);
    let shapeless = json!({"email": [EMAIL], "password": {"is": SECRETS[3]}});
    refusals.take(&stranger.post("/api/auth/login", &shapeless).await);
    let bearer = stranger.request(Method::GET, "/api/stores");
    let bearer = bearer.bearer_auth(SECRETS[5]);
    refusals.take(&stranger.send(bearer).await);
    let stale = json!({"refresh_token": SECRETS[5]});
    refusals.take(&stranger.post("/api/auth/refresh", &stale).await);
    let path = format!("/api/nowhere/{}?token={}", WORDS[5], SECRETS[6]);
    refusals.take(&stranger.get(&path).await);
    let metrics = stranger.request(Method::GET, "/metrics");
    let metrics = metrics.header("x-forwarded-for", "203.0.113.7");
    refusals.take(&stranger.send(metrics.bearer_auth(SECRETS[5])).await);
    User::sign_in(base.to_owned(), EMAIL, SECRETS[3]).await
}

/// Brings a document, asks about it, and gets what can be refused refused.
async fn work(user: &User, stub: &ProviderStub, refusals: &mut Refusals) {
    let store = user.store(WORDS[3]).await;
    let text = format!("# Notes\n\nThe {} is kept in the north pier.\n", WORDS[1]);
    let name = format!("{}.md", WORDS[2]);
    user.indexed(store, &name, "text/markdown", text.into_bytes())
        .await;
    let question = format!("Where is the {} of {}?", WORDS[1], WORDS[0]);
    let answer = user.ask(store, &question).await;
    assert!(answer.error().is_none(), "{:?}", answer.frames);
    for fault in [
        Fault::Unauthorized,
        Fault::BadRequest,
        Fault::Cut,
        Fault::ErrorInStream,
    ] {
        stub.next(&[Fault::None, fault]);
        let answer = user.ask(store, &question).await;
        let frames = answer
            .frames
            .iter()
            .filter(|frame| frame["type"] == "error");
        refusals.0.extend(frames.map(Value::to_string));
    }
    let broken = user.request(Method::POST, "/api/chat");
    let broken = broken.header("content-type", "application/json");
    let broken = broken.body(format!("{{\"question\": \"{}\", ", WORDS[0]));
    refusals.take(&user.send(broken).await);
    let unknown = json!({"storeIds": [store], "question": question, "model": WORDS[5]});
    refusals.take(&user.post("/api/chat", &unknown).await);
    let odd = format!("{}.exe", WORDS[2]);
    let odd = user.upload(store, &odd, "application/x-msdownload", WORDS[1].into());
    refusals.take(&odd.await);
    let broken = user.upload(
        store,
        &name,
        "application/pdf",
        b"%PDF-1.7 canarydocument".to_vec(),
    );
    let _ = broken.await;
}

/// Waits until the job of the broken document has had its say.
async fn jobs_are_over(state: &State) {
    let open = "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')";
    eventually(|| async { (state.number(open).await == 0).then_some(()) }).await;
}

#[track_caller]
fn expect_none_in(place: &str, text: &str, canaries: &[&str]) {
    for canary in canaries {
        // The text around it says by what way it came.
        let around = text.find(canary).map(|at| {
            let begin = text[..at].char_indices().rev().nth(200);
            let end = text[at..].char_indices().nth(200);
            let begin = begin.map_or(0, |(at, _)| at);
            &text[begin..end.map_or(text.len(), |(more, _)| at + more)]
        });
        assert_eq!(around, None, "{canary} is in {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_word_of_a_user_is_where_operators_look() {
    on_each_database(|database| async move {
        let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
        let site = site(database.clone(), &stub, &collector);
        let server = site.serve(&[]).await;
        let mut refusals = Refusals::default();
        let user = prove_identity(&server.base, &mut refusals).await;
        work(&user, &stub, &mut refusals).await;
        let state = site.state().await;
        jobs_are_over(&state).await;
        let metrics = user.get("/metrics").await.body;
        assert!(metrics.contains("http_requests_total"));
        let log = stop(server).await;

        let (access, refresh) = (user.token.clone(), user.refresh_token.clone());
        let tokens = [access.expect("a token"), refresh.expect("a token")];
        let mut secrets: Vec<&str> = SECRETS.to_vec();
        secrets.extend(tokens.iter().map(String::as_str));
        secrets.extend(["Canary-collector-token", PROVIDERS_WORDS]);
        let spans = format!("{:?}", collector.spans());
        assert!(spans.contains("POST /api/chat"));
        for (place, text) in [
            ("the log", &log),
            ("the metrics", &metrics),
            ("a span", &spans),
        ] {
            expect_none_in(place, text, &secrets);
            expect_none_in(place, text, &WORDS);
        }
        // Who asks is told what they sent, but no secret.
        expect_none_in("a refusal", &refusals.0, &secrets);
        expect_none_in("the database", &stored(&state, &site).await, &secrets);
        state.close().await;
    })
    .await;
}

async fn stop(server: Program) -> String {
    let log = server.stop_and_read().await;
    assert!(log.contains("POST"), "it says something: {log}");
    log
}

/// Everything that the database holds, as text.
async fn stored(state: &State, site: &Site) -> String {
    if let State::Sqlite(_) = state {
        let files = ["binnacle.db", "binnacle.db-wal"].map(|name| site.folder.path().join(name));
        let read = files.iter().filter_map(|file| std::fs::read(file).ok());
        let bytes = read.collect::<Vec<_>>().concat();
        let all = String::from_utf8_lossy(&bytes).into_owned();
        assert!(all.contains("canaryquestion"), "rows were read");
        return all;
    }
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let mut all = String::new();
    for table in state.words(tables).await {
        let rows = format!("SELECT row_to_json(t)::text FROM \"{table}\" t");
        for row in state.words(&rows).await {
            all.push_str(&row);
            all.push('\n');
        }
    }
    assert!(all.contains("canaryquestion"), "rows were read");
    all
}
