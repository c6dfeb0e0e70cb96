//! Every process is replaced in turn, under the load of `wrk` and of people who ask and upload: nothing
//! fails that may be repeated, no job is lost or done twice, every answer has an end.

use std::{io::Write, process::Stdio, sync::Arc};

use futures_util::future::join_all;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{house::signed_up, nginx::Proxy};
use crate::{
    faults::program::{Program, Site},
    support::{Database, User, client::eventually, free_port},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
/// How often each process is replaced: more often in the nightly run.
fn rounds() -> usize {
    let rounds = std::env::var("ROLLING_ROUNDS").ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Before `eventually` gives up.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(50);
const END: &str = "data: [DONE]\n\n";

/// Reads of several kinds in turn; at the end what was counted, as one line of JSON.
const READS: &str = r#"
local paths = { "/api/auth/me", "/api/stores", "/api/costs/summary", "/ready" }
local sent = 0
function request()
  sent = sent + 1
  return wrk.format("GET", paths[sent % #paths + 1])
end
function done(summary)
  local failed = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, failed.connect, failed.read, failed.write, failed.status, failed.timeout))
end
"#;

/// `wrk`, which asks through the proxy until it is told to stop.
fn reads(proxy: &Proxy, user: &User) -> Child {
    let script = proxy.folder().join("reads.lua");
    std::fs::write(&script, READS).expect("a script");
    let token = user.token.as_deref().expect("a token");
    Command::new("wrk")
        .args(["--threads", "1", "--connections", "8", "--duration", "10m"])
        .args(["--timeout", "10s", "--header"])
        .arg(format!("Authorization: Bearer {token}"))
        .arg("--script")
        .arg(script)
        .arg(proxy.base())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("wrk runs")
}

/// What it has counted.
async fn counted(wrk: Child) -> Value {
    let id = wrk.id().and_then(|id| i32::try_from(id).ok());
    kill(Pid::from_raw(id.expect("it runs")), Signal::SIGINT).expect("the signal is sent");
    let output = wrk.wait_with_output().await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().unwrap_or_default()).expect(&said)
}

/// What became of one user's questions.
#[derive(Default)]
struct Asked {
    whole: usize,
    /// Ended by a process that stopped, and said so.
    cut: usize,
}

/// Asks one question after another.
async fn ask(user: User, store: i64, enough: CancellationToken) -> Asked {
    let mut asked = Asked::default();
    let question = json!({"storeIds": [store], "question": "What must be done before a release?"});
    while !enough.is_cancelled() {
        let request = user.request(Method::POST, "/api/chat").json(&question);
        let request = request.header("x-stream-resume", "1");
        // Refused by a process that stops, or lost with its connection: asked again.
        let Ok(answer) = request.send().await else {
            continue;
        };
        if answer.status() != 200 {
            assert!([502, 503].contains(&answer.status().as_u16()), "{answer:?}");
            continue;
        }
        let text = read_to_its_end(&user, answer).await;
        if text.contains("\"code\":\"server_shutdown\"") {
            asked.cut += 1;
        } else {
            assert!(text.contains("\"finish\""), "{text}");
            asked.whole += 1;
        }
    }
    asked
}

/// An answer, read on through whichever process there is when its connection breaks.
async fn read_to_its_end(user: &User, mut answer: reqwest::Response) -> String {
    let id = answer.headers()["x-stream-id"].to_str().expect("an id");
    let path = format!("/api/chat/streams/{id}");
    let mut text = String::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        text.push_str(&String::from_utf8_lossy(&piece));
    }
    if text.ends_with(END) {
        return text;
    }
    eventually(|| async {
        let request = user.request(Method::GET, &path).send().await;
        let whole = request.ok()?.text().await.ok()?;
        whole.ends_with(END).then_some(whole)
    })
    .await
}

/// Uploads one document after another, each until it is accepted; answers how many.
async fn upload(user: User, store: i64, enough: CancellationToken) -> usize {
    let mut accepted = 0;
    while !enough.is_cancelled() {
        let sent = || async {
            let file = reqwest::multipart::Part::bytes(CHECKLIST.to_vec());
            let file = file.file_name("checklist.md").mime_str("text/markdown");
            let form = reqwest::multipart::Form::new()
                .text("storeId", store.to_string())
                .part("file", file.expect("a media type"));
            let request = user.request(Method::POST, "/api/upload").multipart(form);
            let request = request.header("idempotency-key", format!("upload-{accepted}"));
            let answer = request.send().await.ok()?;
            (answer.status() == 200).then_some(())
        };
        eventually(sent).await;
        accepted += 1;
    }
    accepted
}

