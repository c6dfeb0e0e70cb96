//! Acts on the sign-ins of a user: all of them, or one.

use api::console::{AccountSession, AccountsAction, Ended};

use super::access::bulk;
use super::acts::{address, user};
use crate::acts::{Act, Ask, Call, Done, Draft, Field, FieldKind, On, Plan, empty, fits_all};
use crate::client::request::{Page, segment};
use crate::client::{Failure, Method, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// The field of [`END_SESSION`].
pub const SIGN_IN: &str = "sign-in";

pub static END_ALL: Act = Act {
    noun: "users",
    verb: "sessions",
    key: None,
    label: "end sign-ins",
    help: "signs a user out everywhere",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |draft| {
        if draft.is_bulk() {
            return bulk(draft, AccountsAction::EndSessions);
        }
        let user = user(draft)?;
        let request = Request::new(Method::Delete, format!("{}/sessions", address(user.id)));
        let call = Call::new(request, signed_out);
        if user.sessions <= 1 {
            return Ok(Plan::Send(call));
        }
        let ask = Ask::yes(format!("Sign {} out", user.email), call);
        Ok(ask.line(format!("signs out {}", user.sessions)).into())
    },
};

fn signed_out(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let ended: Ended = reply.decode()?;
    let name = draft.objects.first().map(Object::name).unwrap_or_default();
    let text = match ended.sessions {
        1 => format!("{name}: 1 sign-in ended"),
        count => format!("{name}: {count} sign-ins ended"),
    };
    Ok(Done::new(text))
}

/// Ends one sign-in.
pub static END_ONE: Act = Act {
    noun: "users",
    verb: "end-session",
    key: Some('S'),
    label: "end sign-in",
    help: "ends one sign-in of a user: the one under the cursor of Sign-ins",
    on: On::One,
    writes: true,
    fields: &[Field {
        name: SIGN_IN,
        label: "sign-in",
        help: "its id; in Sign-ins the row under the cursor is taken",
        kind: FieldKind::Text,
        required: true,
        initial: empty,
    }],
    fits: fits_all,
    plan: |draft| {
        let request = Request::get(format!("{}/sessions", address(user(draft)?.id)));
        Ok(Plan::look(request.with("limit", "200"), found))
    },
};

fn found(draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
    let page: Page<AccountSession> = reply.decode()?;
    let pointless = |text: String| Failure::Pointless(text);
    let user = user(draft).map_err(|refusal| pointless(refusal.text))?;
    let wanted = draft.values.text(SIGN_IN);
    let session = page
        .items
        .iter()
        .find(|session| session.id.to_string() == wanted)
        .ok_or_else(|| pointless(format!("{} has no sign-in {wanted}", user.email)))?;
    let path = format!("{}/sessions/{}", address(user.id), segment(wanted));
    let call = Call::new(Request::new(Method::Delete, path), signed_out);
    let ask = Ask::yes(format!("End a sign-in of {}", user.email), call)
        .line(format!(
            "{} at {}",
            session.client.as_deref().unwrap_or("an unnamed program"),
            session.address.as_deref().unwrap_or("an unknown address"),
        ))
        .line(format!(
            "since {}, seen {} UTC",
            units::moment(session.created_at),
            units::moment(session.last_seen_at)
        ));
    Ok(ask.into())
}
