//! The house at a glance, what happens in it, and what to look at.

use api::console::{self as wire, Topic};
use poem::http::{HeaderValue, header};

use super::look;
use crate::{
    features::admin::engine::Engine,
    platform::http::{Auditor, Call, EventStream, Json, NoBody, Problem, Query, Registry},
};

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/overview", "Everything at a glance")
            .description("What the feed begins with."),
        engine.clone(),
        overview,
    );
    registry.mount_with(
        look("/api/admin/events", "Follow what happens")
            .description(
                "Server-sent events, numbered `<process epoch>.<sequence>`: `snapshot` first \
                 unless an unbroken run is resumed by `Last-Event-ID`; then `pulse` and `streams` \
                 each second, `job`, `account`, `provider`, `retention`, `alarm` and `audit` as \
                 they happen, `lost` for what a slow reader missed, and `bye` before the end. \
                 503 `feed_full`: too many follow.",
            )
            .reads_header("Last-Event-ID", "The last event that you have.")
            .refuses(&[503]),
        engine.clone(),
        events,
    );
    registry.mount_with(
        look("/api/admin/alarms", "What an admin should look at"),
        engine.clone(),
        alarms,
    );
}

async fn overview(
    engine: Engine,
    call: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::Snapshot>, Problem> {
    Ok(Json(engine.snapshot(call.principal()).await?))
}

async fn alarms(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::Alarms>, Problem> {
    let items = engine.alarms().await?;
    Ok(Json(wire::Alarms { items }))
}

async fn events(
    engine: Engine,
    call: Call<Auditor>,
    Query(query): Query<wire::FeedQuery>,
) -> Result<EventStream, Problem> {
    let topics = topics(query.topics.as_deref())?;
    let last_seen = call.header("last-event-id").map(str::trim);
    let last_seen = last_seen.filter(|id| !id.is_empty());
    let followed = engine
        .follow(call.principal(), call.credentials(), topics, last_seen)
        .await?;
    let no_transform = HeaderValue::from_static("no-cache, no-transform");
    let unbuffered = header::HeaderName::from_static("x-accel-buffering");
    Ok(EventStream::new(followed)
        .header(header::CACHE_CONTROL, no_transform)
        .header(unbuffered, HeaderValue::from_static("no")))
}

/// All when none are named.
fn topics(named: Option<&str>) -> Result<Vec<Topic>, Problem> {
    let words = named.unwrap_or_default().split(',').map(str::trim);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Ok(Topic::ALL.to_vec());
    }
    let topics = words.into_iter().map(|word| {
        Topic::from_word(word).ok_or_else(|| {
            let known: Vec<&str> = Topic::ALL.iter().map(|topic| topic.word()).collect();
            let message = format!("Must be some of {}", known.join(", "));
            Problem::invalid(&["query", "topics"], message)
        })
    });
    topics.collect()
}
