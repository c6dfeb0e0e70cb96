//! One trace from a request to the provider, across processes; which traces are sent,
//! and whose are continued.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::collector::{Collector, Received, Seen};
use crate::{
    faults::{
        program::{Program, Site},
        stub::ProviderStub,
    },
    support::{Answer, Database, User, on_each_database},
};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const CALLERS_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLERS_SPAN: &str = "b7ad6b7169203331";
const TEXT: &[u8] = b"# Tides\n\nThe zanzibar tide gauge is read at noon by the harbour master.\n";
const QUESTION: &str = "Who reads the zanzibar tide gauge?";

/// A site whose answers and vectors come from `stub` and whose traces go to `collector`.
fn site(database: Arc<Database>, stub: &ProviderStub, collector: &Collector) -> Site {
    Site::new(
        database,
        &[
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "openai"),
            ("OPENAI_BASE_URL", &stub.openai_url()),
            ("OPENAI_API_KEY", "key-open"),
            ("EMBEDDING_MODEL", "openai/embedder"),
            ("DEFAULT_MODEL", "openai/writer"),
            ("TRUSTED_PROXY_IPS", "127.0.0.1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=north%20pier"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=test",
            ),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    )
}

/// Uploads as through a proxy that is trusted, within a trace of the caller's.
async fn upload_in_a_trace(user: &User, store: i64) -> Answer {
    let file = reqwest::multipart::Part::bytes(TEXT.to_vec());
    let file = file.file_name("tides.md").mime_str("text/markdown");
    let form = reqwest::multipart::Form::new()
        .text("storeId", store.to_string())
        .part("file", file.expect("a media type"));
    let request = user.request(reqwest::Method::POST, "/api/upload");
    let request = request.header("x-forwarded-for", "203.0.113.7");
    user.send(request.header("traceparent", CALLER).multipart(form))
        .await
}

