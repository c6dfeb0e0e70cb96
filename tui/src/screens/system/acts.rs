//! What can be done about the machinery.

use api::admin::{ResetDone, ResetStuck};
use api::console::{LogLevel, SetLogLevel};

use super::PATH;
use crate::acts::{Act, Ask, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal, fits_all};
use crate::client::{Method, Reply, Request};
use crate::place::Place;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&RESET, &LOG_LEVEL, &DELETED];

/// A year.
const MOST_MINUTES: i64 = 525_600;

static RESET: Act = Act {
    noun: "system",
    verb: "reset-stuck",
    key: Some('W'),
    label: "reset stuck",
    help: "starts documents again that have been stuck for too long",
    on: On::House,
    writes: true,
    fields: &[Field {
        name: "minutes",
        label: "older than",
        help: "minutes, 0 to 525600",
        kind: FieldKind::Number,
        required: true,
        initial: |_| "30".to_owned(),
    }],
    fits: fits_all,
    plan: |draft| {
        let typed = draft.values.text("minutes");
        let ttl_minutes: i64 = typed
            .parse()
            .map_err(|_| Refusal::of("minutes", "a whole number of minutes"))?;
        if !(0..=MOST_MINUTES).contains(&ttl_minutes) {
            return Err(Refusal::of(
                "minutes",
                format!("0 to {MOST_MINUTES} minutes"),
            ));
        }
        let body = ResetStuck {
            ttl_minutes,
            user_id: None,
        };
        let request = Request::post("/api/admin/watchdog/reset-stuck").json(&body);
        let done = |_: &Draft, reply: &Reply| {
            let done: ResetDone = reply.decode()?;
            Ok(Done::new(format!(
                "{} documents begin again",
                done.reset_count
            )))
        };
        let ask = Ask::yes("Reset stuck documents", Call::new(request, done)).line(format!(
            "every document that has stood still for {ttl_minutes} minutes begins again"
        ));
        Ok(ask.into())
    },
};

static LOG_LEVEL: Act = Act {
    noun: "system",
    verb: "log-level",
    key: Some('L'),
    label: "log level",
    help: "how much the process that answers logs, until it ends",
    on: On::House,
    writes: true,
    fields: &[Field {
        name: "level",
        label: "level",
        help: "error, warn, info, debug, trace; Space turns",
        kind: FieldKind::Choice(&["error", "warn", "info", "debug", "trace"]),
        required: true,
        initial: |_| LogLevel::Info.word().to_owned(),
    }],
    fits: fits_all,
    plan: |draft| {
        let level = LogLevel::from_word(draft.values.text("level"))
            .ok_or_else(|| Refusal::of("level", "error, warn, info, debug or trace"))?;
        let request = Request::new(Method::Put, format!("{PATH}/log_level"));
        let done = |_: &Draft, reply: &Reply| {
            let set: SetLogLevel = reply.decode()?;
            Ok(Done::new(format!("the process logs from {} on", set.level)))
        };
        let call = Call::new(request.json(&SetLogLevel { level }), done);
        Ok(Plan::Send(call))
    },
};

static DELETED: Act = Act {
    noun: "system",
    verb: "deleted",
    key: Some('D'),
    label: "deleted stores",
    help: "shows the deleted stores that can come back",
    on: On::House,
    writes: false,
    fields: &[],
    fits: fits_all,
    plan: |_| Ok(Plan::Go(Place::DeletedStores)),
};
