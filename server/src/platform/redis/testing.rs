//! The Redis of tests: the one that `TEST_REDIS_URL` names.

use std::time::Duration;

use super::Redis;

/// A patient connection: tests share the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings; the test script names the server"
)]
pub(crate) fn redis() -> Redis {
    let url = std::env::var("TEST_REDIS_URL")
        .expect("TEST_REDIS_URL is not set: run scripts/test, which starts a private Redis");
    Redis::within(&url.into(), "binnacle-test", Duration::from_secs(10))
        .expect("the URL of TEST_REDIS_URL")
}
