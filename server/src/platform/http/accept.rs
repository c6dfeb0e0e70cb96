//! Our own accept loop: connections that are too slow, too large or too many are closed, a client
//! that leaves is noticed at once, and stopping is soft first and hard after the drain time.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use poem::{
    Endpoint, Response,
    http::{StatusCode, Version, header, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::first_bytes::{FirstBytes, has_said_something, speaks_http1};

/// When to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown {
    /// Take nothing new, finish what runs.
    pub(crate) soft: CancellationToken,
    /// Drop what still runs.
    pub(crate) hard: CancellationToken,
}

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Connections at once; the rest wait in the listener's queue.
    pub(crate) connections: usize,
    /// How long a request's head may take, and a kept-alive connection be idle.
    pub(crate) header_read_timeout: Duration,
    /// The largest head of an HTTP/1 request, in bytes.
    pub(crate) head_bytes: usize,
    /// How long the peer may leave what we sent unread before the connection is dropped.
    pub(crate) write_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_read_timeout: Duration::from_secs(10),
            head_bytes: 64 * 1024,
            write_timeout: Duration::from_mins(1),
        }
    }
}

/// How long to wait when the process has run out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);
const HTTP2_STREAMS: u32 = 128;
const HTTP2_HEADER_BYTES: u32 = 32 * 1024;
const HTTP2_KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Binds an address; with port 0 the system chooses one, which `local_addr` of the result tells.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// How long a connection that comes while the server stops may take to say what it wants.
const LATE_HEAD: Duration = Duration::from_secs(1);

/// In the data of a request that came on a connection made while the server stops.
#[derive(Clone, Copy)]
pub(super) struct Late;

/// Serves `endpoint` until `stop`; returns when the last connection is gone. After `stop.soft` idle
/// connections are closed and running requests are finished; as long as there are any of before,
/// new connections are answered once each, so that who balances the load learns from `/ready` that
/// this server stops. Their requests are marked [`Late`]. `stop.hard` drops what is left. The caller
/// lets the drain time pass between the two.
pub(crate) async fn serve<E>(
    listener: TcpListener,
    endpoint: E,
    stop: Shutdown,
    limits: ConnectionLimits,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let endpoint = Arc::new(endpoint);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    let protocols = Arc::new(Protocols::of(&limits));
    loop {
        let accepted = tokio::select! {
            () = stop.soft.cancelled() => break,
            () = stop.hard.cancelled() => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                // A socket that refuses its options is still good for answering.
                if let Err(error) = tune(&stream, &limits) {
                    tracing::debug!(target: "http", %error, "socket options refused");
                }
                let connection = Connection {
                    endpoint: endpoint.clone(),
                    protocols: protocols.clone(),
                    stop: stop.clone(),
                    peer,
                    first_bytes: limits.header_read_timeout,
                    late: None,
                    _permit: permit,
                };
                connections.spawn(connection.run(stream));
            }
            Err(error) => {
                tracing::warn!(target: "http", %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
    connections.close();
    let late = Arc::new(Protocols::late(&limits));
    // Of their own, so that those who go on coming do not keep the server from its end.
    let late_connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = connections.wait() => break,
            () = stop.hard.cancelled() => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        let Ok((stream, peer, permit)) = accepted else {
            break;
        };
        let connection = Connection {
            endpoint: endpoint.clone(),
            protocols: late.clone(),
            stop: Shutdown {
                soft: CancellationToken::new(),
                hard: stop.hard.clone(),
            },
            peer,
            first_bytes: LATE_HEAD,
            late: Some(Late),
            _permit: permit,
        };
        late_connections.spawn(connection.run(stream));
    }
    drop(listener);
    late_connections.close();
    late_connections.wait().await;
    connections.wait().await;
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = permits
        .clone()
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

fn tune(stream: &TcpStream, limits: &ConnectionLimits) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(limits.write_timeout))
}

/// How connections are served: one that is known to speak HTTP/1, and one that may speak either.
struct Protocols {
    http1: Builder<TokioExecutor>,
    either: Builder<TokioExecutor>,
}

impl Protocols {
    fn of(limits: &ConnectionLimits) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read_timeout)
            .max_buf_size(limits.head_bytes);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .keep_alive_interval(HTTP2_KEEP_ALIVE)
            .max_header_list_size(HTTP2_HEADER_BYTES);
        Self {
            http1: builder.clone().http1_only(),
            either: builder,
        }
    }

    /// For connections that come while the server stops: one request each, of HTTP/1.
    fn late(limits: &ConnectionLimits) -> Self {
        let mut http1 = Self::of(&ConnectionLimits {
            header_read_timeout: LATE_HEAD,
            ..*limits
        })
        .http1;
        http1.http1().keep_alive(false);
        Self {
            either: http1.clone(),
            http1,
        }
    }
}

struct Connection<E> {
    endpoint: Arc<E>,
    protocols: Arc<Protocols>,
    stop: Shutdown,
    peer: SocketAddr,
    first_bytes: Duration,
    late: Option<Late>,
    _permit: OwnedSemaphorePermit,
}

impl<E: Endpoint<Output = Response> + 'static> Connection<E> {
    async fn run(self, stream: TcpStream) {
        let local = stream
            .local_addr()
            .map(|address| LocalAddr(address.into()))
            .unwrap_or_default();
        let peer = RemoteAddr(self.peer.into());
        let came = Instant::now();
        // Who does not know the protocol reads it apart, and hyper keeps twice the room for it for as
        // long as the connection lives.
        let known = tokio::select! {
            biased;
            known = speaks_http1(&stream, self.first_bytes) => known,
            () = self.stop.hard.cancelled() => return,
            // The runtime may not know yet of a request that has come.
            () = self.stop.soft.cancelled() => {
                if !has_said_something(&stream) {
                    return;
                }
                speaks_http1(&stream, LATE_HEAD).await
            }
        };
        let builder = match known {
            Ok(true) => &self.protocols.http1,
            Ok(false) => &self.protocols.either,
            Err(_) => return,
        };
        let stream = FirstBytes::within(self.first_bytes.saturating_sub(came.elapsed()), stream);
        let endpoint = self.endpoint;
        let late = self.late;
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            if let Some(late) = late {
                request.extensions_mut().insert(late);
            }
            let endpoint = endpoint.clone();
            let head = (local.clone(), peer.clone());
            async move {
                let response = if names_one_host(&request) {
                    let request = (request, head.0, head.1, Scheme::HTTP).into();
                    // Boxed: the connection keeps room for this future as long as it lives, and a
                    // streamed answer outlives it by far.
                    Box::pin(endpoint.get_response(request)).await
                } else {
                    ambiguous()
                };
                Ok::<http::Response<_>, Infallible>(response.into())
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::pin!(connection);
        // How a connection ends is the client's affair; requests report themselves. It is looked at
        // first: one that is told to stop before it has read its request drops it.
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = self.stop.hard.cancelled() => return,
            () = self.stop.soft.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = connection => {}
            () = self.stop.hard.cancelled() => {}
        }
    }
}

/// RFC 9112, 3.2: an HTTP/1.1 request has exactly one `Host`. Anything else is read differently by
/// different proxies, which is how requests are smuggled.
fn names_one_host(request: &http::Request<Incoming>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    match request.version() {
        Version::HTTP_11 => hosts == 1,
        _ => hosts <= 1,
    }
}

fn ambiguous() -> Response {
    Response::builder()
        .status(StatusCode::BAD_REQUEST)
        .header(header::CONNECTION, "close")
        .finish()
}
