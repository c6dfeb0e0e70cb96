//! What machines look at: a listener of its own for metrics, also of a worker, who may read them,
//! and the program's own health check.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use super::program::{Program, Site};
use crate::support::{Database, House, User, free_port, on_each_database};

async fn machines_of(program: &Program) -> User {
    let line = program
        .logged("where machines look", |line| {
            line["event"] == "listening_for_machines"
        })
        .await;
    let address = line["address"].as_str().expect("an address");
    User::anonymous(format!("http://{address}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_with_a_listener_of_their_own_are_nowhere_else() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[("METRICS_BIND", "127.0.0.1:0")]);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let worker = site.work(&[]).await;
        let public = User::anonymous(server.base.clone());
        assert_eq!(public.get("/metrics").await.status, 404);
        assert_eq!(public.get("/ready").await.status, 200);
        for program in [&server, &worker] {
            let machines = machines_of(program).await;
            let page = machines.get("/metrics").await;
            assert_eq!(page.status, 200);
            assert!(
                page.body.contains("\nbinnacle_build_info{"),
                "{}",
                page.body
            );
            for path in ["/live", "/ready", "/startupz", "/health", "/health/ready"] {
                assert_eq!(machines.get(path).await.status, 200, "{path}");
            }
            for path in ["/api/stores", "/docs", "/openapi.json", "/"] {
                assert_eq!(machines.get(path).await.status, 404, "{path}");
            }
        }
        worker.stop().await;
        server.stop().await;
    })
    .await;
}

/// What a token of the tests is.
const TOKEN: &str = "a-token-out-of-a-file-0123456789";

/// The status of the metrics for who comes through a proxy, with a token.
async fn metrics_for(reader: &User, client: &str, bearer: &str) -> u16 {
    let request = reader.request(reqwest::Method::GET, "/metrics");
    let request = request.header("x-forwarded-for", client);
    reader.send(request.bearer_auth(bearer)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_its_own_is_no_less_shut_also_that_of_a_worker() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).expect("a file");
    let settings = [
        ("METRICS_BIND", "127.0.0.1:0"),
        ("TRUSTED_PROXY_IPS", "127.0.0.1"),
        ("METRICS_ALLOW_CIDRS", "10.1.0.0/16"),
        ("METRICS_TOKEN_FILE", file.to_str().expect("a path")),
    ];
    let site = Site::new(Arc::new(Database::Sqlite), &settings);
    let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
    let worker = site.work(&[]).await;
    for program in [&server, &worker] {
        let machines = machines_of(program).await;
        let refused = machines.request(reqwest::Method::GET, "/metrics");
        let refused = refused.header("x-forwarded-for", "10.2.2.3");
        let refused = machines.send(refused).await;
        assert_eq!(refused.status, 403);
        assert!(!refused.body.contains("binnacle_"), "{}", refused.body);
        for (client, bearer, status) in [
            ("10.1.2.3", "wrong", 200),
            ("10.1.2.3, 10.2.2.3", "wrong", 403),
            ("127.0.0.1", "wrong", 403),
            ("10.2.2.3", "wrong", 403),
            ("10.2.2.3", &TOKEN[1..], 403),
            ("10.2.2.3", TOKEN, 200),
        ] {
            let told = metrics_for(&machines, client, bearer).await;
            assert_eq!(told, status, "{client} with {bearer}");
        }
        assert_eq!(
            machines.get("/metrics").await.status,
            200,
            "the machine itself"
        );
    }
    worker.stop().await;
    // Whoever is no proxy says nothing about the client, and is not the machine itself any more.
    let worker = site.work(&[("TRUSTED_PROXY_IPS", "192.0.2.1")]).await;
    let machines = machines_of(&worker).await;
    assert_eq!(metrics_for(&machines, "10.1.2.3", "wrong").await, 403);
    assert_eq!(metrics_for(&machines, "10.1.2.3", TOKEN).await, 200);
    worker.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_read_from_allowed_networks_and_with_a_token_out_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).expect("a file");
    let settings = [
        ("TRUSTED_PROXY_IPS", "127.0.0.1"),
        ("METRICS_ALLOW_CIDRS", "10.1.0.0/16"),
        ("METRICS_TOKEN_FILE", file.to_str().expect("a path")),
    ];
    let house = House::open(&Database::Sqlite, &settings).await;
    let stranger = house.stranger();
    let from = async |client: &str, bearer: &str| metrics_for(&stranger, client, bearer).await;
    assert_eq!(from("10.1.2.3", "wrong").await, 200);
    assert_eq!(from("10.2.2.3", "wrong").await, 403);
    // The client's own claim stands left of what the proxy saw.
    assert_eq!(from("10.1.2.3, 10.2.2.3", "wrong").await, 403);
    assert_eq!(from("127.0.0.1", "wrong").await, 403);
    assert_eq!(from("10.2.2.3", TOKEN).await, 200);
    house.stop().await;
    let house = House::open(
        &Database::Sqlite,
        &[
            ("TRUSTED_PROXY_IPS", "127.0.0.1"),
            ("METRICS_ALLOW_ALL", "true"),
        ],
    )
    .await;
    let request = house.stranger().request(reqwest::Method::GET, "/metrics");
    let request = request.header("x-forwarded-for", "203.0.113.9");
    assert_eq!(house.stranger().send(request).await.status, 200);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_by_its_exit_code_how_a_server_and_a_worker_are() {
    let (public, machines) = (free_port(), free_port());
    let settings = [
        ("PORT", &*public.to_string()),
        ("METRICS_BIND", &*format!("0.0.0.0:{machines}")),
    ];
    let site = Site::new(Arc::new(Database::Sqlite), &settings);
    let check = async |arguments: &[&str], settings: &[(&str, &str)]| {
        let command = [&["healthcheck"], arguments].concat();
        let output = site.run(&command, settings).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    let (well, said) = check(&[], &[]).await;
    assert!(!well && said.contains(&public.to_string()), "{said}");

    let server = site.serve(&[]).await;
    let elsewhere = format!("http://127.0.0.1:{machines}/startupz");
    for arguments in [
        &[][..],
        &["--ready"],
        &["--worker"],
        &["--url", &server.base],
        &["--url", &elsewhere],
    ] {
        let (well, said) = check(arguments, &[]).await;
        assert!(well, "{arguments:?}: {said}");
    }
    server.stop().await;

    let worker = site.work(&[("MIN_FREE_DISK_MB", "1048576")]).await;
    assert!(check(&["--worker"], &[]).await.0);
    let (ready, said) = check(&["--worker", "--ready"], &[]).await;
    assert!(!ready && said.contains("503"), "{said}");
    assert!(!check(&[], &[]).await.0, "a worker has no public listener");
    worker.stop().await;

    let (well, said) = check(&["--worker"], &[("METRICS_BIND", "")]).await;
    assert!(!well && said.contains("METRICS_BIND is not set"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let begun = Instant::now();
    let output = site.run(&["healthcheck", "--url", &url], &[]).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("did not answer within 2 seconds"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}
