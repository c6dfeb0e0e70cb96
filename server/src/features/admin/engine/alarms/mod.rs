//! What an admin should look at: lints over the state of the house, made by the server so that
//! every console says the same.

mod board;
mod facts;
mod lints;

pub(super) use board::Board;

use api::console as wire;

use super::{Engine, error::EngineError};

impl Engine {
    /// Looks at the house; answers what began, changed or ended since the last look.
    pub(super) async fn look(&self) -> Result<Vec<wire::AlarmChange>, EngineError> {
        let facts = self.facts().await?;
        let raised = lints::lint(&facts);
        Ok(self.0.board.update(raised, facts.now))
    }

    /// The alarms now, the worst first.
    pub(super) async fn alarms(&self) -> Result<Vec<wire::Alarm>, EngineError> {
        let changes = self.look().await?;
        self.tell_alarms(changes);
        Ok(self.0.board.all())
    }
}
