//! The first wall: requests and connections of one address.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::Value;

use super::{nginx::Proxy, upstream::Upstream};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_turned_away_at_the_proxy() {
    let upstream = Upstream::start(Instant::now()).await;
    let settings = [("REQUESTS_PER_SECOND", "1"), ("REQUEST_BURST", "5")];
    let proxy = Proxy::before(&upstream.base, &settings).await;
    let stranger = proxy.stranger();
    let answers = join_all((0..40).map(|_| stranger.get("/anything"))).await;
    let (passed, turned): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!((5..=12).contains(&passed.len()), "{} passed", passed.len());
    for answer in turned {
        assert_eq!(answer.status, 429);
        let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(problem["status"], 429);
    }
    assert!(upstream.heads().len() <= 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_streams() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Proxy::before(&upstream.base, &[("CONNECTIONS_PER_CLIENT", "2")]).await;
    let stranger = proxy.stranger();
    let answers = join_all((0..3).map(|_| stranger.get("/stream"))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429]);
}
