//! The standing of users, for the platform's authenticator.

use std::sync::Arc;

use entities::UserId;

use super::queries;
use crate::platform::{
    auth::identify::{Directory, Standing},
    clock::Clock,
    db::{Db, DbError},
};

/// Reads standings from the tables of accounts.
pub(crate) struct AccountsDirectory {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl AccountsDirectory {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

#[async_trait::async_trait]
impl Directory for AccountsDirectory {
    async fn standing(&self, user_id: UserId) -> Result<Option<Standing>, DbError> {
        Ok(queries::standing(self.db.read(), user_id, self.clock.now()).await?)
    }
}
