//! Users and money as the console shows them.

use api::{
    accounts::Role,
    console::{Account as Shown, AccountStatus, BudgetPosition},
};
use entities::{Nanos, UserId, UserStatus};

use crate::{
    features::{
        accounts::{Account, Presence},
        admin::{AdminError, Administration},
    },
    platform::{
        budgets::{Month, Position},
        http::Problem,
    },
};

impl Administration {
    /// Users with all that the console shows of them; the days of their money in detail alone.
    pub(in crate::features::admin) async fn shown(
        &self,
        accounts: Vec<Account>,
        month: Month,
        in_detail: bool,
    ) -> Result<Vec<Shown>, Problem> {
        let parts = &self.0;
        let ids: Vec<UserId> = accounts.iter().map(|account| account.id).collect();
        let known: Vec<_> = accounts
            .iter()
            .map(|account| (account.id, account.created_at))
            .collect();
        let mut positions = parts.budgets.positions(&known, month).await?;
        let presence = parts.accounts.presence(&ids).await?;
        let jobs = parts.jobs.open_by_user(&ids).await?;
        let elsewhere = self.answers_elsewhere().await?;
        let shown = accounts.into_iter().filter_map(|account| {
            let money = positions.remove(&account.id)?;
            let id = account.id;
            let presence = presence.get(&id).copied().unwrap_or_default();
            let mut shown = one(account, &presence, position(&money, in_detail));
            shown.jobs_open = jobs.get(&id).copied().unwrap_or(0);
            let elsewhere = elsewhere.iter().filter(|answer| answer.user_id == id);
            let streams = parts.streams.open_of(id) + elsewhere.count();
            shown.streams_open = i64::try_from(streams).unwrap_or(i64::MAX);
            Some(shown)
        });
        Ok(shown.collect())
    }

    /// A user in detail.
    pub(in crate::features::admin) async fn shown_one(
        &self,
        account: Account,
    ) -> Result<Shown, Problem> {
        let month = self.0.budgets.this_month();
        let shown = self.shown(vec![account], month, true).await?;
        let one = shown.into_iter().next();
        one.ok_or_else(|| AdminError::UserNotFound.into())
    }
}

fn one(account: Account, presence: &Presence, budget: BudgetPosition) -> Shown {
    Shown {
        id: account.id.0,
        uuid: account.public_id,
        role: role_of(account.role),
        status: match account.status {
            UserStatus::Active => AccountStatus::Active,
            UserStatus::Disabled => AccountStatus::Disabled,
            UserStatus::Deleted => AccountStatus::Deleted,
        },
        email: account.email,
        notes: account.admin_notes,
        created_at: account.created_at,
        last_seen_at: presence.last_seen_at,
        jobs_open: 0,
        streams_open: 0,
        sessions: presence.sessions,
        budget,
        rev: account.rev,
    }
}

pub(in crate::features::admin) fn role_of(role: entities::Role) -> Role {
    match role {
        entities::Role::User => Role::User,
        entities::Role::Admin => Role::Admin,
        entities::Role::Auditor => Role::Auditor,
    }
}

pub(in crate::features::admin) fn role_from(role: Role) -> entities::Role {
    match role {
        Role::User => entities::Role::User,
        Role::Admin => entities::Role::Admin,
        Role::Auditor => entities::Role::Auditor,
    }
}

/// Money as the console shows it.
pub(in crate::features::admin) fn position(money: &Position, in_detail: bool) -> BudgetPosition {
    let nanos = |nanos: Option<Nanos>| nanos.map(|nanos| nanos.0);
    BudgetPosition {
        period: money.month.to_string(),
        limit_nanos: nanos(money.limit),
        spent_nanos: money.spent.0,
        held_nanos: money.held.0,
        left_nanos: nanos(money.left()),
        used_ratio: money.used(),
        forecast_nanos: nanos(money.forecast.total),
        forecast_band_nanos: nanos(money.forecast.band),
        exhausts_at: money.forecast.exhausts_at,
        daily_nanos: if in_detail {
            money.daily.iter().map(|spent| spent.0).collect()
        } else {
            Vec::new()
        },
    }
}
