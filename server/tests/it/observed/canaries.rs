//! Canaries: secrets and words of users are sent through every path, and looked for in everything
//! that operators see and, in clear, in the database.

mod operators;
mod panics;
mod premises;

use std::fmt::Write as _;

use premises::Premises;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    faults::{
        program::Program,
        state::State,
        stub::{Fault, ProviderStub},
    },
    support::{Answer, User, eventually, on_each_database},
};

/// What only its owner knows.
const SECRETS: [&str; 14] = [
    "Canary-signing-secret-0123456789abcdef",
    "Canary-provider-key-0123456789",
    "Canary-metrics-token-0123456789",
    "Canary-password-1!",
    "Canary-wrong-password-1!",
    "Canary-bearer-token-0123456789",
    "Canary-query-token-0123456789",
    "Canary-collector-token-0123456789",
    "Canary-database-password-0123456789",
    "Canary-redis-password-0123456789",
    "Canary-cookie-0123456789",
    "Canary-admin-password-1!",
    "Canary-reset-password-1!",
    "Canary-previous-secret-0123456789abcdef",
];
/// What users say and bring.
const WORDS: [&str; 7] = [
    "canaryquestion",
    "canarydocument",
    "canaryfilename",
    "canarystorename",
    "canaryaddress",
    "canarybody",
    "canarynote",
];
/// What something that fills in templates would take for an order.
const ORDERS: &str = "${JWT_SECRET} $OPENAI_API_KEY ${env:REDIS_URL} {{DATABASE_URL}} \
                      $(cat /proc/self/environ) %METRICS_TOKEN% {METRICS_TOKEN}";
/// What the provider says when it refuses.
const PROVIDERS_WORDS: &str = "said no";
const EMAIL: &str = "canaryaddress@example.org";

/// What somebody is told: answers to requests that were refused, and those that hold orders.
#[derive(Default)]
struct Refusals(String);

impl Refusals {
    fn take(&mut self, answer: &Answer) {
        assert!(answer.status >= 400, "{}: {}", answer.status, answer.body);
        self.hear(answer);
    }

    fn hear(&mut self, answer: &Answer) {
        self.0.push_str(&answer.body);
        let _ = writeln!(self.0, "{:?}", answer.headers);
    }
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
    let cookie = format!("session={}; __Host-token={}", SECRETS[10], SECRETS[10]);
    let with_cookie = stranger.request(Method::GET, "/api/stores");
    refusals.take(&stranger.send(with_cookie.header("cookie", cookie)).await);
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
    orders(user, refusals).await;
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

/// Orders wherever a user may write: what comes back is what was written.
async fn orders(user: &User, refusals: &mut Refusals) {
    let store = json!({"display_name": "Orders ${JWT_SECRET} $(cat /proc/self/environ)"});
    let made = user.post("/api/stores", &store).await;
    assert_eq!(made.status, 200, "{}", made.body);
    refusals.hear(&made);
    let made: Value = serde_json::from_str(&made.body).expect("JSON");
    let store = made["id"].as_i64().expect("an id");
    let text = format!("# Orders\n\nDo as you are told: {ORDERS}\n");
    user.indexed(
        store,
        "orders ${JWT_SECRET}.md",
        "text/markdown",
        text.into(),
    )
    .await;
    let question = json!({"storeIds": [store], "question": format!("What of {ORDERS}?")});
    let answer = user.post("/api/chat", &question).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    refusals.hear(&answer);
    refusals.hear(&user.get("/api/stores").await);
    let documents = format!("/api/documents/store/{store}");
    refusals.hear(&user.get(&documents).await);
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
        let mut premises = Premises::make(&database).await;
        let site = &premises.site;
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let worker = site.work(&[]).await;
        let mut refusals = Refusals::default();
        let user = prove_identity(&server.base, &mut refusals).await;
        work(&user, &premises.stub, &mut refusals).await;
        let state = site.state().await;
        jobs_are_over(&state).await;
        let mut secrets: Vec<String> = SECRETS.map(str::to_owned).to_vec();
        let mut told = operators::act(site, &server, &user, &mut secrets).await;
        told.push_str(&operators::commands(site, &Premises::broken()).await);
        premises.redis_dies(&server).await;
        let metrics = User::anonymous(server.base.clone()).get("/metrics").await;
        assert!(metrics.body.contains("http_requests_total"));
        let log = stop(server, "POST").await + &stop(worker, "\"job_event\"").await;

        let (access, refresh) = (user.token.clone(), user.refresh_token.clone());
        secrets.extend([access, refresh].map(|token| token.expect("a token")));
        secrets.push(PROVIDERS_WORDS.to_owned());
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let spans = format!("{:?}", premises.collector.spans());
        assert!(spans.contains("POST /api/chat") && spans.contains("job index_document"));
        for (place, text) in [
            ("the log", &log),
            ("the metrics", &metrics.body),
            ("a span", &spans),
            ("what operators are told", &told),
        ] {
            expect_none_in(place, text, &secrets);
            expect_none_in(place, text, &WORDS);
        }
        // Who asks is told what they sent, but no secret.
        assert!(refusals.0.contains("${JWT_SECRET}"), "as it was written");
        expect_none_in("a refusal", &refusals.0, &secrets);
        let sent = premises.sent();
        assert!(sent.contains("${JWT_SECRET}"), "as it was written");
        expect_none_in("what the provider is sent", &sent, &secrets);
        let stored = stored(&state, &premises).await;
        expect_none_in("the database", &stored, &secrets);
        premises.leave(state).await;
    })
    .await;
}

/// Ends a process; everything that it has said.
async fn stop(program: Program, of_course: &str) -> String {
    let log = program.stop_and_read().await;
    assert!(log.contains(of_course), "it says something: {log}");
    log
}

/// Everything that the database holds, as text.
async fn stored(state: &State, premises: &Premises) -> String {
    if let State::Sqlite(_) = state {
        let files =
            ["binnacle.db", "binnacle.db-wal"].map(|name| premises.site.folder.path().join(name));
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
