//! The routes of chat: parse, authorise, one call, render.

use entities::{MessageId, StoreId, UserId};
use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue};
use poem_openapi::Object;
use serde::Deserialize;
use uuid::Uuid;

use api::chat::{ChatMessage, ChatSession, Model, RenameSession};

use super::{
    Chat, ChatError,
    ask::Asked,
    frames::{DONE, Frames, Profile, StreamError, error_frame},
    idempotency::OPERATION,
    replay,
    request::{ChatBody, Question},
    stream::{self as bytes_of, Reading},
};
use crate::platform::{
    feed::Ender,
    http::{
        Call, EventStream, Json, Member, NoBody, NoContent, Operation, Problem, Query, Registry,
    },
    limits::LimitClass,
};

/// Mounts the routes.
pub(crate) fn register(registry: &mut Registry, chat: &Chat) {
    let service = || chat.clone();
    let tagged = |operation: Operation| operation.tag("chat");
    registry.mount_with(
        tagged(Operation::post("/api/chat").summary("Ask a question; the answer comes as an event stream"))
            .limit(LimitClass::Chat)
            .reads_header("Idempotency-Key", "A repetition with the same key and body gives the stored answer again, without a charge.")
            .reads_header("X-Stream-Profile", "`ai-sdk`: only the members that the AI-SDK's strict schemas accept.")
            .reads_header("X-Stream-Resume", "`1`: frames carry `id:` lines, so that the stream can be resumed.")
            .refuses(&[400, 402, 404, 409]),
        service(),
        ask,
    );
    registry.mount_with(
        tagged(Operation::get("/api/chat/streams/{id}").summary("Continue to read an answer"))
            .path_parameter("id", "string")
            .reads_header(
                "Last-Event-ID",
                "The number of the last frame that was read.",
            )
            .refuses(&[404]),
        service(),
        resume,
    );
    registry.mount_with(
        tagged(Operation::delete("/api/chat/streams/{id}").summary("Stop an answer"))
            .path_parameter("id", "string")
            .refuses(&[404]),
        service(),
        stop,
    );
    registry.mount_with(
        tagged(Operation::get("/api/chat/sessions").summary("List your conversations")),
        service(),
        sessions,
    );
    registry.mount_with(
        tagged(Operation::get("/api/chat/sessions/{id}/messages").summary("Read a conversation"))
            .refuses(&[404]),
        service(),
        messages,
    );
    registry.mount_with(
        tagged(Operation::patch("/api/chat/sessions/{id}").summary("Rename a conversation"))
            .refuses(&[404]),
        service(),
        rename,
    );
    registry.mount_with(
        tagged(Operation::delete("/api/chat/sessions/{id}").summary("Delete a conversation"))
            .refuses(&[404]),
        service(),
        delete,
    );
    registry.mount_with(
        tagged(Operation::get("/api/models").summary("List the models that may be asked")),
        service(),
        models,
    );
}

fn user(call: &Call<Member>) -> UserId {
    UserId(call.principal().user_id)
}

const STREAM_HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-cache, no-transform"),
    ("connection", "keep-alive"),
    ("x-vercel-ai-ui-message-stream", "v1"),
    ("x-accel-buffering", "no"),
];

async fn ask(
    chat: Chat,
    call: Call<Member>,
    Json(body): Json<ChatBody>,
) -> Result<EventStream, Problem> {
    let profile = Profile::from_header(call.header("x-stream-profile"));
    let key = call.idempotency_key(OPERATION, &body.canonical())?;
    let question = Question::parse(body)?;
    let checked = chat.check(user(&call), question).await?;
    call.limit(LimitClass::Chat).await?;
    match chat.ask(checked, key, profile).await? {
        Asked::Answering {
            reader,
            stream_id,
            session_key,
            ..
        } => {
            let reading = Reading {
                profile,
                numbered: call.header("x-stream-resume") == Some("1"),
                keepalive: chat.0.settings.keepalive,
                lost: StreamError::Backpressure,
            };
            let reply = with_headers(EventStream::new(bytes_of::frames(reader, reading)));
            Ok(named(reply, &session_key, Some(stream_id)))
        }
        Asked::Again {
            answer,
            session_key,
        } => {
            let frames = Frames {
                profile,
                message_id: chat.0.entropy.uuid(),
                text_id: chat.0.entropy.uuid(),
            };
            let reply = with_headers(EventStream::new(stream::iter(replay::frames(
                &answer, frames,
            ))));
            Ok(named(reply, &session_key, answer.stream_id))
        }
        Asked::NoCapacity => Ok(refused(profile, StreamError::CapacityExceeded)),
    }
}

/// A stream that holds nothing but an error.
fn refused(profile: Profile, error: StreamError) -> EventStream {
    with_headers(EventStream::new(stream::iter([
        error_frame(profile, error),
        DONE,
    ])))
}

