//! The one upstream of all that is compared: it speaks the OpenAI wire and answers by a set shape.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::Stream;
use poem::{Body, EndpointExt as _, Response, Route, handler, web::Data};
use tokio::{net::TcpListener, task::JoinSet};

/// Precedes the moment at which a paced piece was sent, in microseconds of the upstream's clock.
pub(crate) const STAMP: char = '@';

/// The upstream, running in this process until it is dropped.
pub(crate) struct Upstream {
    address: SocketAddr,
    shape: Arc<Shape>,
    _server: JoinSet<anyhow::Result<()>>,
}

struct Shape {
    deltas: AtomicUsize,
    pause_micros: AtomicU64,
    born: Instant,
}

impl Upstream {
    /// Starts one on a free port.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shape = Arc::new(Shape {
            deltas: AtomicUsize::new(0),
            pause_micros: AtomicU64::new(0),
            born: Instant::now(),
        });
        let routes = Route::new()
            .at("/v1/chat/completions", poem::post(answer))
            .data(shape.clone())
            .map_to_response();
        let mut server = JoinSet::new();
        server.spawn(crate::accept::serve(listener, routes));
        Ok(Self {
            address,
            shape,
            _server: server,
        })
    }

    /// The base URL, with its version path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What answers look like from now on. Pieces of paced answers carry their time of sending.
    pub(crate) fn answer_with(&self, deltas: usize, pause: Duration) {
        let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        self.shape.deltas.store(deltas, Ordering::Relaxed);
        self.shape.pause_micros.store(micros, Ordering::Relaxed);
    }

    /// Microseconds of the upstream's clock.
    pub(crate) fn clock(&self) -> impl Fn() -> u64 + Clone + Send + 'static {
        let born = self.shape.born;
        move || micros_since(born)
    }
}

fn micros_since(born: Instant) -> u64 {
    u64::try_from(born.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[handler]
async fn answer(body: Body, Data(shape): Data<&Arc<Shape>>) -> poem::Result<Response> {
    body.into_bytes().await?;
    Ok(Response::builder()
        .content_type("text/event-stream")
        .body(Body::from_bytes_stream(pieces(shape.clone()))))
}

fn pieces(shape: Arc<Shape>) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    async_stream::stream! {
        let deltas = shape.deltas.load(Ordering::Relaxed);
        let pause = Duration::from_micros(shape.pause_micros.load(Ordering::Relaxed));
        let mut ticks = (!pause.is_zero()).then(|| tokio::time::interval(pause));
        for number in 0..deltas {
            let text = match &mut ticks {
                Some(ticks) => {
                    ticks.tick().await;
                    format!(" word{number}{STAMP}{}", micros_since(shape.born))
                }
                None => format!(" word{number} of the answer"),
            };
            yield Ok(Bytes::from(format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
            )));
        }
        yield Ok(Bytes::from(format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}],\
             \"usage\":{{\"prompt_tokens\":40,\"completion_tokens\":{deltas}}}}}\n\n"
        )));
        yield Ok(Bytes::from_static(b"data: [DONE]\n\n"));
    }
}
