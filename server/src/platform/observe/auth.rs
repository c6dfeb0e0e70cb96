//! What identity reports.

use std::time::Duration;

use super::Observers;
use crate::platform::auth::observer::{AuthObserver, RefreshResult, SignInResult, TokenRejection};

impl AuthObserver for Observers {
    fn signed_in(&self, result: SignInResult) {
        self.0.auth_attempts.increment(["password", result.label()]);
    }

    fn refreshed(&self, result: RefreshResult) {
        self.0.auth_refreshes.increment([result.label()]);
    }

    fn token_rejected(&self, reason: TokenRejection) {
        self.0.auth_tokens_rejected.increment([reason.label()]);
    }

    fn hash_waited(&self, wait: Duration) {
        self.0.auth_hash_wait_seconds.record([], wait.as_secs_f64());
    }
}
