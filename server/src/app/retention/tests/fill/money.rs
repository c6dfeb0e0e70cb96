//! Something in every table of money.

use entities::{
    HoldId, HoldState, Nanos, PeriodId,
    money::{budget, hold, ledger_entry, period},
};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};

use super::Person;
use crate::platform::db::Txn;

pub(super) async fn fill(txn: &Txn, person: Person) -> Result<(), DbErr> {
    budget::Entity::insert(budget::ActiveModel {
        user_id: Set(person.id),
        monthly_limit_nanos: Set(Nanos::DOLLAR),
        created_at: Set(person.at),
        updated_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    period(
        txn,
        person,
        &person.at.format("%Y-%m").to_string(),
        1,
        HoldState::Settled,
    )
    .await
}

/// A user's month with one hold and, when it is settled, one charge.
pub(in super::super) async fn period(
    txn: &Txn,
    person: Person,
    month: &str,
    number: i64,
    state: HoldState,
) -> Result<(), DbErr> {
    let (id, settled) = (PeriodId(person.number(number)), state == HoldState::Settled);
    let cost = Nanos(1_000);
    period::Entity::insert(period::ActiveModel {
        id: Set(id),
        account: Set(format!("user:{}", person.id)),
        user_id: Set(Some(person.id)),
        month: Set(month.to_owned()),
        limit_nanos: Set(None),
        spent_nanos: Set(if settled { cost } else { Nanos::ZERO }),
        reserved_nanos: Set(if settled { Nanos::ZERO } else { cost }),
        rev: Set(1),
        expiring: Set(false),
        updated_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    hold::Entity::insert(hold::ActiveModel {
        id: Set(HoldId(person.number(number))),
        period_id: Set(id),
        user_id: Set(person.id),
        amount_nanos: Set(cost),
        state: Set(state),
        kind: Set("chat".to_owned()),
        provider: Set("offline".to_owned()),
        model: Set("offline".to_owned()),
        prompt_tokens: Set(10),
        output_tokens_max: Set(10),
        output_tokens_seen: Set(0),
        input_price: Set(1),
        output_price: Set(1),
        lease_until: Set(person.at),
        created_at: Set(person.at),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    if settled {
        charge(txn, person, id, HoldId(person.number(number)), cost).await?;
    }
    Ok(())
}

async fn charge(
    txn: &Txn,
    person: Person,
    period: PeriodId,
    hold: HoldId,
    cost: Nanos,
) -> Result<(), DbErr> {
    ledger_entry::Entity::insert(ledger_entry::ActiveModel {
        period_id: Set(period),
        user_id: Set(person.id),
        hold_id: Set(Some(hold)),
        kind: Set("chat".to_owned()),
        provider: Set("offline".to_owned()),
        model: Set("offline".to_owned()),
        prompt_tokens: Set(10),
        completion_tokens: Set(1),
        index_tokens: Set(0),
        unit: Set("tokens".to_owned()),
        input_price: Set(1),
        output_price: Set(1),
        amount_nanos: Set(cost),
        estimated: Set(false),
        overrun_nanos: Set(Nanos::ZERO),
        created_at: Set(person.at),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}
