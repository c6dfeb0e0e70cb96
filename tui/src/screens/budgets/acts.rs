//! What can be done to budgets.

use api::admin::{BudgetSet, SetBudget};
use api::console::{AccountsAction, BudgetPosition, ChangeMoneyDefaults, MoneyDefaults};

use crate::acts::{
    Act, Ask, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal, empty, fits_all,
};
use crate::client::{Failure, Method, Reply, Request};
use crate::object::Object;
use crate::screens::users::bulk;
use crate::text::units::{self, dollars, money, money_exact};

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&SET, &CLEAR, &DEFAULTS];

/// What is left to do about a month that is over.
pub static PAST: &[&Act] = &[&DEFAULTS];

/// The budget of an object, and whose it is.
fn budget(object: &Object) -> Option<(i64, &str, &BudgetPosition)> {
    match object {
        Object::User(user) => Some((user.id, &user.email, &user.budget)),
        Object::Spend(line) => Some((line.user_id, &line.email, &line.budget)),
        _ => None,
    }
}

fn has_budget(object: &Object) -> Result<(), String> {
    budget(object)
        .map(|_| ())
        .ok_or_else(|| "only users have budgets".to_owned())
}

/// Sets a monthly limit.
pub static SET: Act = Act {
    noun: "budgets",
    verb: "set",
    key: Some('b'),
    label: "budget",
    help: "sets a monthly limit",
    on: On::Many,
    writes: true,
    fields: &[Field {
        name: "limit",
        label: "monthly limit",
        help: "dollars, as 20 or 0.25; 0 blocks; - is no limit",
        kind: FieldKind::Money,
        required: true,
        initial: |objects| match objects.first().and_then(budget) {
            Some((_, _, position)) => position.limit_nanos.map_or_else(
                || "-".to_owned(),
                |limit| money_exact(limit).replace(['$', ','], ""),
            ),
            None => String::new(),
        },
    }],
    fits: has_budget,
    plan: set,
};

fn set(draft: &Draft) -> Result<Plan, Refusal> {
    let Some(limit) = draft.values.money("limit")? else {
        return clear(draft);
    };
    if draft.is_bulk() {
        return bulk(draft, AccountsAction::SetBudget);
    }
    let Some((id, email, position)) = budget(draft.first()?) else {
        return Err(Refusal::new("choose a user first"));
    };
    let body = SetBudget {
        monthly_limit_usd: dollars(limit),
    };
    let request = Request::post(format!("/api/admin/budgets/{id}")).json(&body);
    let call = Call::new(request, told).undoable();
    let taken = position.spent_nanos + position.held_nanos;
    if limit > taken {
        return Ok(Plan::Send(call));
    }
    let before = position
        .limit_nanos
        .map_or_else(|| "no limit".to_owned(), money_exact);
    let ask = Ask::yes(format!("Budget of {email}"), call)
        .line(format!("{before} to {}", money_exact(limit)))
        .warn(format!(
            "blocks at once: {} is spent and held",
            money(taken)
        ));
    Ok(ask.into())
}

fn told(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let set: BudgetSet = reply.decode()?;
    let limit = units::parse_dollars(&format!("{:.9}", set.monthly_limit_usd)).unwrap_or_default();
    let known = draft.objects.first().and_then(budget);
    let text = match known {
        Some((_, email, position)) => {
            let left = limit - position.spent_nanos - position.held_nanos;
            format!(
                "{email}: {}, left {}",
                money_exact(limit),
                money_exact(left.max(0))
            )
        }
        None => format!("limit {}", money_exact(limit)),
    };
    Ok(Done::new(text))
}

/// Takes a monthly limit away.
pub static CLEAR: Act = Act {
    noun: "budgets",
    verb: "clear",
    key: None,
    label: "no limit",
    help: "takes a monthly limit away",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match budget(object) {
        Some((_, email, position)) if position.limit_nanos.is_none() => {
            Err(format!("{email} has no limit"))
        }
        Some(_) => Ok(()),
        None => Err("only users have budgets".to_owned()),
    },
    plan: clear,
};

fn clear(draft: &Draft) -> Result<Plan, Refusal> {
    if draft.is_bulk() {
        return bulk(draft, AccountsAction::ClearBudget);
    }
    let Some((id, _, _)) = budget(draft.first()?) else {
        return Err(Refusal::new("choose a user first"));
    };
    let request = Request::new(Method::Delete, format!("/api/admin/accounts/{id}/budget"));
    let done = |draft: &Draft, _: &Reply| {
        let name = draft.objects.first().map(Object::name).unwrap_or_default();
        Ok(Done::new(format!("{name} has no limit")))
    };
    Ok(Plan::Send(Call::new(request, done).undoable()))
}

/// Rules for everybody.
pub static DEFAULTS: Act = Act {
    noun: "budgets",
    verb: "defaults",
    key: Some('D'),
    label: "defaults",
    help: "what new users get, and where the house's alarm begins",
    on: On::House,
    writes: true,
    fields: &[
        Field {
            name: "default",
            label: "new users get",
            help: "dollars a month, new users only; - is no limit; empty stays",
            kind: FieldKind::Money,
            required: false,
            initial: empty,
        },
        Field {
            name: "line",
            label: "house line",
            help: "dollars a month: alarms, never refuses; - is none; empty stays",
            kind: FieldKind::Money,
            required: false,
            initial: empty,
        },
    ],
    fits: fits_all,
    plan: |draft| {
        let change = |name: &'static str| match draft.values.text(name) {
            "" => Ok(None),
            "-" => Ok(Some(-1)),
            _ => draft.values.money(name),
        };
        let body = ChangeMoneyDefaults {
            default_limit_nanos: change("default")?,
            house_line_nanos: change("line")?,
        };
        if body.default_limit_nanos.is_none() && body.house_line_nanos.is_none() {
            return Err(Refusal::of("default", "nothing to change"));
        }
        let request = Request::new(Method::Patch, "/api/admin/settings").json(&body);
        let done = |_: &Draft, reply: &Reply| {
            let rules: MoneyDefaults = reply.decode()?;
            let or_none = |limit: Option<i64>| limit.map_or_else(|| "none".to_owned(), money_exact);
            Ok(Done::new(format!(
                "new users get {}, house line {}",
                or_none(rules.default_limit_nanos),
                or_none(rules.house_line_nanos)
            )))
        };
        Ok(Plan::Send(Call::new(request, done).undoable()))
    },
};
