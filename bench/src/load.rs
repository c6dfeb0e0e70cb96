//! The load generator: so many connections, each asking again as soon as it is answered.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::{net::TcpStream, task::JoinSet};

const WARM_UP: Duration = Duration::from_millis(700);
/// What ends a whole stream, on the OpenAI wire as on ours.
const STREAM_END: &[u8] = b"data: [DONE]\n\n";
const STREAM_ERROR: &[u8] = b"\"type\":\"error\"";

/// A request that can be sent many times.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) token: Option<String>,
    /// JSON.
    pub(crate) body: Option<String>,
}

impl Ask {
    pub(crate) fn request(&self, address: SocketAddr) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", address.to_string());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = self.body.clone().unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("x-requested-with", "XMLHttpRequest");
        }
        Ok(request.body(Full::from(body))?)
    }
}

/// Where to ask what.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// Taken in turn.
    pub(crate) asks: Vec<Ask>,
    /// Whether an answer is a stream, which must then come whole.
    pub(crate) streams: bool,
}

/// What a load came to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) answered: usize,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Figure {
    /// Of the times that answers took, in `window`.
    pub(crate) fn of(mut times: Vec<Duration>, window: Duration) -> anyhow::Result<Self> {
        if times.is_empty() {
            bail!("nothing was answered within {window:?}");
        }
        times.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 answers")]
        let per_second = times.len() as f64 / window.as_secs_f64();
        Ok(Self {
            answered: times.len(),
            per_second,
            p50_ms: quantile(&times, 50).as_secs_f64() * 1_000.0,
            p99_ms: quantile(&times, 99).as_secs_f64() * 1_000.0,
        })
    }
}

/// The value that `percent` of the sorted `values` do not exceed.
pub(crate) fn quantile<T: Copy + Default>(values: &[T], percent: usize) -> T {
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

/// The part of a load that counts: after the warm-up.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    begin: Instant,
    end: Instant,
}

impl Window {
    pub(crate) fn after_warm_up(length: Duration) -> Self {
        let begin = Instant::now() + WARM_UP;
        Self {
            begin,
            end: begin + length,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    pub(crate) fn has(&self, moment: Instant) -> bool {
        (self.begin..self.end).contains(&moment)
    }
}

/// Loads `target` for `length` after a warm-up; answers the figure, and how many answers there were
/// with those of the warm-up. Fails when any answer is not what it should be: a figure over refusals
/// would flatter.
pub(crate) async fn run(
    target: &Target,
    connections: usize,
    length: Duration,
) -> anyhow::Result<(Figure, usize)> {
    let window = Window::after_warm_up(length);
    let (target, turn) = (Arc::new(target.clone()), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        clients.spawn(client(target.clone(), turn.clone(), window));
    }
    let mut times = Vec::new();
    while let Some(ended) = clients.join_next().await {
        times.extend(ended??);
    }
    Ok((Figure::of(times, length)?, turn.load(Ordering::Relaxed)))
}

async fn client(
    target: Arc<Target>,
    turn: Arc<AtomicUsize>,
    window: Window,
) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(target.address).await?;
    let mut times = Vec::new();
    while !window.is_over() {
        let ask = &target.asks[turn.fetch_add(1, Ordering::Relaxed) % target.asks.len()];
        let request = ask.request(target.address)?;
        let began = Instant::now();
        // The last answer may be whole before its connection is free again.
        connection.sender.ready().await?;
        let answer = connection.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        let ended = Instant::now();
        check(status, &body, target.streams).with_context(|| ask.path)?;
        if window.has(ended) {
            times.push(ended - began);
        }
    }
    Ok(times)
}

fn check(status: http::StatusCode, body: &[u8], streams: bool) -> anyhow::Result<()> {
    let whole = !streams
        || (body.ends_with(STREAM_END)
            && !body
                .windows(STREAM_ERROR.len())
                .any(|part| part == STREAM_ERROR));
    if status.is_success() && whole {
        return Ok(());
    }
    bail!("answered {status}: {}", String::from_utf8_lossy(body))
}

/// A kept-alive HTTP/1.1 connection.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // A broken connection shows at the request that needs it.
            let _ended = connection.await;
        });
        Ok(Self {
            sender,
            _driver: driver,
        })
    }
}
