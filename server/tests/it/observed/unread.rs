//! A log that nobody reads stops nobody.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::{
    faults::program::Site,
    support::{Database, User},
};

/// Each is a line of at least 200 bytes, and a pipe holds 64 KiB.
const REQUESTS: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_stops_no_request_and_no_end() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let server = site.serve_unread().await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let answered = stream::iter(0..REQUESTS)
        .map(|_| user.get("/api/auth/me"))
        .buffer_unordered(16)
        .filter(|answer| std::future::ready(answer.status == 200));
    assert_eq!(answered.count().await, REQUESTS);
    let page = User::anonymous(server.base.clone()).get("/metrics").await;
    assert!(page.body.contains("binnacle_log_lines_dropped_total 0\n"));
    server.stop().await;
}
