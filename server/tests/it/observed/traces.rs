//! One trace from a request to the provider, across processes; which traces are sent; and a
//! collector that is not there.

use std::{sync::Arc, time::Instant};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::collector::{Collector, Received, Seen};
use crate::{
    faults::{
        program::{Program, Site},
        stub::ProviderStub,
    },
    support::{Answer, Database, User, eventually, on_each_database},
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
        // A header from a caller that no trusted proxy vouches for would be the same request.
        assert_ne!(request.trace, CALLERS_TRACE);
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

/// Asks 200 times while the collector is as it is, and waits until spans are lost that way.
async fn lost_at(endpoint: &str, way: &str) -> Program {
    let site = Site::new(
        Arc::new(Database::Sqlite),
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "4"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    );
    let server = site.serve(&[]).await;
    let stranger = User::anonymous(server.base.clone());
    let begun = Instant::now();
    for _ in 0..200 {
        assert_eq!(stranger.get("/live").await.status, 200);
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    let series = format!("binnacle_trace_spans_total{{result=\"{way}\"}} ");
    eventually(|| async {
        let page = stranger.get("/metrics").await.body;
        let value = page.lines().find_map(|line| line.strip_prefix(&*series));
        (value.expect("a series") != "0").then_some(())
    })
    .await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_or_hangs_costs_nothing_but_the_spans() {
    let server = lost_at("http://127.0.0.1:1", "failed").await;
    let unreachable = |line: &serde_json::Value| line["event"] == "traces_not_exported";
    server.logged("that spans are lost", unreachable).await;
    assert_eq!(server.count_logged(unreachable), 1, "said once");
    server.stop().await;

    let hangs = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let endpoint = format!("http://{}", hangs.local_addr().expect("an address"));
    lost_at(&endpoint, "dropped").await.stop().await;
}
