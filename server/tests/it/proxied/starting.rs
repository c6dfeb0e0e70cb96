//! What the start script makes, and what it refuses.

use std::time::Instant;

use super::{
    nginx::{Proxy, start_to_its_end},
    upstream::Upstream,
};

#[tokio::test(flavor = "multi_thread")]
async fn outside_production_it_makes_its_own_certificate_and_plain_http_leads_to_https() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Proxy::before(&upstream.base, &[("SERVER_NAME", "house.example.org")]).await;
    assert!(proxy.folder().join("run/self-signed.crt").exists());
    let stranger = proxy.stranger();
    let plain = format!("http://127.0.0.1:{}/a/b?c=d", proxy.http);
    let answer = stranger.send(stranger.http.get(plain)).await;
    assert_eq!(answer.status, 308);
    let expected = format!("https://127.0.0.1:{}/a/b?c=d", proxy.https);
    assert_eq!(answer.header("location"), Some(expected.as_str()));
    assert_eq!(stranger.get("/a").await.body, "here");
    // What an ACME client puts there is served over plain http.
    let folder = proxy.folder().join("run/acme/.well-known/acme-challenge");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("token"), "proof").expect("a file");
    for path in ["", ".well-known", ".well-known/acme-challenge"] {
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(proxy.folder().join("run/acme").join(path), open).expect("a mode");
    }
    let proof = format!(
        "http://127.0.0.1:{}/.well-known/acme-challenge/token",
        proxy.http
    );
    assert_eq!(stranger.send(stranger.http.get(proof)).await.body, "proof");
}

#[test]
fn in_production_it_wants_a_certificate() {
    let refused = start_to_its_end(&[("ENVIRONMENT", "production")]);
    assert_eq!(refused.status.code(), Some(64));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("TLS_CERTIFICATE and TLS_KEY are not set"),
        "{said}"
    );
}

#[test]
fn settings_that_would_mean_something_to_nginx_are_refused() {
    let settings = [
        ("HTTP_PORT", "80; include /etc/passwd"),
        ("SERVER_NAME", "a; return 200"),
        ("UPSTREAMS", "server:8000;x"),
        ("OPERATOR_NETWORKS", "0.0.0.0/0; }"),
        ("LARGEST_BODY", "1m$host"),
        ("UPSTREAMS", " "),
    ];
    for (name, value) in settings {
        let refused = start_to_its_end(&[(name, value)]);
        assert_eq!(refused.status.code(), Some(64), "{name}={value}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains(name), "{said}");
    }
}