/// Waits until this process is asked what the load consists of.
async fn is_asked(program: &Program) {
    let observer = User::anonymous(program.base.clone());
    let page = async || observer.get("/metrics").await.body;
    let asked = async || {
        let page = page().await;
        let mut counts = page.lines().filter(|line| {
            line.starts_with("http_requests_total{") && line.contains("\"/api/stores\"")
        });
        counts.next().map(|_| ())
    };
    if tokio::time::timeout(PATIENCE, eventually(&asked))
        .await
        .is_err()
    {
        panic!("the proxy does not find it again:\n{}", page().await);
    }
}

/// Waits until an answer is under way in this process.
async fn answers(program: &Program) {
    let observer = User::anonymous(program.base.clone());
    eventually(|| async {
        let page = observer.get("/metrics").await.body;
        let active = page
            .lines()
            .find_map(|line| line.strip_prefix("binnacle_sse_streams_active{kind=\"chat\"} "));
        (active.is_some_and(|count| count != "0")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_replaced_in_turn_and_nobody_notices() {
    let database = Arc::new(Database::postgres().await);
    let redis = std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL names the tests' Redis");
    let prefix = format!("rolling-{}", std::process::id());
    let site = Site::new(
        database.clone(),
        &[
            ("REDIS_URL", &redis),
            ("REDIS_PREFIX", &prefix),
            ("TRUSTED_PROXY_IPS", "127.0.0.1"),
            ("JOB_WORKERS_IN_SERVE", "false"),
            ("MOCK_LATENCY_MS", "100"),
        ],
    );
    let ports = [free_port(), free_port()].map(|port| port.to_string());
    let serve = async |port: &String| site.serve(&[("PORT", port)]).await;
    let mut servers = vec![serve(&ports[0]).await, serve(&ports[1]).await];
    let mut workers = vec![site.work(&[]).await, site.work(&[]).await];
    let upstreams = format!("127.0.0.1:{} 127.0.0.1:{}", ports[0], ports[1]);
    let wide = [
        ("REQUESTS_PER_SECOND", "100000"),
        ("REQUEST_BURST", "100000"),
    ];
    let proxy = Proxy::before(&upstreams, &wide).await;
    let ada = signed_up(&proxy, "ada").await;
    let store = ada.store("Papers").await;
    ada.indexed(store, "checklist.md", "text/markdown", CHECKLIST.to_vec())
        .await;

    let enough = CancellationToken::new();
    let wrk = reads(&proxy, &ada);
    let (mut asking, mut uploading) = (JoinSet::new(), JoinSet::new());
    for _ in 0..4 {
        asking.spawn(ask(ada.clone(), store, enough.clone()));
    }
    let uploads = ada.store("Uploads").await;
    uploading.spawn(upload(ada.clone(), uploads, enough.clone()));
    for _ in 0..rounds() {
        for (place, port) in ports.iter().enumerate() {
            answers(&servers[place]).await;
            servers.remove(place).stop().await;
            servers.insert(place, serve(port).await);
            // The next is not stopped before the proxy has found this one again.
            is_asked(&servers[place]).await;
        }
        for place in 0..workers.len() {
            workers.remove(place).stop().await;
            workers.insert(place, site.work(&[]).await);
        }
    }
    enough.cancel();

    let reads = counted(wrk).await;
    assert!(reads["requests"].as_u64() > Some(100), "{reads}");
    for kind in ["connect", "read", "write", "status", "timeout"] {
        assert_eq!(reads[kind], 0, "{reads}");
    }
    let asked = asking.join_all().await;
    let whole: usize = asked.iter().map(|of_one| of_one.whole).sum();
    let cut: usize = asked.iter().map(|of_one| of_one.cut).sum();
    assert!(whole > 0, "{whole} whole answers, {cut} cut");
    // In one round it is chance whether an answer is under way when a process stops.
    assert!(cut > 0 || rounds() == 1, "{whole} whole answers, none cut");
    let uploaded: usize = uploading.join_all().await.into_iter().sum();
    let _shown = writeln!(
        std::io::stderr(),
        "replaced under load: {reads}; {whole} whole answers, {cut} cut; {uploaded} uploads"
    );
    each_job_is_done_once(&site, uploaded + 1).await;
    let ends = servers.into_iter().chain(workers).map(Program::stop);
    join_all(ends).await;
    database.drop_it().await;
}

/// Of every document that was accepted, and of no other.
async fn each_job_is_done_once(site: &Site, accepted: usize) {
    let state = site.state().await;
    state.at_rest().await;
    let accepted = i64::try_from(accepted).expect("a count");
    for (what, sql) in [
        ("documents", "SELECT COUNT(*) FROM documents"),
        ("jobs", "SELECT COUNT(*) FROM jobs"),
        (
            "jobs that went well",
            "SELECT COUNT(*) FROM job_events WHERE event = 'succeeded'",
        ),
    ] {
        assert_eq!(state.number(sql).await, accepted, "{what}");
    }
    state.close().await;
}
