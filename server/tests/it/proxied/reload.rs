//! A new certificate, while people are served.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use super::{nginx::Proxy, upstream::Upstream};
use crate::support::client::eventually;

/// A certificate and its key in these files.
fn certify(folder: &Path, name: &str) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", &format!("/CN={name}"), "-keyout"])
        .arg(folder.join("own.key"))
        .arg("-out")
        .arg(folder.join("own.crt"))
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl runs").success());
    for file in ["own.key", "own.crt"] {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.join(file), readable).expect("a mode");
    }
}

/// The name on the certificate that is shown.
fn shown(proxy: &Proxy) -> String {
    let script = format!(
        "openssl s_client -connect 127.0.0.1:{} </dev/null 2>/dev/null | openssl x509 -noout -subject",
        proxy.https
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("openssl runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_a_new_certificate_and_cuts_nobody_off() {
    use std::os::unix::fs::PermissionsExt;
    let files = tempfile::tempdir().expect("a folder");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(files.path(), open).expect("a mode");
    certify(files.path(), "first");
    let path = |name: &str| files.path().join(name).display().to_string();
    let (certificate, key) = (path("own.crt"), path("own.key"));
    let settings = [
        ("ENVIRONMENT", "production"),
        ("TLS_CERTIFICATE", certificate.as_str()),
        ("TLS_KEY", key.as_str()),
    ];
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Proxy::before(&upstream.base, &settings).await;
    assert!(shown(&proxy).contains("first"));

    let stranger = proxy.stranger();
    let stream = tokio::spawn(async move { stranger.get("/stream").await });
    eventually(|| async { (!upstream.heads().is_empty()).then_some(()) }).await;
    certify(files.path(), "second");
    proxy.reload();

    eventually(|| async { shown(&proxy).contains("second").then_some(()) }).await;
    let whole = stream.await.expect("an answer");
    assert!(
        whole.body.contains("[DONE]"),
        "the stream was cut: {}",
        whole.body
    );
    assert_eq!(whole.body.matches("data: ").count(), 101);
}
