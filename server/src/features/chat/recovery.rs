//! Answers whose process died: their hold is ended by its lease, then they are marked as cut, and
//! their idempotency keys give what there is.

use super::{Chat, ChatError, queries};
use crate::platform::db::WriteKey;

impl Chat {
    /// Marks answers as cut that nobody writes any more. Answers how many.
    pub(crate) async fn cut_orphans(&self) -> Result<u64, ChatError> {
        let now = self.0.clock.now();
        let cut = self
            .0
            .db
            .write_alone(WriteKey::Free, now, |txn, now| {
                Box::pin(queries::orphans::cut(txn, *now))
            })
            .await?;
        if cut > 0 {
            tracing::warn!(
                event = "answers_cut",
                count = cut,
                "answers lost their process"
            );
        }
        Ok(cut)
    }
}
