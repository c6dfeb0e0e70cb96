//! Rules for everybody's money that the console sets over the operator's settings.

use entities::{Nanos, money::money_default};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};

use crate::platform::{
    budgets::Budgets,
    db::{DbErr, DbError, Txn},
};

const DEFAULT_LIMIT: &str = "default_limit";
const HOUSE_LINE: &str = "house_line";

/// Rules for everybody's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defaults {
    /// What new users get; `None` is unlimited.
    pub(crate) new_user: Option<Nanos>,
    /// Where an alarm begins; it refuses nobody.
    pub(crate) house_line: Option<Nanos>,
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RuleChange {
    #[default]
    Keep,
    Remove,
    To(Nanos),
}

/// A change of the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DefaultsChange {
    pub(crate) new_user: RuleChange,
    pub(crate) house_line: RuleChange,
}

impl Budgets {
    /// The rules in force.
    pub(crate) async fn defaults(&self) -> Result<Defaults, DbError> {
        Ok(self.defaults_in(self.db.read()).await?)
    }

    pub(in crate::platform::budgets) async fn defaults_in(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Defaults, DbErr> {
        let mut defaults = Defaults {
            new_user: self.settings.default_limit,
            house_line: None,
        };
        for row in money_default::Entity::find().all(connection).await? {
            match row.key.as_str() {
                DEFAULT_LIMIT => defaults.new_user = row.nanos,
                HOUSE_LINE => defaults.house_line = row.nanos,
                _ => {}
            }
        }
        Ok(defaults)
    }

    /// Changes the rules; answers them as they were and as they are.
    pub(crate) async fn change_defaults_in(
        &self,
        txn: &Txn,
        change: DefaultsChange,
    ) -> Result<(Defaults, Defaults), DbErr> {
        let before = self.defaults_in(txn).await?;
        let changes = [
            (DEFAULT_LIMIT, change.new_user),
            (HOUSE_LINE, change.house_line),
        ];
        for (key, rule) in changes {
            match rule {
                RuleChange::Keep => {}
                RuleChange::Remove => self.put_default(txn, key, None).await?,
                RuleChange::To(nanos) => self.put_default(txn, key, Some(nanos)).await?,
            }
        }
        Ok((before, self.defaults_in(txn).await?))
    }

    async fn put_default(&self, txn: &Txn, key: &str, nanos: Option<Nanos>) -> Result<(), DbErr> {
        use money_default::Column;
        money_default::Entity::insert(money_default::ActiveModel {
            key: Set(key.to_owned()),
            nanos: Set(nanos),
            updated_at: Set(self.clock.now()),
        })
        .on_conflict(
            OnConflict::column(Column::Key)
                .update_columns([Column::Nanos, Column::UpdatedAt])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
        Ok(())
    }
}
