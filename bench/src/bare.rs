//! What Binnacle is compared with: poem with nothing around it, in a process of its own.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use poem::{
    Body, EndpointExt as _, Response, Route, handler,
    http::{StatusCode, header},
    web::Data,
};
use tokio::net::TcpListener;

/// The upstream as the proxy knows it.
#[derive(Clone)]
struct Upstream {
    client: reqwest::Client,
    url: String,
}

/// Serves `GET /hello` and `POST /chat` until the process is ended.
pub(crate) async fn serve(port: u16, upstream: &str) -> anyhow::Result<()> {
    let upstream = Upstream {
        client: client()?,
        url: format!("{upstream}/chat/completions"),
    };
    let routes = Route::new()
        .at("/hello", poem::get(hello))
        .at("/chat", poem::post(proxy))
        .data(upstream)
        .map_to_response();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    crate::accept::serve(listener, routes).await
}

/// A client like the server's own.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tcp_nodelay(true)
        .no_proxy()
        .build()
        .context("no HTTP client")
}

#[handler]
fn hello() -> &'static str {
    "hello"
}

/// Hands the question on and the answer back, as it comes.
#[handler]
async fn proxy(body: Body, Data(upstream): Data<&Upstream>) -> poem::Result<Response> {
    let answer = upstream
        .client
        .post(&upstream.url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into_bytes().await?)
        .send()
        .await
        .map_err(|error| poem::Error::new(error, StatusCode::BAD_GATEWAY))?;
    let stream = answer.bytes_stream().map_err(std::io::Error::other);
    Ok(Response::builder()
        .content_type("text/event-stream")
        .header(header::CACHE_CONTROL, "no-cache")
        .body(Body::from_bytes_stream(stream)))
}
