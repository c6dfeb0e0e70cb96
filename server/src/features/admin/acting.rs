//! Who acts, as the record has it, and the entry that an answer names.

use entities::UserId;
use poem::http::{HeaderName, HeaderValue};

use crate::platform::{
    audit::{By, Via},
    http::{Admin, Call, Guard, Operation},
    limits::LimitClass,
};

const AUDIT_ID: HeaderName = HeaderName::from_static("x-audit-id");
/// The header by which console and shell name themselves.
const CLIENT: &str = "X-Binnacle-Client";
/// What the header is for, in the API's description.
const CLIENT_PURPOSE: &str = "`console` or `cli`: kept with the act on record.";

/// Declares what every act reads: the key that makes it happen once, and who the client is.
pub(super) fn act(operation: Operation) -> Operation {
    operation
        .limit(LimitClass::AdminAction)
        .reads_header("Idempotency-Key", "The same key does the act once.")
        .reads_header(CLIENT, CLIENT_PURPOSE)
}

/// Who acts.
pub(super) fn by(call: &Call<Admin>) -> By {
    By {
        actor: UserId(call.principal().user_id),
        via: Via::of(call.header(CLIENT)),
        request_id: call.header("x-request-id").map(str::to_owned),
        undoes: None,
    }
}

/// Names the entry of an act in the answer.
pub(super) fn recorded<G: Guard>(call: &Call<G>, audit_id: Option<i64>) {
    if let Some(id) = audit_id {
        tracing::info!(event = "admin_act", audit_id = id);
        call.set_header(AUDIT_ID, HeaderValue::from(id));
    }
}
