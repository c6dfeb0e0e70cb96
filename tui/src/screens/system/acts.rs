//! What can be done about the machinery.

use api::admin::{ResetDone, ResetStuck};

use crate::acts::{Act, Ask, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal, fits_all};
use crate::client::{Reply, Request};
use crate::place::Place;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&RESET, &DELETED];

static RESET: Act = Act {
    noun: "system",
    verb: "reset-stuck",
    key: Some('W'),
    label: "reset stuck documents",
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
