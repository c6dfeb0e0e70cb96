//! The main job, and what is not for everybody, through the proxy.

use std::{process::Command, sync::Arc};

use futures_util::StreamExt;

use super::nginx::Proxy;
use crate::{
    architecture::source::root,
    faults::program::Site,
    support::{Database, House, User, client::PASSWORD, memory::peak_of},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const MEBIBYTE: usize = 1024 * 1024;

async fn behind(settings: &[(&str, &str)], of_proxy: &[(&str, &str)]) -> (House, Proxy) {
    let mut all = vec![("TRUSTED_PROXY_IPS", "127.0.0.1")];
    all.extend(settings);
    let house = House::open(&Database::Sqlite, &all).await;
    let proxy = Proxy::before(&house.base(), of_proxy).await;
    (house, proxy)
}

/// A new user, signed in through the proxy.
pub(super) async fn signed_up(proxy: &Proxy, name: &str) -> User {
    let mut user = proxy.stranger();
    let email = format!("{name}@example.org");
    let proof = serde_json::json!({"email": email, "password": PASSWORD});
    user.post("/api/auth/register", &proof).await.expect(200);
    let tokens = user.post("/api/auth/login", &proof).await.expect(200);
    user.token = tokens["access_token"].as_str().map(str::to_owned);
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_is_done_over_https() {
    let (house, proxy) = behind(&[("MOCK_LATENCY_MS", "10")], &[]).await;
    let ada = signed_up(&proxy, "ada").await;
    let store = ada.store("Papers").await;
    ada.indexed(store, "checklist.md", "text/markdown", CHECKLIST.to_vec())
        .await;
    let question =
        serde_json::json!({"storeIds": [store], "question": "What must be done before a release?"});
    let asked = ada
        .request(reqwest::Method::POST, "/api/chat")
        .json(&question)
        .send()
        .await;
    let answer = asked.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let pieces: Vec<_> = answer.bytes_stream().collect().await;
    assert!(
        pieces.len() > 3,
        "the answer came in {} pieces",
        pieces.len()
    );
    let text: Vec<u8> = pieces
        .into_iter()
        .flat_map(|piece| piece.expect("a piece"))
        .collect();
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(
        text.contains("source-document") && text.contains("[DONE]"),
        "{text}"
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_is_kept_in_the_memory_of_nobody() {
    let settings = [
        ("TRUSTED_PROXY_IPS", "127.0.0.1"),
        ("MAX_UPLOAD_MB", "256"),
        ("JOB_WORKERS_IN_SERVE", "false"),
    ];
    let site = Site::new(Arc::new(Database::Sqlite), &settings);
    let server = site.serve(&[]).await;
    let proxy = Proxy::before(&server.base, &[]).await;
    let ada = signed_up(&proxy, "ada").await;
    let store = ada.store("Papers").await;
    // What every upload needs is there before.
    let small = b"The tide turns at four.\n".to_vec();
    let small = ada.upload(store, "small.txt", "text/plain", small).await;
    small.expect(200);
    let before = peak_of(server.pid());
    assert!(before > 0, "it is measured");
    let line = b"The tide turns at four, and nobody knows why it should.\n";
    let large = line.repeat(200 * MEBIBYTE / line.len() + 1);

    let accepted = ada.upload(store, "large.txt", "text/plain", large).await;

    accepted.expect(200);
    let most = 64 * MEBIBYTE as u64;
    let grown = peak_of(server.pid()) - before;
    assert!(grown < most, "the server grew by {grown} bytes");
    let peak = proxy.peak_memory();
    assert!(peak < most, "nginx took {peak} bytes");
    let bodies = std::fs::read_dir(proxy.folder().join("run/body")).expect("its folder");
    assert_eq!(bodies.count(), 0, "the body was written to a file");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_read_is_not_for_everybody() {
    let (house, proxy) = behind(&[], &[("OPERATOR_NETWORKS", "192.0.2.0/24")]).await;
    let stranger = proxy.stranger();
    for path in [
        "/metrics",
        "/docs",
        "/openapi.json",
        "/runbooks/LedgerDrift.md",
    ] {
        for forged in ["127.0.0.1", "192.0.2.7"] {
            let request = stranger.request(reqwest::Method::GET, path);
            let request = request.header("x-forwarded-for", forged);
            assert_eq!(stranger.send(request).await.status, 404, "{path}");
        }
    }
    for path in [
        "/metrics/",
        "//metrics",
        "/x/../metrics",
        "/%6detrics",
        "/Metrics",
    ] {
        let answer = stranger.get(path).await;
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{path}: {}",
            answer.status
        );
        assert!(!answer.body.contains("binnacle_"), "{path}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_read_runbooks_and_the_description() {
    let (house, proxy) = behind(&[], &[("OPERATOR_NETWORKS", "127.0.0.1/32")]).await;
    let operator = proxy.stranger();
    let runbook = operator.get("/runbooks/LedgerDrift.md").await;
    assert_eq!(runbook.status, 200);
    assert_eq!(
        runbook.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(runbook.body.starts_with("# LedgerDrift"));
    assert_eq!(operator.get("/runbooks/../proxy/start").await.status, 404);
    assert_eq!(operator.get("/docs").await.status, 200);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_passes_and_sees_what_is_wrong() {
    let (house, proxy) = behind(&[], &[("OPERATOR_NETWORKS", "192.0.2.0/24")]).await;
    let open = Proxy::before(&house.base(), &[("OPERATOR_NETWORKS", "127.0.0.1/32")]).await;
    let smoke_at = |proxy: &Proxy, http: u16, operator: &str| {
        let output = Command::new(root().join("scripts/smoke"))
            .arg(proxy.base())
            .env("SMOKE_OPERATOR", operator)
            .env("SMOKE_CURL", "--insecure")
            .env("SMOKE_HTTP_URL", format!("http://127.0.0.1:{http}"))
            .output()
            .expect("the script runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let smoke = |http: u16| smoke_at(&proxy, http, "");
    let (passed, said) = smoke_at(&open, open.http, "yes");
    assert!(passed, "{said}");
    let (passed, said) = smoke(proxy.http);
    assert!(passed, "{said}");
    // Plain http that does not lead to https.
    let (passed, said) = smoke(house.address.port());
    assert!(
        !passed && said.contains("ILL   plain http leads to https"),
        "{said}"
    );
    house.stop().await;
}
