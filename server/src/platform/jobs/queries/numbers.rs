//! The short numbers of jobs. The database gives them; no row is written with one.

use std::collections::HashMap;

use entities::{JobId, jobs::job};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait},
};

fn number() -> Expr {
    Expr::col((job::Entity, Alias::new("number")))
}

pub(in super::super) async fn numbers(
    connection: &impl ConnectionTrait,
    ids: &[JobId],
) -> Result<HashMap<JobId, i64>, DbErr> {
    let rows: Vec<(JobId, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .column_as(number(), "number")
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

pub(in super::super) async fn of_numbers(
    connection: &impl ConnectionTrait,
    numbers: &[i64],
) -> Result<Vec<JobId>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(number().is_in(numbers.iter().copied()))
        .into_tuple()
        .all(connection)
        .await
}
