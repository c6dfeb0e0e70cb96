//! One feed to its end: events as they come, a sign of life while there are none, and a last word.

use std::{sync::Arc, time::Duration};

use api::console::{Bye, ByeReason, FeedEvent};
use bytes::Bytes;
use futures_util::{Stream, future::BoxFuture};
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{hub::Reader, item};
use crate::platform::clock::Clock;

/// When a reader is to come back.
const COME_BACK_MS: i64 = 1_000;

/// Says when a reader may not read any more.
pub(crate) trait Gate: Send + 'static {
    /// Resolves when that is so. Cancel safe.
    fn closes(&mut self) -> BoxFuture<'_, ByeReason>;
}

/// How patient a feed is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How often a silent feed says that it lives.
    pub(crate) sign_of_life: Duration,
    /// How long one write may be stuck.
    pub(crate) stuck: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            sign_of_life: Duration::from_secs(10),
            stuck: Duration::from_secs(10),
        }
    }
}

/// What a feed runs on.
pub(crate) struct Session<G> {
    pub(crate) reader: Reader,
    /// Sent before everything else.
    pub(crate) first: Option<Bytes>,
    pub(crate) gate: G,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stopping: CancellationToken,
    pub(crate) patience: Patience,
}

/// How a write went.
enum Wrote {
    Yes,
    /// The client has gone.
    Gone,
    Ended(ByeReason),
}

/// The way to the client: one event is under way, and one more is said at the end.
struct Out {
    frames: mpsc::Sender<Bytes>,
    last_word: Arc<Mutex<Option<Bytes>>>,
}

/// The bytes for the client, and what has to run to make them: dropping the bytes ends it.
pub(crate) fn serve<G: Gate>(
    session: Session<G>,
) -> (
    impl Stream<Item = Bytes> + Send,
    impl Future<Output = ()> + Send,
) {
    let (frames, mut written) = mpsc::channel(1);
    let last_word = Arc::new(Mutex::new(None));
    let out = Out {
        frames,
        last_word: last_word.clone(),
    };
    let bytes = async_stream::stream! {
        while let Some(frame) = written.recv().await {
            yield frame;
        }
        let last = last_word.lock().take();
        if let Some(frame) = last {
            yield frame;
        }
    };
    (bytes, run(session, out))
}

async fn run<G: Gate>(mut session: Session<G>, out: Out) {
    let feed = session.reader.feed().clone();
    match write_all(&mut session, &out).await {
        None => feed.closed("client"),
        Some(reason) => {
            feed.closed(reason.word());
            let bye = FeedEvent::Bye(Bye {
                reason,
                retry_ms: COME_BACK_MS,
            });
            *out.last_word.lock() = item::unnumbered(&bye);
        }
    }
}

/// Writes until the client has gone (`None`), or the feed has to end.
async fn write_all<G: Gate>(session: &mut Session<G>, out: &Out) -> Option<ByeReason> {
    let mut next = session.first.take();
    let mut life = tokio::time::interval(session.patience.sign_of_life);
    life.reset();
    loop {
        let frame = if let Some(frame) = next.take() {
            frame
        } else {
            tokio::select! {
                biased;
                () = session.stopping.cancelled() => return Some(ByeReason::Shutdown),
                () = out.frames.closed() => return None,
                reason = session.gate.closes() => return Some(reason),
                frame = session.reader.next() => {
                    life.reset();
                    frame
                }
                _ = life.tick() => {
                    let now = session.clock.now().to_rfc3339();
                    Bytes::from(format!(": hb {now}\n\n"))
                }
            }
        };
        match write(session, out, frame).await {
            Wrote::Yes => {}
            Wrote::Gone => return None,
            Wrote::Ended(reason) => return Some(reason),
        }
    }
}

async fn write<G: Gate>(session: &mut Session<G>, out: &Out, frame: Bytes) -> Wrote {
    let stuck = session.patience.stuck;
    tokio::select! {
        biased;
        written = timeout(stuck, out.frames.send(frame)) => match written {
            Ok(Ok(())) => Wrote::Yes,
            Ok(Err(_)) => Wrote::Gone,
            Err(_) => Wrote::Ended(ByeReason::Slow),
        },
        () = session.stopping.cancelled() => Wrote::Ended(ByeReason::Shutdown),
        reason = session.gate.closes() => Wrote::Ended(reason),
    }
}
