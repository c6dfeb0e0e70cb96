//! What the tests need to write and read past the books.

use chrono::DateTime;
use entities::{
    Nanos, Role, UserId, UserStatus,
    accounts::user,
    money::{budget, hold, ledger_entry, period},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait, QueryOrder,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::platform::{
    db::{Db, WriteKey},
    entropy::Entropy,
};

/// A user without a budget row.
pub(in crate::platform::budgets) async fn user(db: &Db) -> UserId {
    let public_id = Entropy::from_system().uuid();
    db.write(WriteKey::Free, public_id, |txn, public_id| {
        Box::pin(async move {
            let inserted = user::Entity::insert(row(*public_id)).exec(txn).await?;
            Ok(inserted.last_insert_id)
        })
    })
    .await
    .expect("a user")
}

fn row(public_id: Uuid) -> user::ActiveModel {
    user::ActiveModel {
        id: NotSet,
        public_id: Set(public_id),
        email: Set(format!("{public_id}@example.org")),
        password_hash: Set(String::new()),
        role: Set(Role::User),
        status: Set(UserStatus::Active),
        email_verified: Set(false),
        admin_notes: Set(None),
        token_version: Set(0),
        rev: Set(0),
        created_at: Set(DateTime::UNIX_EPOCH),
        updated_at: Set(DateTime::UNIX_EPOCH),
    }
}

/// A limit of which no period row knows yet.
pub(in crate::platform::budgets) async fn budget_row(db: &Db, user: UserId, limit: Nanos) {
    db.write(WriteKey::Free, (user, limit), |txn, (user, limit)| {
        Box::pin(super::periods::put_limit(
            txn,
            *user,
            *limit,
            DateTime::UNIX_EPOCH,
        ))
    })
    .await
    .expect("a budget");
}

/// Every charge, oldest first.
pub(in crate::platform::budgets) async fn ledger(db: &Db) -> Vec<ledger_entry::Model> {
    ledger_entry::Entity::find()
        .order_by_asc(ledger_entry::Column::Id)
        .all(db.read())
        .await
        .expect("the ledger")
}

/// Every period: account, month, limit, spent, reserved.
pub(in crate::platform::budgets) async fn periods(
    db: &Db,
) -> Vec<(String, String, Option<Nanos>, Nanos, Nanos)> {
    period::Entity::find()
        .order_by_asc(period::Column::Account)
        .order_by_asc(period::Column::Month)
        .all(db.read())
        .await
        .expect("the periods")
        .into_iter()
        .map(|row| {
            (
                row.account,
                row.month,
                row.limit_nanos,
                row.spent_nanos,
                row.reserved_nanos,
            )
        })
        .collect()
}

/// Empties the tables of money.
pub(in crate::platform::budgets) async fn clear(db: &Db) {
    db.write_alone(WriteKey::House, (), |txn, ()| {
        Box::pin(async move {
            period::Entity::update_many()
                .col_expr(period::Column::Expiring, Expr::value(true))
                .exec(txn)
                .await?;
            ledger_entry::Entity::delete_many().exec(txn).await?;
            hold::Entity::delete_many().exec(txn).await?;
            period::Entity::delete_many().exec(txn).await?;
            budget::Entity::delete_many().exec(txn).await?;
            Ok(())
        })
    })
    .await
    .expect("empty tables");
}

/// Runs a statement; the database's own words when it refuses.
pub(in crate::platform::budgets) async fn attempt(
    db: &Db,
    statement: &'static str,
) -> Result<(), String> {
    db.write_alone(WriteKey::Free, statement, |txn, statement| {
        Box::pin(async move {
            txn.execute_unprepared(statement).await?;
            Ok(())
        })
    })
    .await
    .map_err(|error| match std::error::Error::source(&error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    })
}
