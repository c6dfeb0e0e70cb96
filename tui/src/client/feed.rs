//! The feed: asked for again and again, resumed by the last event's number.

use std::time::Duration;

use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt};
use tokio::sync::{Notify, mpsc};

use super::auth::Client;
use super::backoff::Backoff;
use super::{Failure, Request};
use crate::message::FeedMessage;

/// After this long without a byte the line is lost: the server comments every ten seconds.
const SILENCE: Duration = Duration::from_secs(25);

/// Everything that the console follows.
const TOPICS: &str = "pulse,alarms,jobs,streams,accounts,retention,providers,audit";

/// Follows the feed for ever; `wake` makes it try at once. `jitter` gives a number of 0 to 1.
pub async fn follow(
    client: Client,
    out: mpsc::Sender<FeedMessage>,
    wake: std::sync::Arc<Notify>,
    jitter: impl Fn() -> f64,
) {
    let mut backoff = Backoff::default();
    let mut last_id = None;
    loop {
        if out.send(FeedMessage::Connecting).await.is_err() {
            return;
        }
        let outcome = read(&client, TOPICS, &mut last_id, &out, &mut backoff).await;
        let Err(failure) = outcome else { return };
        if failure == Failure::SignIn {
            if out.send(FeedMessage::SignIn).await.is_err() {
                return;
            }
            wake.notified().await;
            continue;
        }
        let mut pause = backoff.next(jitter());
        if let Some(wait) = failure.retry_after_s().filter(|_| failure.status() == 429) {
            pause = pause.max(Duration::from_secs(wait));
        }
        let lost = FeedMessage::Lost {
            reason: failure.to_string(),
            retry_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
        };
        if out.send(lost).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = wake.notified() => {}
        }
    }
}

/// Reads one connection to its end. `Ok` when nobody listens any more.
pub async fn read(
    client: &Client,
    topics: &str,
    last_id: &mut Option<String>,
    out: &mpsc::Sender<FeedMessage>,
    backoff: &mut Backoff,
) -> Result<(), Failure> {
    let request = Request::get("/api/admin/events").with("topics", topics);
    let response = client.open(&request, last_id.as_deref()).await?;
    backoff.reset();
    if out.send(FeedMessage::Open).await.is_err() {
        return Ok(());
    }
    // A comment is no event; so that silence can be told from calm, the bytes are watched.
    let (beat, mut beats) = mpsc::channel::<()>(1);
    let bytes = watched(response, beat);
    let mut events = std::pin::pin!(bytes.eventsource());
    loop {
        let message = tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Ok(event)) => {
                    if !event.id.is_empty() {
                        *last_id = Some(event.id.clone());
                    }
                    FeedMessage::Event { id: event.id, event: event.event, data: event.data }
                }
                Some(Err(EventStreamError::Transport(failure))) => return Err(failure),
                Some(Err(_)) => return Err(Failure::Network {
                    reason: "the feed is not what was expected".to_owned(),
                }),
                None => return Err(Failure::Network {
                    reason: "the server closed the feed".to_owned(),
                }),
            },
            Some(()) = beats.recv() => FeedMessage::Heartbeat,
        };
        if out.send(message).await.is_err() {
            return Ok(());
        }
    }
}

/// The bytes of the answer; silence ends them with a failure.
fn watched(
    response: reqwest::Response,
    beat: mpsc::Sender<()>,
) -> impl Stream<Item = Result<Vec<u8>, Failure>> {
    let chunks = response.bytes_stream();
    futures_util::stream::unfold(
        (Box::pin(chunks), beat, false),
        |(mut chunks, beat, over)| async move {
            if over {
                return None;
            }
            match tokio::time::timeout(SILENCE, chunks.next()).await {
                Ok(Some(Ok(chunk))) => {
                    let comment = chunk.first() == Some(&b':');
                    if comment {
                        // A full channel has a beat in it already.
                        let _told = beat.try_send(());
                    }
                    Some((Ok(chunk.to_vec()), (chunks, beat, false)))
                }
                Ok(Some(Err(error))) => {
                    Some((Err(super::http::network(&error)), (chunks, beat, true)))
                }
                Ok(None) => None,
                Err(_) => {
                    let failure = Failure::Network {
                        reason: format!("nothing was heard for {} s", SILENCE.as_secs()),
                    };
                    Some((Err(failure), (chunks, beat, true)))
                }
            }
        },
    )
}
