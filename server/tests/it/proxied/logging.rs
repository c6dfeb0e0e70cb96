//! What the proxy writes down of a request.

use std::{os::unix::fs::PermissionsExt, time::Instant};

use pretty_assertions::assert_eq;
use serde_json::Value;

use super::{nginx::Proxy, upstream::Upstream};
use crate::support::{client::eventually, free_port};

/// The first line of this log, once it is there.
async fn first_line(path: &std::path::Path) -> Value {
    eventually(|| async {
        let text = std::fs::read_to_string(path).ok()?;
        serde_json::from_str(text.lines().next()?).ok()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_says_what_was_asked_for_and_by_whom() {
    let upstream = Upstream::start(Instant::now()).await;
    let nobody = format!("127.0.0.1:{}", free_port());
    for (server, status) in [(upstream.base.as_str(), 200), (nobody.as_str(), 502)] {
        let folder = tempfile::tempdir().expect("a folder");
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).expect("its mode");
        let log = folder.path().join("access.log");
        let place = log.display().to_string();
        let proxy = Proxy::before(server, &[("ACCESS_LOG", &place)]).await;
        let stranger = proxy.stranger();

        let request = stranger.request(reqwest::Method::GET, "/api/stores?name=of-a-user");
        let request = request.header("x-request-id", "asked-by-ada");
        assert_eq!(stranger.send(request).await.status, status);

        let line = first_line(&log).await;
        assert_eq!(line["path"], "/api/stores");
        assert_eq!(line["status"], status);
        assert_eq!(line["client"], "127.0.0.1");
        assert_eq!(line["request_id"], "asked-by-ada");
        assert!(!line.to_string().contains("of-a-user"), "{line}");
    }
}
