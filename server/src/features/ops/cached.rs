//! An answer that is kept for a while, so that probes are cheap however often they come.

use std::{future::Future, time::Duration};

use tokio::{sync::Mutex, time::Instant};

/// The last answer to one question. Callers that come while it is being found wait for it.
pub(super) struct Cached {
    keep: Duration,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Cached {
    /// Keeps each answer for `keep`.
    pub(super) fn keeping(keep: Duration) -> Self {
        Self {
            keep,
            last: Mutex::new(None),
        }
    }

    /// The last answer, or a new one from `ask` when it is too old; one that takes longer than
    /// `limit` is no.
    pub(super) async fn get(&self, limit: Duration, ask: impl Future<Output = bool>) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = *last
            && at.elapsed() < self.keep
        {
            return answer;
        }
        let answer = tokio::time::timeout(limit, ask).await.unwrap_or(false);
        *last = Some((Instant::now(), answer));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn many_callers_at_once_ask_once() {
        let (cached, asked) = (Cached::keeping(LONG), AtomicUsize::new(0));
        let callers = (0..50).map(|_| {
            cached.get(LONG, async {
                tokio::task::yield_now().await;
                asked.fetch_add(1, Ordering::SeqCst) == 0
            })
        });
        let answers = futures_util::future::join_all(callers).await;
        assert!(answers.into_iter().all(|answer| answer));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_old_answer_is_asked_for_again() {
        let cached = Cached::keeping(Duration::ZERO);
        assert!(cached.get(LONG, async { true }).await);
        assert!(!cached.get(LONG, async { false }).await);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_no() {
        let cached = Cached::keeping(LONG);
        assert!(!cached.get(Duration::ZERO, std::future::pending()).await);
        assert!(!cached.get(LONG, async { true }).await);
    }
}
