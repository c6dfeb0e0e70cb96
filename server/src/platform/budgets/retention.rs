//! How long the books are kept: by whole closed months, so that what a period has spent always
//! equals the sum of its entries; and what an erased user leaves in them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::{
    UserId,
    money::{ledger_entry, period},
};
use serde_json::{Value, json};

use super::{Month, queries::retention as queries};
use crate::platform::{
    db::{Db, WriteKey},
    retention::{
        Class, Eraser, Expirer, Holding, Part, Place, RetentionError, RowsOf, Sweep, Tally,
        no_original,
    },
};

const BUDGETS: Place = Place::Table("budgets");
const DEFAULTS: Place = Place::Table("money_defaults");
const PERIODS: Place = Place::Table("periods");
const HOLDS: Place = Place::Table("holds");
const LEDGER: Place = Place::Table("ledger");

/// Why an erased user's charges stay until their month goes.
const PSEUDONYM: &str = "rows name the user by number alone, and the number of an erased user is nobody's: sums stay true";

/// What the books register.
pub(crate) fn retention(db: &Db) -> Part {
    let mut part = Part::default()
        .holds(BUDGETS, Class::Accounts)
        .holds(DEFAULTS, Class::House)
        .expired_by(ClosedMonths(db.clone()))
        .erased_by(Limit(db.clone()))
        .exported_by(RowsOf::<ledger_entry::Entity> {
            db: db.clone(),
            file: "ledger.json",
            owner: ledger_entry::Column::UserId,
            key: ledger_entry::Column::Id,
            shown: charge,
            original: no_original,
        })
        .exported_by(RowsOf::<period::Entity> {
            db: db.clone(),
            file: "budget.json",
            owner: period::Column::UserId,
            key: period::Column::Id,
            shown: month,
            original: no_original,
        });
    for place in [PERIODS, HOLDS, LEDGER] {
        part = part.holding(Holding {
            place,
            class: Class::Usage,
            not_expired: None,
            not_erased: Some(PSEUDONYM),
        });
    }
    part
}

/// Months that were over before an instant: a period with its holds and its ledger entries.
struct ClosedMonths(Db);

#[async_trait]
impl Expirer for ClosedMonths {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn places(&self) -> &'static [Place] {
        &[LEDGER, HOLDS, PERIODS]
    }

    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError> {
        Ok(queries::survey(self.0.read(), Month::of(before)).await?)
    }

    /// A bounded part of one user's month goes in one transaction, and what it has spent shrinks with
    /// it. One with a hold that is not resolved stays.
    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        let first_kept = Month::of(sweep.before);
        sweep
            .delete(
                &self.0,
                WriteKey::House,
                (first_kept, sweep.limit),
                |txn, (first_kept, limit)| Box::pin(queries::expire_some(txn, *first_kept, *limit)),
            )
            .await
    }
}

/// A charge, as the user is given it.
fn charge(row: &ledger_entry::Model) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "provider": row.provider,
        "model": row.model,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "index_tokens": row.index_tokens,
        "unit": row.unit,
        "amount_nanos": row.amount_nanos,
        "estimated": row.estimated,
        "store_id": row.store_id,
        "document_id": row.document_id,
        "created_at": row.created_at,
    })
}

/// What a user may spend and has spent, as the user is given it.
fn month(row: &period::Model) -> Value {
    json!({
        "month": row.month,
        "limit_nanos": row.limit_nanos,
        "spent_nanos": row.spent_nanos,
        "reserved_nanos": row.reserved_nanos,
    })
}

struct Limit(Db);

#[async_trait]
impl Eraser for Limit {
    fn places(&self) -> &'static [Place] {
        &[BUDGETS]
    }

    async fn erase_batch(&self, user: UserId, _: u64) -> Result<u64, RetentionError> {
        let erased = self
            .0
            .write_alone(WriteKey::User(user), user, |txn, user| {
                Box::pin(queries::erase_limit(txn, *user))
            })
            .await?;
        Ok(erased)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        Ok(queries::limits(self.0.read(), user).await?)
    }
}
