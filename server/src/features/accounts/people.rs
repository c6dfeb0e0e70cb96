//! Users as the console lists them.

use std::collections::HashMap;

use ::api::filter::{self, Schema};
use chrono::{DateTime, Utc};
use entities::{
    UserId,
    accounts::{session, user},
};
use uuid::Uuid;

use super::{
    Account, Accounts, AccountsError,
    queries::{
        people::{People, SignIns, everybody, sign_ins},
        steering as queries,
    },
};
use crate::platform::{
    budgets::Month,
    paging::{Counted, Listing, Page},
};

/// What else is known of a user by their sign-ins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// Sign-ins that have not ended.
    pub(crate) sessions: i64,
    /// When one of them, or of the ended ones that are kept, was last used.
    pub(crate) last_seen_at: Option<DateTime<Utc>>,
}

impl Accounts {
    /// The fields that users are filtered and sorted by.
    pub(crate) const PEOPLE: &'static Schema = &filter::ACCOUNTS;
    /// The fields of their money.
    pub(crate) const SPENDERS: &'static Schema = &filter::SPEND;
    /// The fields of their sign-ins.
    pub(crate) const SIGN_INS: &'static Schema = &filter::SESSIONS;

    fn people_of(&self, month: Month) -> People {
        People(self.parts.budgets.columns(month))
    }

    /// A page of users, with money of a month.
    pub(crate) async fn page(
        &self,
        listing: &Listing,
        month: Month,
    ) -> Result<Page<Account>, AccountsError> {
        let page: Page<user::Model> = listing
            .fetch(self.parts.db.read(), everybody(), &self.people_of(month))
            .await?;
        Ok(page.map(Account::from))
    }

    /// How many users match.
    pub(crate) async fn count_matching(
        &self,
        listing: &Listing,
        month: Month,
    ) -> Result<Counted, AccountsError> {
        let people = self.people_of(month);
        Ok(listing
            .count(self.parts.db.read(), everybody(), &people)
            .await?)
    }

    /// The users who match, at most `most`.
    pub(crate) async fn matching(
        &self,
        listing: &Listing,
        month: Month,
        most: u64,
    ) -> Result<Vec<UserId>, AccountsError> {
        let people = self.people_of(month);
        let ids = listing
            .ids(self.parts.db.read(), everybody(), &people, most)
            .await?;
        Ok(ids.into_iter().map(UserId).collect())
    }

    /// Those of these users that are not erased.
    pub(crate) async fn find_all(&self, ids: &[UserId]) -> Result<Vec<Account>, AccountsError> {
        let users = queries::users(self.parts.db.read(), ids).await?;
        Ok(users.into_iter().map(Account::from).collect())
    }

    /// Those of these users who may not come in.
    pub(crate) async fn kept_out(&self, ids: &[UserId]) -> Result<Vec<UserId>, AccountsError> {
        let active = queries::active(self.parts.db.read(), ids).await?;
        let kept_out = ids.iter().filter(|id| !active.contains(id));
        Ok(kept_out.copied().collect())
    }

    /// What is known of users by their sign-ins.
    pub(crate) async fn presence(
        &self,
        ids: &[UserId],
    ) -> Result<HashMap<UserId, Presence>, AccountsError> {
        let read = self.parts.db.read();
        let open = queries::open_sessions(read, ids, self.now()).await?;
        let mut presence: HashMap<UserId, Presence> = HashMap::new();
        for (id, last_seen_at) in queries::last_seen(read, ids).await? {
            presence.entry(id).or_default().last_seen_at = last_seen_at;
        }
        for (id, sessions) in open {
            presence.entry(id).or_default().sessions = sessions;
        }
        Ok(presence)
    }

    /// A page of a user's sign-ins that have not ended.
    pub(crate) async fn sign_ins(
        &self,
        listing: &Listing,
        id: UserId,
    ) -> Result<Page<session::Model>, AccountsError> {
        let select = sign_ins(id, listing.now());
        Ok(listing
            .fetch(self.parts.db.read(), select, &SignIns)
            .await?)
    }

    /// Users whose address has this in it, the nearest first.
    pub(crate) async fn search(
        &self,
        word: &str,
        most: u64,
    ) -> Result<Vec<Account>, AccountsError> {
        let users = queries::search(self.parts.db.read(), word, most).await?;
        Ok(users.into_iter().map(Account::from).collect())
    }

    /// A user by the name that others are shown.
    pub(crate) async fn find_public(&self, id: Uuid) -> Result<Option<Account>, AccountsError> {
        let user = queries::by_public_id(self.parts.db.read(), id).await?;
        Ok(user.map(Account::from))
    }
}
