//! A month's spend: by user, in total, by group.

use api::console::{
    ListQuery, SpendGroup, SpendGroupQuery, SpendGroups, SpendLine, SpendPage, SpendQuery,
    SpendTotal,
};
use entities::{Nanos, UserId};

use super::TAG;
use crate::{
    features::{
        accounts::Accounts,
        admin::{Administration, people},
    },
    platform::{
        budgets::{GroupSum, Month, SpendGrouping},
        http::{Auditor, Call, Json, NoBody, Operation, Problem, Query, Registry},
        paging::Listing,
    },
};

/// Most groups that are answered.
const MOST_GROUPS: u64 = 500;

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    let get = |path, summary| Operation::get(path).summary(summary).tag(TAG);
    registry.mount_with(
        get("/api/admin/spend", "A month's spend of each user").refuses(&[400]),
        service(),
        spend,
    );
    registry.mount_with(
        get("/api/admin/spend/total", "Everybody's spend of this month"),
        service(),
        total,
    );
    registry.mount_with(
        get(
            "/api/admin/spend/by",
            "A month's spend by user, model, kind or day",
        ),
        service(),
        by_group,
    );
}

fn month(administration: &Administration, period: Option<&str>) -> Result<Month, Problem> {
    match period {
        None => Ok(administration.0.budgets.this_month()),
        Some(text) => Month::parse(text).ok_or_else(|| {
            Problem::invalid(&["query", "period"], "Must be a month, such as 2026-11")
        }),
    }
}

async fn spend(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<SpendQuery>,
) -> Result<Json<SpendPage>, Problem> {
    let parts = &administration.0;
    let month = month(&administration, query.period.as_deref())?;
    let page = ListQuery {
        cursor: query.cursor,
        limit: query.limit,
        filter: query.filter,
        sort: query.sort,
    };
    let list = format!("spend of {month}");
    let listing = Listing::read(list, Accounts::SPENDERS, page, parts.clock.now())?;
    let page = parts.accounts.page(&listing, month).await?;
    let shown = administration.shown(page.items, month, false).await?;
    let lines = shown.into_iter().map(|account| SpendLine {
        user_id: account.id,
        email: account.email,
        budget: account.budget,
    });
    Ok(Json(SpendPage {
        items: lines.collect(),
        next_cursor: page.next,
    }))
}

async fn total(
    administration: Administration,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<SpendTotal>, Problem> {
    let budgets = &administration.0.budgets;
    let total = budgets.total(budgets.this_month()).await?;
    let defaults = budgets.defaults().await?;
    let exposure = budgets.exposure().await?;
    let drift = budgets.drift().await?;
    let distance = drift
        .iter()
        .fold(Nanos::ZERO, |sum, drift| sum.plus(drift.distance()));
    Ok(Json(SpendTotal {
        budget: people::position(&total, true),
        house_line_nanos: defaults.house_line.map(|line| line.0),
        default_limit_nanos: defaults.new_user.map(|limit| limit.0),
        holds: exposure.open_holds,
        drift_nanos: distance.0,
    }))
}

async fn by_group(
    administration: Administration,
    _: Call<Auditor>,
    Query(query): Query<SpendGroupQuery>,
) -> Result<Json<SpendGroups>, Problem> {
    let budgets = &administration.0.budgets;
    let month = month(&administration, query.period.as_deref())?;
    let grouping = match query.group.as_str() {
        "user" => SpendGrouping::User,
        "model" => SpendGrouping::Model,
        "kind" => SpendGrouping::Kind,
        "day" => {
            let sums = budgets.by_day(month).await?;
            return Ok(Json(groups(sums)));
        }
        _ => {
            let message = "Must be one of user, model, kind, day";
            return Err(Problem::invalid(&["query", "group"], message));
        }
    };
    let mut sums = budgets.by_group(grouping, month, MOST_GROUPS).await?;
    if grouping == SpendGrouping::User {
        name_users(&administration, &mut sums).await?;
    }
    Ok(Json(groups(sums)))
}

/// Users by their addresses; who is erased by number.
async fn name_users(administration: &Administration, sums: &mut [GroupSum]) -> Result<(), Problem> {
    let id = |sum: &GroupSum| sum.group.parse().ok().map(UserId);
    let ids = sums.iter().filter_map(id);
    let emails = administration.0.accounts.emails(ids).await?;
    for sum in sums {
        let name = id(sum).and_then(|id| emails.get(&id).cloned());
        sum.group = name.unwrap_or_else(|| format!("user {}", sum.group));
    }
    Ok(())
}

fn groups(sums: Vec<GroupSum>) -> SpendGroups {
    let items = sums.into_iter().map(|sum| SpendGroup {
        group: sum.group,
        spent_nanos: sum.spent.0,
        entries: sum.entries,
    });
    SpendGroups {
        items: items.collect(),
    }
}