/// The spans of a name that descend from `ancestor`.
fn below(received: &Received, ancestor: &str, name: &str) -> Option<Seen> {
    let spans = received.spans.iter();
    spans
        .filter(|span| span.name == name)
        .find(|span| received.descends(span, ancestor))
        .cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_its_job_and_the_providers_call_are_one_trace_across_processes() {
    on_each_database(|database| async move {
        let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
        let site = site(database, &stub, &collector);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let worker = site.work(&[("OTEL_SERVICE_NAME", "binnacle-worker")]).await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Tides").await;
        let accepted = upload_in_a_trace(&user, store).await.expect(200);
        let operation = accepted["op_id"].as_str().expect("an operation");
        user.settled_operation(operation).await;

        let request = collector
            .until("the upload", |seen| seen.named("POST /api/upload"))
            .await;
        assert_eq!(request.trace, CALLERS_TRACE);
        assert_eq!(request.parent, CALLERS_SPAN);
        assert_eq!(request.kind, SpanKind::Server as i32);
        assert_eq!(request.attributes["http.response.status_code"], "200");
        for name in ["auth", "limit", "hold", "write"] {
            let what = format!("{name} below the upload");
            let span = collector
                .until(&what, |seen| below(seen, &request.id, name))
                .await;
            assert_eq!(span.trace, CALLERS_TRACE);
        }
        let read = collector
            .until("a read below the upload", |seen| {
                below(seen, &request.id, "SELECT stores")
            })
            .await;
        assert_eq!(read.kind, SpanKind::Client as i32);
        assert_eq!(read.attributes["db.collection.name"], "stores");
        assert_eq!(read.attributes["db.operation.name"], "SELECT");
        assert!(["sqlite", "postgresql"].contains(&&*read.attributes["db.system.name"]));
        let job = collector
            .until("the job", |seen| {
                below(seen, &request.id, "job index_document")
            })
            .await;
        let call = collector
            .until("the call", |seen| {
                below(seen, &job.id, "embeddings embedder")
            })
            .await;
        assert_eq!(call.trace, CALLERS_TRACE);
        assert_eq!(job.kind, SpanKind::Consumer as i32);
        assert_eq!(call.kind, SpanKind::Client as i32);
        assert_eq!(call.attributes["gen_ai.operation.name"], "embeddings");
        assert_eq!(call.attributes["gen_ai.provider.name"], "openai");
        let sent: Vec<String> = stub
            .requests()
            .iter()
            .filter_map(|request| request.headers.get("traceparent").cloned())
            .collect();
        assert_eq!(sent, [format!("00-{CALLERS_TRACE}-{}-01", call.id)]);

        let state = site.state().await;
        let traces = "SELECT DISTINCT trace_id FROM ledger WHERE kind = 'index'";
        assert_eq!(state.words(traces).await, [CALLERS_TRACE]);
        state.close().await;
        let line = |line: &serde_json::Value| line["job_event"] == "succeeded";
        let line = worker.logged("the end of the job", line).await;
        assert_eq!(line["trace_id"], CALLERS_TRACE);
        assert!(
            line["job_id"].is_string() && line["user_id"].is_number(),
            "{line}"
        );
        worker.stop().await;
        server.stop().await;
        both_sent_as_they_were_told(&collector).await;
    })
    .await;
}

/// Each process under its name, with the headers of the settings.
async fn both_sent_as_they_were_told(collector: &Collector) {
    collector
        .until("who sent", |seen| {
            let services = seen.resources.iter().map(|of| of["service.name"].as_str());
            let services: std::collections::BTreeSet<&str> = services.collect();
            (services == ["binnacle", "binnacle-worker"].into()).then_some(())
        })
        .await;
    collector
        .until("the headers", |seen| {
            let tenant = |headers: &std::collections::HashMap<String, String>| {
                headers["x-tenant"] == "north pier"
            };
            seen.headers.iter().all(tenant).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_one_trace_to_its_settlement_without_what_was_said() {
    on_each_database(|database| async move {
        let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
        let site = site(database, &stub, &collector);
        let server = site.serve(&[]).await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Tides").await;
        user.indexed(store, "tides.md", "text/markdown", TEXT.to_vec())
            .await;
        let answer = user.ask(store, QUESTION).await;
        assert!(
            answer.done && answer.error().is_none(),
            "{:?}",
            answer.frames
        );

        let request = collector
            .until("the question", |seen| seen.named("POST /api/chat"))
            .await;
        for name in ["limit", "retrieval", "hold", "chat writer", "settle"] {
            let what = format!("{name} below the question");
            collector
                .until(&what, |seen| below(seen, &request.id, name))
                .await;
        }
        let call = collector
            .until("the call", |seen| below(seen, &request.id, "chat writer"))
            .await;
        assert_eq!(call.attributes["gen_ai.request.model"], "writer");
        assert_eq!(call.attributes["gen_ai.usage.input_tokens"], "21");
        assert_eq!(call.attributes["gen_ai.usage.output_tokens"], "9");
        let state = site.state().await;
        let traces = "SELECT DISTINCT trace_id FROM ledger WHERE kind = 'chat'";
        assert_eq!(state.words(traces).await, [request.trace.as_str()]);
        state.close().await;
        let finished = |line: &serde_json::Value| line["route"] == "/api/chat";
        let line = server.logged("the request", finished).await;
        assert_eq!(line["trace_id"], *request.trace);
        server.stop().await;
        let everything = format!("{:?}", collector.spans());
        for said in ["zanzibar", "harbour master", "Hafen", "tides.md", "ada@"] {
            assert!(!everything.contains(said), "{said} is in a span");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_is_taken_from_trusted_peers_alone() {
    let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
    let site = site(Arc::new(Database::Sqlite), &stub, &collector);
    let trusting = site.serve(&[]).await;
    let wary = [("TRUSTED_PROXY_IPS", "192.0.2.0/24")];
    let wary = site.serve(&wary).await;
    let asked_in = async |server: &Program, path: &str, traces: &str| {
        let stranger = User::anonymous(server.base.clone());
        let request = stranger.request(reqwest::Method::GET, path);
        let request = request.header("x-forwarded-for", "203.0.113.7");
        stranger.send(request.header("traceparent", traces)).await
    };
    // Each route is asked once, so that its span tells which request it was.
    asked_in(&trusting, "/api/settings", CALLER)
        .await
        .expect(200);
    asked_in(&wary, "/api/models", CALLER).await.expect(401);
    // Nor does a stranger decide that nothing is recorded.
    let unrecorded = CALLER.replace("-01", "-00");
    asked_in(&wary, "/ready", &unrecorded).await.expect(200);
    asked_in(&trusting, "/live", &unrecorded).await.expect(200);
    wary.stop().await;
    trusting.stop().await;

    let request = |name: &str| {
        let spans = collector.spans().into_iter();
        let mut named = spans.filter(|span| span.name == name);
        let span = named.next().unwrap_or_else(|| panic!("no span {name}"));
        assert!(named.next().is_none(), "{name} twice");
        span
    };
    let taken = request("GET /api/settings");
    assert_eq!(taken.trace, CALLERS_TRACE);
    assert_eq!(taken.parent, CALLERS_SPAN);
    let (one, other) = (request("GET /api/models"), request("GET /ready"));
    for own in [&one, &other] {
        assert_ne!(own.trace, CALLERS_TRACE, "{}", own.name);
        assert_eq!(own.parent, "", "{}", own.name);
    }
    assert_ne!(one.trace, other.trace);
    let names = collector.spans().into_iter().map(|span| span.name);
    assert!(!names.collect::<Vec<_>>().contains(&"GET /live".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_in_traces_that_are_told_to_hold_it() {
    let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
    let site = site(Arc::new(Database::Sqlite), &stub, &collector);
    let server = site.serve(&[("OTEL_CAPTURE_CONTENT", "true")]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Tides").await;
    user.indexed(store, "tides.md", "text/markdown", TEXT.to_vec())
        .await;
    user.ask(store, QUESTION).await;
    let call = collector
        .until("the call", |seen| seen.named("chat writer"))
        .await;
    let asked = json!([{"role": "user", "parts": [{"type": "text", "content": QUESTION}]}]);
    let messages: serde_json::Value =
        serde_json::from_str(&call.attributes["gen_ai.input.messages"]).expect("JSON");
    assert_eq!(messages, asked);
    assert!(call.attributes["gen_ai.output.messages"].contains("Hafen"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_traces_that_are_not_taken_the_first_span_is_sent_when_it_failed() {
    let (stub, collector) = (ProviderStub::start().await, Collector::start().await);
    let site = site(Arc::new(Database::Sqlite), &stub, &collector);
    let settings = [
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
    ];
    let server = site.serve(&settings).await;
    let stranger = User::anonymous(server.base.clone());
    assert_eq!(stranger.get("/live").await.status, 200);
    assert_eq!(stranger.get("/health").await.status, 503);
    // A caller's decision does not bind a sampler that is not based on it.
    let request = stranger.request(reqwest::Method::GET, "/live");
    let request = request.header("x-forwarded-for", "203.0.113.7");
    stranger.send(request.header("traceparent", CALLER)).await;
    server.stop().await;
    let names: Vec<String> = collector
        .spans()
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert_eq!(names, ["GET /health"]);
    assert!(collector.spans()[0].failed);
}
