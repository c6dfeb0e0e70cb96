//! Acts on what a user may still do: sign in, run, exist.

use api::console::{
    Account, AccountStatus, AccountsAction, AccountsBulk, Because, BulkDone, BulkPreview, BulkRun,
    Ended, EraseAccount, EraseForecast, LimitSums, PasswordLink, StartedJob,
};

use super::PATH;
use super::acts::{address, user};
use crate::acts::{Act, Ask, Call, Confirm, Done, Draft, On, Plan, Refusal, fits_all};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::text::units;
use crate::theme::Role;

fn status(object: &Object) -> Option<AccountStatus> {
    match object {
        Object::User(user) => Some(user.status),
        _ => None,
    }
}

pub(super) static DISABLE: Act = Act {
    noun: "users",
    verb: "disable",
    key: Some('d'),
    label: "disable",
    help: "ends sign-ins, streams and jobs, and lets no new ones begin",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match status(object) {
        Some(AccountStatus::Active) => Ok(()),
        Some(other) => Err(format!("{} is {other}", object.name())),
        None => Err("only users are disabled".to_owned()),
    },
    plan: |draft| {
        if draft.is_bulk() {
            return bulk(draft, AccountsAction::Disable);
        }
        let user = user(draft)?;
        let body = Because {
            reason: draft.values.some("reason"),
        };
        let request = Request::post(format!("{}/disable", address(user.id))).json(&body);
        let ends = format!(
            "ends {} sign-ins, {} streams, {} jobs",
            user.sessions, user.streams_open, user.jobs_open
        );
        let ask = Ask::yes(
            format!("Disable {}", user.email),
            Call::new(request, ended).undoable(),
        );
        Ok(ask.line(ends).into())
    },
};

fn ended(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let ended: Ended = reply.decode()?;
    let name = draft.objects.first().map(Object::name).unwrap_or_default();
    Ok(Done::new(format!(
        "{name}: ended {} sign-ins, {} streams, {} jobs",
        ended.sessions, ended.streams, ended.jobs
    )))
}

pub(super) static ENABLE: Act = Act {
    noun: "users",
    verb: "enable",
    key: Some('e'),
    label: "enable",
    help: "lets a disabled user sign in again",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match status(object) {
        Some(AccountStatus::Disabled) => Ok(()),
        Some(other) => Err(format!("{} is {other}", object.name())),
        None => Err("only users are enabled".to_owned()),
    },
    plan: |draft| {
        if draft.everything.is_some() {
            return Err(Refusal::new("mark the users one by one"));
        }
        let requests = draft
            .objects
            .iter()
            .map(|object| Request::post(format!("{PATH}/{}/enable", object.id())))
            .collect();
        let done = |_: &Draft, reply: &Reply| {
            let user: Account = reply.decode()?;
            Ok(Done::new(format!("{} is active", user.email)))
        };
        Ok(Plan::Send(Call::each(requests, done).undoable()))
    },
};

/// Many users: the server says what it would do, then does exactly that.
pub(crate) fn bulk(draft: &Draft, action: AccountsAction) -> Result<Plan, Refusal> {
    // A list of money has fields that users have not.
    if let Some(everything) = &draft.everything {
        api::filter::parse(&everything.filter, &api::filter::ACCOUNTS)
            .map_err(|error| Refusal::new(format!("mark the users one by one: {error}")))?;
    }
    let ids = draft
        .objects
        .iter()
        .map(|object| object.owner().unwrap_or_default())
        .collect();
    let body = AccountsBulk {
        action,
        ids: draft.everything.is_none().then_some(ids),
        filter: draft
            .everything
            .as_ref()
            .map(|everything| everything.filter.clone()),
        limit_nanos: draft.values.money("limit")?,
    };
    let limit = body.limit_nanos;
    let request = Request::post(format!("{PATH}/bulk/preview")).json(&body);
    Ok(Plan::look(request, move |_, reply| {
        previewed(action, limit, reply)
    }))
}

/// The act in words.
fn effect(action: AccountsAction, limit: Option<i64>, users: &str) -> String {
    match action {
        AccountsAction::SetBudget => {
            let limit = units::money_exact(limit.unwrap_or(0));
            format!("Set the budget of {users} to {limit} each")
        }
        AccountsAction::ClearBudget => format!("Take away the limits of {users}"),
        AccountsAction::Disable => format!("Disable {users}"),
        AccountsAction::EndSessions => format!("End the sign-ins of {users}"),
    }
}

fn sums(limits: &LimitSums) -> String {
    let without = match limits.without {
        0 => String::new(),
        count => format!(" and {} without one", units::count_i(count)),
    };
    let after = limits
        .after_nanos
        .map_or_else(|| "none".to_owned(), units::money);
    let before = units::money(limits.before_nanos);
    format!("limits together: {before}{without} now, {after} afterwards")
}

