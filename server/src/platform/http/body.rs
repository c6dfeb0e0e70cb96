//! Request bodies: how many bytes, and how long they may take.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream::BoxStream};
use poem::{Body, Request, http::header};
use tokio::time::{Instant, Sleep};

use super::problem::Problem;
use crate::platform::tasks::Tasks;

/// The largest body that an operation reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cap {
    /// The operation reads no body.
    None,
    /// The server's cap for JSON.
    Json,
    /// A file and its form, in bytes.
    Upload(u64),
}

impl Cap {
    pub(super) fn bytes(self, json: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::Json => json,
            Self::Upload(bytes) => bytes,
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Upload(_) => "File too large",
            Self::None | Self::Json => "Request body too large",
        }
    }
}

/// A body slower than this on the whole is given up, so that one byte now and then cannot hold a
/// connection for ever.
const SLOWEST_BYTES_PER_SECOND: u64 = 64 * 1024;
/// After a refusal this much of the rest is still read and dropped: a client that is still sending
/// would otherwise see its connection reset instead of the answer.
const LINGER_BYTES: u64 = 32 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(5);

/// What a form may spend between two fields, on a boundary and a part's head. Its reader searches
/// what it holds anew with every piece that arrives, so an endless head would cost the square of its
/// length.
const PART_HEAD_BYTES: i64 = 256 * 1024;

/// Why a body ended early. Readers see an io error; the verdict says which answer it deserves.
#[derive(Clone, Default)]
pub(super) struct Verdict(Arc<Judgement>);

#[derive(Default)]
struct Judgement {
    verdict: AtomicU8,
    bytes: AtomicU64,
    /// Whether a form is looking for its next field, and what it may still read for that.
    between_fields: AtomicBool,
    part_head_left: AtomicI64,
}

// 0, the initial value, says that nothing was wrong.
const TOO_LARGE: u8 = 1;
const TOO_SLOW: u8 = 2;
const BROKEN: u8 = 3;
const ENDLESS_HEAD: u8 = 4;

impl Verdict {
    fn set(&self, verdict: u8) {
        self.0.verdict.store(verdict, Ordering::Release);
    }

    /// How much of the body has come so far.
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Acquire)
    }

    /// From here on the form looks for its next field.
    pub(super) fn leave_field(&self) {
        self.0
            .part_head_left
            .store(PART_HEAD_BYTES, Ordering::Release);
        self.0.between_fields.store(true, Ordering::Release);
    }

    /// The form has found a field; its data has no bound but the cap.
    pub(super) fn enter_field(&self) {
        self.0.between_fields.store(false, Ordering::Release);
    }

    fn exhausts_part_head(&self, size: u64) -> bool {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.0.between_fields.load(Ordering::Acquire)
            && self.0.part_head_left.fetch_sub(size, Ordering::AcqRel) < size
    }

    /// The problem with the body itself, if there is one.
    pub(super) fn problem(&self, cap: Cap) -> Option<Problem> {
        match self.0.verdict.load(Ordering::Acquire) {
            TOO_LARGE => Some(Problem::payload_too_large(cap.message())),
            TOO_SLOW => Some(Problem::request_timeout()),
            ENDLESS_HEAD => Some(Problem::bad_request(
                "A part of the form has an endless head",
            )),
            BROKEN => Some(Problem::bad_request("The request body ended too early")),
            _ => None,
        }
    }
}

/// A body that has not been read: counted, timed, and drained when it is dropped half-read.
pub(crate) struct Incoming {
    cap: Cap,
    verdict: Verdict,
    body: CappedBody,
}

impl Incoming {
    /// Takes the body out of the request; `json_cap` in bytes.
    pub(super) fn take(
        request: &mut Request,
        cap: Cap,
        json_cap: u64,
        idle: Duration,
        tasks: &Tasks,
    ) -> Self {
        let body = request.take_body();
        let verdict = Verdict::default();
        let bytes = cap.bytes(json_cap);
        let whole = idle + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND);
        let now = Instant::now();
        let ended = body.is_empty();
        let stream = body.into_bytes_stream().boxed();
        let body = CappedBody {
            inner: stream,
            ended,
            left: bytes,
            idle,
            deadline: now + whole,
            timer: Box::pin(tokio::time::sleep_until(now + idle)),
            verdict: verdict.clone(),
            tasks: tasks.clone(),
        };
        Self { cap, verdict, body }
    }

    /// What is found out about the body as it is read.
    pub(super) fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    /// Refuses a body that says beforehand that it is too large.
    pub(super) fn check_declared(&self, request: &Request) -> Result<(), Problem> {
        let declared = request
            .header(header::CONTENT_LENGTH)
            .and_then(|text| text.parse::<u64>().ok());
        match declared {
            Some(declared) if declared > self.body.left && self.cap != Cap::None => {
                Err(Problem::payload_too_large(self.cap.message()))
            }
            _ => Ok(()),
        }
    }

    /// The whole body in memory.
    pub(super) async fn read(mut self) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.body.next().await {
            match piece {
                Ok(piece) => bytes.extend_from_slice(&piece),
                Err(error) => {
                    let problem = self.verdict.problem(self.cap);
                    return Err(problem.unwrap_or_else(|| Problem::internal(error)));
                }
            }
        }
        Ok(bytes)
    }

    /// The body as a stream for poem's readers, and what to ask when they fail.
    pub(super) fn into_stream(self) -> (Body, Verdict, Cap) {
        (Body::from_bytes_stream(self.body), self.verdict, self.cap)
    }
}

struct CappedBody {
    inner: BoxStream<'static, io::Result<Bytes>>,
    ended: bool,
    left: u64,
    idle: Duration,
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
    verdict: Verdict,
    tasks: Tasks,
}

impl CappedBody {
    fn fail(&mut self, verdict: u8, error: io::Error) -> Poll<Option<io::Result<Bytes>>> {
        self.verdict.set(verdict);
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for CappedBody {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.inner.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(piece))) => {
                let size = piece.len() as u64;
                self.verdict.0.bytes.fetch_add(size, Ordering::AcqRel);
                if size > self.left {
                    let error = io::Error::other("body over its cap");
                    return self.fail(TOO_LARGE, error);
                }
                self.left -= size;
                if self.verdict.exhausts_part_head(size) {
                    let error = io::Error::other("endless part head");
                    return self.fail(ENDLESS_HEAD, error);
                }
                let next = (Instant::now() + self.idle).min(self.deadline);
                self.timer.as_mut().reset(next);
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.ended = true;
                self.fail(BROKEN, error)
            }
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => match self.timer.poll_unpin(context) {
                Poll::Ready(()) => {
                    self.ended = true;
                    self.fail(TOO_SLOW, io::ErrorKind::TimedOut.into())
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl Drop for CappedBody {
    fn drop(&mut self) {
        if self.ended || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let rest = std::mem::replace(&mut self.inner, futures_util::stream::empty().boxed());
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn("rest of a refused body", async move {
            // Past the limits the connection is closed under the client; it was told to stop.
            let drained = tokio::time::timeout(LINGER, drain(rest));
            let _ = stopping.run_until_cancelled(drained).await;
        });
    }
}

async fn drain(mut rest: BoxStream<'static, io::Result<Bytes>>) {
    let mut drained = 0;
    while let Some(Ok(piece)) = rest.next().await {
        drained += piece.len() as u64;
        if drained > LINGER_BYTES {
            return;
        }
    }
}