fn with_headers(reply: EventStream) -> EventStream {
    STREAM_HEADERS
        .into_iter()
        .fold(reply, |reply, (name, value)| {
            reply.header(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
}

/// Names the conversation and the stream. A session id that is not known, or that no header can hold,
/// is left out.
fn named(mut reply: EventStream, session_key: &str, stream_id: Option<Uuid>) -> EventStream {
    if !session_key.is_empty()
        && let Ok(value) = HeaderValue::try_from(session_key)
    {
        reply = reply.header(HeaderName::from_static("x-session-id"), value);
    }
    if let Some(value) = stream_id.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
        reply = reply.header(HeaderName::from_static("x-stream-id"), value);
    }
    reply
}

async fn resume(chat: Chat, call: Call<Member>, _: NoBody) -> Result<EventStream, Problem> {
    let id: Uuid = call.path_or_missing("id", "Stream not found")?;
    let last_seen = match call.header("last-event-id").map(str::trim) {
        None | Some("") => 0,
        Some(number) => number.parse().map_err(|_| {
            Problem::bad_request("Last-Event-ID must be the number of a frame that was read")
        })?,
    };
    let profile = Profile::from_header(call.header("x-stream-profile"));
    let resumed = chat.0.streams.resume(user(&call), id, last_seen).await;
    let Some(reader) = resumed else {
        chat.answer_of(user(&call), id).await?;
        chat.0.streams.count_lost();
        return Ok(refused(profile, StreamError::Lost));
    };
    let reading = Reading {
        profile,
        numbered: true,
        keepalive: chat.0.settings.keepalive,
        lost: StreamError::Lost,
    };
    let reply = with_headers(EventStream::new(bytes_of::frames(reader, reading).boxed()));
    Ok(named(reply, "", Some(id)))
}

async fn stop(chat: Chat, call: Call<Member>, _: NoBody) -> Result<NoContent, Problem> {
    let id: Uuid = call.path_or_missing("id", "Stream not found")?;
    if !chat.0.streams.stop(user(&call), id) {
        // It is this user's, and another process may be writing it.
        chat.answer_of(user(&call), id).await?;
        chat.0.relay.end_stream(id, Ender::Owner).await;
    }
    Ok(NoContent)
}

/// Which conversations to list.
#[derive(Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct ListSessions {
    /// Only those of this store.
    store_id: Option<i64>,
    /// 1 to 200; 50 by default.
    limit: Option<u64>,
}

/// Messages of one answer.
const MOST_MESSAGES: u64 = 1_000;

/// Which messages of a conversation to read.
#[derive(Debug, Deserialize, Object)]
struct ReadMessages {
    /// Only those before this one, to go back in a long conversation.
    before: Option<i64>,
    /// At most so many, the latest: 1 to 1,000; 1,000 by default.
    limit: Option<u64>,
}

async fn sessions(
    chat: Chat,
    call: Call<Member>,
    Query(query): Query<ListSessions>,
) -> Result<Json<Vec<ChatSession>>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid(
            &["query", "limit"],
            "Must be between 1 and 200",
        ));
    }
    Ok(Json(
        chat.sessions(user(&call), query.store_id.map(StoreId), limit)
            .await?,
    ))
}

/// The conversation that the path names. No conversation's name has a NUL in it, and PostgreSQL
/// cannot be asked for one.
fn session_key(call: &Call<Member>) -> Result<String, Problem> {
    let key: String = call.path("id")?;
    if key.contains('\0') {
        return Err(ChatError::SessionNotFound.into());
    }
    Ok(key)
}

async fn messages(
    chat: Chat,
    call: Call<Member>,
    Query(query): Query<ReadMessages>,
) -> Result<Json<Vec<ChatMessage>>, Problem> {
    let key = session_key(&call)?;
    let limit = query.limit.unwrap_or(MOST_MESSAGES);
    if !(1..=MOST_MESSAGES).contains(&limit) {
        return Err(Problem::invalid(
            &["query", "limit"],
            format!("Must be between 1 and {MOST_MESSAGES}"),
        ));
    }
    let before = query.before.map(MessageId);
    Ok(Json(chat.messages(user(&call), &key, before, limit).await?))
}

async fn rename(
    chat: Chat,
    call: Call<Member>,
    Json(body): Json<RenameSession>,
) -> Result<Json<ChatSession>, Problem> {
    let key = session_key(&call)?;
    Ok(Json(chat.rename(user(&call), &key, &body.title).await?))
}

async fn delete(chat: Chat, call: Call<Member>, _: NoBody) -> Result<NoContent, Problem> {
    let key = session_key(&call)?;
    chat.delete(user(&call), &key).await?;
    Ok(NoContent)
}

async fn models(chat: Chat, _call: Call<Member>, _: NoBody) -> Result<Json<Vec<Model>>, Problem> {
    let choices = chat.0.gateway.models().choices();
    Ok(Json(
        choices
            .iter()
            .map(|choice| Model {
                id: choice.id.clone(),
                provider: choice.model.provider.as_str().to_owned(),
                default: choice.is_default,
            })
            .collect(),
    ))
}

impl Chat {
    /// The stored answer of a stream of this user.
    async fn answer_of(
        &self,
        user: UserId,
        stream_id: Uuid,
    ) -> Result<entities::chat::message::Model, ChatError> {
        super::queries::answer_of_stream(self.0.db.read(), user, stream_id)
            .await
            .map_err(super::error::db)?
            .ok_or(ChatError::StreamNotFound)
    }
}
