//! A stored answer, sent again as the frames that it had.

use bytes::Bytes;
use entities::{MessageState, chat::message};

use super::{
    frames::{DONE, Finish, Frames, StreamError},
    queries::orphans::INTERRUPTED,
    sessions,
};

/// The frames of a finished answer; its text comes in one piece.
pub(super) fn frames(answer: &message::Model, frames: Frames) -> Vec<Bytes> {
    let mut out = vec![frames.start()];
    if !answer.content.is_empty() || answer.error_code.is_none() {
        out.push(frames.text_start());
    }
    if !answer.content.is_empty() {
        out.push(Bytes::from(frames.text_delta(&answer.content)));
    }
    if let Some(error) = error_of(answer) {
        out.push(frames.error(error));
        out.push(DONE);
        return out;
    }
    out.push(frames.text_end());
    out.extend(
        sessions::citations(answer)
            .iter()
            .map(|citation| frames.source(citation)),
    );
    out.push(frames.finish(&Finish {
        reason: "stop",
        prompt_tokens: u64::try_from(answer.prompt_tokens).unwrap_or(0),
        completion_tokens: u64::try_from(answer.completion_tokens).unwrap_or(0),
        model: answer.model.as_deref().unwrap_or_default(),
        provider: answer.provider.as_deref().unwrap_or_default(),
    }));
    out.push(DONE);
    out
}

fn error_of(answer: &message::Model) -> Option<StreamError> {
    let code = answer.error_code.as_deref()?;
    let known = [
        StreamError::UpstreamUnavailable,
        StreamError::BudgetExceeded,
        StreamError::ServerShutdown,
        StreamError::Revoked,
    ];
    let error = known.into_iter().find(|error| error.code() == code);
    let broke_off = answer.state == MessageState::Failed || code == INTERRUPTED;
    error.or(broke_off.then_some(StreamError::Unexpected))
}
