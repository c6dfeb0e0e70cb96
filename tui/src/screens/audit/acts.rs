//! What can be done about acts on record.

use api::console::{AuditRecord, AuditVerification};

use super::{PATH, change, target};
use crate::acts::{Act, Ask, Call, Done, Draft, On, Plan, Refusal, fits_all};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&UNDO, &VERIFY];

/// Takes an act back, by the number of its entry.
pub fn undo(entry: i64) -> Request {
    Request::post(format!("{PATH}/{entry}/undo"))
}

fn entry(draft: &Draft) -> Result<&AuditRecord, Refusal> {
    match draft.first()? {
        Object::Entry(entry) => Ok(entry),
        _ => Err(Refusal::new("choose an entry first")),
    }
}

static UNDO: Act = Act {
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
        let call = Call::new(undo(entry.id), undone);
        if !takes(entry) {
            return Ok(Plan::Send(call));
        }
        let ask = Ask::yes(format!("Undo {} of {}", entry.action, target(entry)), call)
            .line(format!("it was: {}", change(entry)))
            .warn("undoing takes money or access away")
            .line("refused when it has changed since");
        Ok(ask.into())
    },
};

fn undone(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let by: AuditRecord = reply.decode()?;
    let id = draft.objects.first().map(Object::id).unwrap_or_default();
    let change = change(&by);
    let told = if change.is_empty() {
        String::new()
    } else {
        format!(": {change}")
    };
    Ok(Done::new(format!(
        "entry {id} is undone by {}{told}",
        by.id
    )))
}

/// Whether the reverse takes money, access or data from somebody.
fn takes(entry: &AuditRecord) -> bool {
    let limit = |side: &Option<serde_json::Value>| {
        let value = side.as_ref().and_then(|side| side.get("limit_nanos"));
        value.and_then(serde_json::Value::as_i64)
    };
    match entry.action.as_str() {
        "disable_user" | "set_notes" | "update_settings" => false,
        // No limit is more than any.
        "set_budget" | "clear_budget" => match (limit(&entry.before), limit(&entry.after)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(before), Some(after)) => before < after,
        },
        _ => true,
    }
}

static VERIFY: Act = Act {
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

/// A chain that holds is told in passing; one that does not stays until it is closed.
fn verified(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let found: AuditVerification = reply.decode()?;
    let entries = units::count_i(found.entries);
    if found.ok {
        return Ok(Done::new(format!(
            "the chain holds: {entries} entries read"
        )));
    }
    let good = found.good_to.map_or_else(
        || "no entry holds".to_owned(),
        |id| format!("good to entry {id}"),
    );
    let broken = found.broken_at.map_or_else(
        || "could not be read to its end".to_owned(),
        |id| format!("first entry that does not hold: {id}"),
    );
    Ok(Done {
        text: "THE CHAIN IS BROKEN".to_owned(),
        reveal: vec![
            broken,
            good,
            format!("{entries} entries read at {} UTC", units::moment(found.at)),
        ],
        ..Done::default()
    })
}
