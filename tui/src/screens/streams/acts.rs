//! What can be done to streams.

use api::console::{Because, Stream, StreamEnded};

use super::PATH;
use crate::acts::{Act, Ask, Call, Done, Draft, On, Refusal};
use crate::client::request::segment;
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::screens::users::end_streams;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&END, &END_ALL];

fn is_stream(object: &Object) -> Result<(), String> {
    match object {
        Object::Stream(_) => Ok(()),
        _ => Err("choose a stream first".to_owned()),
    }
}

fn stream(draft: &Draft) -> Result<&Stream, Refusal> {
    match draft.first()? {
        Object::Stream(stream) => Ok(stream),
        _ => Err(Refusal::new("choose a stream first")),
    }
}

/// Ends answers under way.
pub static END: Act = Act {
    noun: "streams",
    verb: "end",
    key: Some('e'),
    label: "end",
    help: "ends an answer; what was written is kept and paid for",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: is_stream,
    plan: |draft| {
        if draft.everything.is_some() {
            return Err(Refusal::new("mark the streams one by one"));
        }
        let body = Because {
            reason: draft.values.some("reason"),
        };
        let requests: Vec<Request> = draft
            .objects
            .iter()
            .map(|object| {
                Request::post(format!("{PATH}/{}/end", segment(&object.id()))).json(&body)
            })
            .collect();
        let count = requests.len();
        let call = Call::each(requests, ended);
        if count > 1 {
            let ask = Ask::yes(format!("End {count} streams"), call)
                .line("the answers so far are kept")
                .word(format!("end {count}"));
            return Ok(ask.into());
        }
        let stream = stream(draft)?;
        let ask = Ask::yes(format!("End the stream of {}", stream.email), call).line(format!(
            "{} tokens, {} settled; the answer so far is kept",
            units::count_i(stream.tokens_out),
            units::money_fine(stream.cost_nanos)
        ));
        Ok(ask.into())
    },
};

fn ended(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let ended: StreamEnded = reply.decode()?;
    Ok(Done::new(format!(
        "stream {} ended: {} tokens, {}",
        ended.id,
        units::count_i(ended.tokens_out),
        units::money_fine(ended.cost_nanos)
    )))
}

/// Ends every answer of a user.
pub static END_ALL: Act = Act {
    noun: "streams",
    verb: "end-all",
    key: Some('E'),
    label: "end all of user",
    help: "ends every answer under way of the stream's user",
    on: On::One,
    writes: true,
    fields: &[],
    fits: is_stream,
    plan: |draft| {
        let stream = stream(draft)?;
        Ok(end_streams(stream.user_id, &stream.email))
    },
};
