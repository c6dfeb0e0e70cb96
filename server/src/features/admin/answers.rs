//! Answers under way in other processes: found by the money that is reserved for them, and ended.

use std::{collections::HashSet, time::Duration};

use entities::UserId;
use uuid::Uuid;

use super::Administration;
use crate::platform::{budgets::OpenAnswer, db::DbError, feed::Ender, streams::EndReason};

/// Answers that ended here a moment ago: their money may still be reserved.
const ENDED: usize = 64;
/// How often the other processes are asked again: a message may be lost.
const AGAIN: u32 = 2;
const AFTER: Duration = Duration::from_millis(1_500);

/// Which answers are to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    One(Uuid),
    Of(UserId),
}

impl Ending {
    fn is_of(self, answer: &OpenAnswer) -> bool {
        match self {
            Self::One(id) => answer.stream_id == id,
            Self::Of(user) => answer.user_id == user,
        }
    }
}

impl Administration {
    /// Answers under way in other processes; none where those cannot be reached.
    pub(super) async fn answers_elsewhere(&self) -> Result<Vec<OpenAnswer>, DbError> {
        let parts = &self.0;
        if !parts.relay.reaches_others() {
            return Ok(Vec::new());
        }
        let answers = parts.budgets.open_answers().await?;
        let now = parts.clock.now();
        let here = parts.streams.live(now).into_iter().map(|stream| stream.id);
        let ended = parts.streams.ended(ENDED, now).into_iter();
        let known: HashSet<Uuid> = here.chain(ended.map(|stream| stream.id)).collect();
        let elsewhere = answers.into_iter();
        let elsewhere = elsewhere.filter(|answer| !known.contains(&answer.stream_id));
        Ok(elsewhere.collect())
    }

    /// How many answers of a user are under way, in all processes.
    pub(super) async fn answers_of(&self, user: UserId) -> Result<i64, DbError> {
        let here = self.0.streams.open_of(user);
        let elsewhere = self.answers_elsewhere().await?;
        let elsewhere = elsewhere.iter().filter(|answer| answer.user_id == user);
        Ok(i64::try_from(here + elsewhere.count()).unwrap_or(i64::MAX))
    }

    /// Ends every answer of a user, in all processes; answers how many there were.
    pub(super) async fn end_answers_of(&self, user: UserId) -> Result<i64, DbError> {
        let open = self.answers_of(user).await?;
        let here = self.0.streams.stop_user(user, EndReason::Admin);
        if open > i64::try_from(here).unwrap_or(i64::MAX) {
            self.end_elsewhere(Ending::Of(user)).await;
        }
        Ok(open)
    }

    /// Has other processes end answers, and asks again for those that go on.
    pub(super) async fn end_elsewhere(&self, ending: Ending) {
        let began = self.0.clock.now();
        self.ask_to_end(ending).await;
        let (administration, stopping) = (self.clone(), self.0.tasks.stopping().clone());
        self.0.tasks.spawn("end-elsewhere", async move {
            for _ in 0..AGAIN {
                let wait = tokio::time::sleep(AFTER);
                if stopping.run_until_cancelled(wait).await.is_none() {
                    return;
                }
                let open = administration.answers_elsewhere().await;
                // What began since is not meant.
                let goes_on =
                    |answer: &OpenAnswer| ending.is_of(answer) && answer.started_at <= began;
                match open {
                    Ok(open) if !open.iter().any(goes_on) => return,
                    Ok(_) => administration.ask_to_end(ending).await,
                    Err(error) => tracing::warn!(event = "answers_not_read", %error),
                }
            }
        });
    }

    async fn ask_to_end(&self, ending: Ending) {
        match ending {
            Ending::One(id) => self.0.relay.end_stream(id, Ender::Admin).await,
            Ending::Of(user) => self.0.relay.end_streams_of(user).await,
        }
    }
}