fn previewed(action: AccountsAction, limit: Option<i64>, reply: &Reply) -> Result<Plan, Failure> {
    let preview: BulkPreview = reply.decode()?;
    let body = BulkRun {
        preview_token: preview.preview_token,
    };
    let request = Request::post(format!("{PATH}/bulk")).json(&body);
    let done = |_: &Draft, reply: &Reply| {
        let done: BulkDone = reply.decode()?;
        let skipped = done.skipped.iter().map(|skipped| skipped.count).sum();
        let text = match done.job {
            Some(job) => format!("job {job} does it, batch by batch"),
            None => format!("done for {} users, {skipped} skipped", done.done),
        };
        Ok(Done {
            text,
            skipped,
            jobs: done.job.into_iter().collect(),
            ..Done::default()
        })
    };
    let users = format!("{} users", preview.count);
    let title = effect(action, limit, &users);
    let mut ask = Ask::yes(title, Call::new(request, done)).line(format!("touches {users}"));
    if let Some(limits) = &preview.limits {
        ask = ask.line(sums(limits));
    }
    if preview.more {
        ask =
            ask.warn("more match than one act takes: these alone; narrow the filter for the rest");
    }
    for skipped in &preview.skipped {
        ask = ask.line(format!("skips {}: {}", skipped.count, skipped.reason));
    }
    Ok(ask.word(preview.count.to_string()).into())
}

pub(super) static PASSWORD: Act = Act {
    noun: "users",
    verb: "password",
    key: Some('P'),
    label: "password",
    help: "a link to set a new password, shown once",
    on: On::One,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |draft| {
        let user = user(draft)?;
        let request = Request::post(format!("{}/reset_password", address(user.id)));
        let done = |_: &Draft, reply: &Reply| {
            let link: PasswordLink = reply.decode()?;
            Ok(Done {
                text: "a way to set a new password".to_owned(),
                reveal: vec![
                    format!("token for POST /api/auth/redeem: {}", link.token),
                    format!("good until {} UTC", units::moment(link.expires_at)),
                ],
                ..Done::default()
            })
        };
        let ask = Ask::yes(
            format!("A new password for {}", user.email),
            Call::new(request, done),
        );
        Ok(ask
            .line("a link that is shown once; the old password stays until then")
            .into())
    },
};

pub(super) static END_STREAMS: Act = Act {
    noun: "users",
    verb: "end-streams",
    key: None,
    label: "end streams",
    help: "ends every answer under way of a user",
    on: On::One,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |draft| {
        let user = user(draft)?;
        Ok(end_streams(user.id, &user.email))
    },
};

/// Ends all streams of a user, after asking.
pub(crate) fn end_streams(id: i64, email: &str) -> Plan {
    let request = Request::post(format!("{}/end_streams", address(id)));
    let done = |_: &Draft, reply: &Reply| {
        let ended: Ended = reply.decode()?;
        Ok(Done::new(format!("ended {} streams", ended.streams)))
    };
    Ask::yes(
        format!("End all streams of {email}"),
        Call::new(request, done),
    )
    .line("what was written so far is kept and paid for")
    .into()
}

pub(super) static EXPORT: Act = Act {
    noun: "users",
    verb: "export",
    key: None,
    label: "export",
    help: "a zip of everything of a user, as a job",
    on: On::One,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |draft| {
        let request = Request::post(format!("{}/export", address(user(draft)?.id)));
        let done = |_: &Draft, reply: &Reply| {
            let job: StartedJob = reply.decode()?;
            Ok(Done::new(format!("job {} makes the export", job.job_id)).job(job.job_id))
        };
        Ok(Plan::Send(Call::new(request, done)))
    },
};

pub(super) static ERASE: Act = Act {
    noun: "users",
    verb: "erase",
    key: None,
    label: "erase",
    help: "takes away everything of a user, for good",
    on: On::One,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |draft| {
        let request = Request::get(format!("{}/erase", address(user(draft)?.id)));
        Ok(Plan::look(request, erasing))
    },
};

fn erasing(draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
    let forecast: EraseForecast = reply.decode()?;
    let user = user(draft).map_err(|refusal| Failure::Credentials(refusal.text))?;
    let body = EraseAccount {
        confirm_email: user.email.clone(),
    };
    let request = Request::post(format!("{}/erase", address(user.id))).json(&body);
    let done = |_: &Draft, reply: &Reply| {
        let job: StartedJob = reply.decode()?;
        Ok(Done::new(format!("job {} erases the user", job.job_id)).job(job.job_id))
    };
    let mut lines = vec![(
        Role::Warn,
        format!(
            "{} rows, {} files, {}: gone for good",
            units::count_i(forecast.rows),
            units::count_i(forecast.blobs),
            units::bytes(forecast.bytes.unsigned_abs())
        ),
    )];
    for class in forecast
        .classes
        .iter()
        .filter(|class| class.rows + class.blobs > 0)
        .take(12)
    {
        lines.push((
            Role::Plain,
            format!(
                "{:<20} {:>8} rows {:>6} files {:>9}",
                class.class,
                units::count_i(class.rows),
                units::count_i(class.blobs),
                units::bytes(class.bytes.unsigned_abs())
            ),
        ));
    }
    lines.push((
        Role::Plain,
        "the ledger keeps the amounts without the name".to_owned(),
    ));
    Ok(Plan::Ask(Ask {
        title: format!("Erase {}", user.email),
        lines,
        confirm: Confirm::Word(user.email.clone()),
        call: Call::new(request, done),
    }))
}
