//! Telling a running handler to stop, and why.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

/// Why a run has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopReason {
    /// Its owner or an admin wants it.
    Cancelled,
    /// The process stops; the job goes back to the queue.
    Shutdown,
    /// The lease is lost: somebody else may be running the job already.
    LeaseLost,
}

/// A token with a reason. The first reason stands, but a lost lease overrules any other.
#[derive(Default)]
pub(super) struct StopSignal {
    token: CancellationToken,
    reason: OnceLock<StopReason>,
    lost: CancellationToken,
}

impl StopSignal {
    pub(super) fn stop(&self, reason: StopReason) {
        if reason == StopReason::LeaseLost {
            self.lost.cancel();
        }
        // A second reason changes nothing for the handler.
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    pub(super) fn reason(&self) -> Option<StopReason> {
        if self.lost.is_cancelled() {
            return Some(StopReason::LeaseLost);
        }
        self.reason.get().copied()
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Cancelled when the lease is lost.
    pub(super) fn lost(&self) -> &CancellationToken {
        &self.lost
    }
}
