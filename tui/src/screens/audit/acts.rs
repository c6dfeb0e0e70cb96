//! What can be done about acts on record.

use api::console::{AuditRecord, AuditVerification};

use super::{change, target};
use crate::acts::{Act, Ask, Call, Done, Draft, On, Plan, Refusal, fits_all};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&UNDO, &VERIFY];

fn entry(draft: &Draft) -> Result<&AuditRecord, Refusal> {
    match draft.first()? {
        Object::Entry(entry) => Ok(entry),
        _ => Err(Refusal::new("choose an entry first")),
    }
}

/// Takes an act back.
pub static UNDO: Act = Act {
    noun: "audit",
    verb: "undo",
    key: Some('u'),
    label: "undo this act",
    help: "does the reverse, unless it changed since",
    on: On::One,
    writes: true,
    fields: &[],
    fits: |object| match object {
        Object::Entry(entry) if entry.undo.possible => Ok(()),
        Object::Entry(entry) => Err(match entry.undo.undone_by {
            Some(by) => format!("entry {by} undid it"),
            None => format!("{} cannot be undone", entry.action),
        }),
        _ => Err("choose an entry first".to_owned()),
    },
    plan: |draft| {
        let entry = entry(draft)?;
        let request = Request::post(format!("/api/admin/audit/{}/undo", entry.id));
        let done = |draft: &Draft, _: &Reply| {
            let id = draft.objects.first().map(Object::id).unwrap_or_default();
            Ok(Done::new(format!("entry {id} is undone")))
        };
        let ask = Ask::yes(
            format!("Undo {} of {}", entry.action, target(entry)),
            Call::new(request, done),
        )
        .line(format!("it was: {}", change(entry)))
        .line("refused when it has changed since");
        Ok(ask.into())
    },
};

/// Checks the chain.
pub static VERIFY: Act = Act {
    noun: "audit",
    verb: "verify",
    key: Some('V'),
    label: "verify chain",
    help: "reads every entry and checks that none was changed",
    on: On::House,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |_| {
        let request = Request::post("/api/admin/audit/verify");
        Ok(Plan::Send(Call::new(request, verified)))
    },
};

fn verified(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let found: AuditVerification = reply.decode()?;
    let entries = units::count_i(found.entries);
    Ok(Done::new(match found.broken_at {
        _ if found.ok => format!("the chain holds: {entries} entries read"),
        Some(at) => format!("THE CHAIN IS BROKEN at entry {at}; {entries} entries read"),
        None => format!("the chain could not be checked to its end; {entries} entries read"),
    }))
}
