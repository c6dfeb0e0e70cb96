//! Sums over the ledger and the holds, held against the counters. Each answer comes from one
//! statement, so that it is true of one moment.

use chrono::{DateTime, Utc};
use entities::{Nanos, PeriodId, UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use crate::platform::budgets::{Drift, Month};

const USER_SPENT: &str = "CAST(COALESCE((SELECT SUM(l.amount_nanos) FROM ledger l \
     WHERE l.period_id = periods.id), 0) AS BIGINT)";
const USER_RESERVED: &str = "CAST(COALESCE((SELECT SUM(h.amount_nanos) FROM holds h \
     WHERE h.period_id = periods.id AND h.state IN ('open','sent')), 0) AS BIGINT)";
const HOUSE_SPENT: &str = "CAST(COALESCE((SELECT SUM(l.amount_nanos) FROM ledger l \
     JOIN periods p ON p.id = l.period_id WHERE p.month = periods.month), 0) AS BIGINT)";
const HOUSE_RESERVED: &str = "CAST(COALESCE((SELECT SUM(h.amount_nanos) FROM holds h \
     WHERE h.house_period_id = periods.id AND h.state IN ('open','sent')), 0) AS BIGINT)";

#[derive(FromQueryResult)]
struct Counted {
    id: PeriodId,
    user_id: Option<UserId>,
    month: String,
    spent: Nanos,
    spent_in_ledger: Nanos,
    reserved: Nanos,
    reserved_by_holds: Nanos,
}

impl From<Counted> for Drift {
    fn from(row: Counted) -> Self {
        Self {
            period_id: row.id,
            user_id: row.user_id,
            month: row.month,
            spent: row.spent,
            spent_in_ledger: row.spent_in_ledger,
            reserved: row.reserved,
            reserved_by_holds: row.reserved_by_holds,
        }
    }
}

/// The users' periods since a month (or ever) that are off.
pub(in crate::platform::budgets) async fn users(
    connection: &impl ConnectionTrait,
    since: Option<Month>,
) -> Result<Vec<Drift>, DbErr> {
    let since = since.map_or_else(String::new, |month| month.to_string());
    find(
        connection,
        USER_SPENT,
        USER_RESERVED,
        "user_id IS NOT NULL AND month >= $1",
        since.into(),
    )
    .await
}

/// The house's period, if it is off.
pub(in crate::platform::budgets) async fn house(
    connection: &impl ConnectionTrait,
    id: PeriodId,
) -> Result<Vec<Drift>, DbErr> {
    find(
        connection,
        HOUSE_SPENT,
        HOUSE_RESERVED,
        "id = $1",
        id.into(),
    )
    .await
}

async fn find(
    connection: &impl ConnectionTrait,
    spent: &str,
    reserved: &str,
    filter: &str,
    parameter: sea_orm::Value,
) -> Result<Vec<Drift>, DbErr> {
    let statement = format!(
        "SELECT * FROM (SELECT id, user_id, month, spent_nanos AS spent, \
         reserved_nanos AS reserved, {spent} AS spent_in_ledger, {reserved} AS reserved_by_holds \
         FROM periods WHERE {filter}) AS counted \
         WHERE spent <> spent_in_ledger OR reserved <> reserved_by_holds ORDER BY id"
    );
    let rows = Counted::find_by_statement(Statement::from_sql_and_values(
        connection.get_database_backend(),
        statement,
        [parameter],
    ))
    .all(connection)
    .await?;
    Ok(rows.into_iter().map(Drift::from).collect())
}

/// Sets a period's counters to what the ledger and the holds sum to; the house's counts all users of
/// its month.
pub(in crate::platform::budgets) async fn recount(
    connection: &impl ConnectionTrait,
    id: PeriodId,
    of_house: bool,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (spent, reserved) = if of_house {
        (HOUSE_SPENT, HOUSE_RESERVED)
    } else {
        (USER_SPENT, USER_RESERVED)
    };
    connection
        .execute_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            format!(
                "UPDATE periods SET spent_nanos = {spent}, reserved_nanos = {reserved}, \
                 rev = rev + 1, updated_at = $1 WHERE id = $2"
            ),
            [now.into(), id.into()],
        ))
        .await?;
    Ok(())
}
