//! An accept loop like the server's, without its limits: what is compared differs in nothing else.

use std::{convert::Infallible, sync::Arc};

use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use poem::{
    Endpoint, Response,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{net::TcpListener, task::JoinSet};

/// Serves `endpoint` until the task is dropped.
pub(crate) async fn serve<E>(listener: TcpListener, endpoint: E) -> anyhow::Result<()>
where
    E: Endpoint<Output = Response> + 'static,
{
    let endpoint = Arc::new(endpoint);
    let local = LocalAddr(listener.local_addr()?.into());
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (endpoint, head) = (endpoint.clone(), (local.clone(), RemoteAddr(peer.into())));
        connections.spawn(async move {
            let service = service_fn(move |request: http::Request<Incoming>| {
                let (endpoint, (local, remote)) = (endpoint.clone(), head.clone());
                async move {
                    let request = (request, local, remote, Scheme::HTTP).into();
                    let response = endpoint.get_response(request).await;
                    Ok::<http::Response<_>, Infallible>(response.into())
                }
            });
            // How a connection ends shows in the figures of its client.
            let _ended = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}
