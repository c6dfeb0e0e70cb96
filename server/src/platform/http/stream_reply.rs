//! Answers that are sent as they come: event streams and files.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use poem::{
    Body, Response,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use serde_json::json;

use super::{
    openapi::{Description, ReplyDescription},
    problem::Problem,
    reply::Reply,
};

/// An event stream (`text/event-stream`). The bytes are sent as they are and the headers are those
/// that were set: the caller owns the frames. When the client leaves, the stream is dropped.
pub(crate) struct EventStream {
    headers: HeaderMap,
    frames: BoxStream<'static, Bytes>,
}

impl EventStream {
    pub(crate) fn new(frames: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static("text/event-stream; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, content_type);
        Self {
            headers,
            frames: frames.boxed(),
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Reply for EventStream {
    fn describe(_description: &mut Description) -> Vec<ReplyDescription> {
        let schema = json!({"type": "string"});
        vec![ReplyDescription::content(200, "text/event-stream", schema)]
    }

    fn into_response(self) -> Result<Response, Problem> {
        let frames = self.frames.map(Ok::<_, io::Error>);
        let mut response = Response::builder().body(Body::from_bytes_stream(frames));
        *response.headers_mut() = self.headers;
        Ok(response)
    }
}

/// A file, always offered for saving and never shown: what a user uploaded must not run as a page.
pub(crate) struct Download {
    name: String,
    content_type: String,
    bytes: Option<u64>,
    pieces: BoxStream<'static, io::Result<Bytes>>,
}

impl Download {
    /// `name` is shown to the user and may be any text; `bytes` is the size when it is known.
    pub(crate) fn new(
        name: impl Into<String>,
        content_type: impl Into<String>,
        bytes: Option<u64>,
        pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            content_type: content_type.into(),
            bytes,
            pieces: pieces.boxed(),
        }
    }
}

impl Reply for Download {
    fn describe(_description: &mut Description) -> Vec<ReplyDescription> {
        let schema = json!({"type": "string", "format": "binary"});
        vec![ReplyDescription::content(
            200,
            "application/octet-stream",
            schema,
        )]
    }

    fn into_response(self) -> Result<Response, Problem> {
        let mut response = Response::builder().body(Body::from_bytes_stream(self.pieces));
        let headers = response.headers_mut();
        let content_type = HeaderValue::try_from(self.content_type)
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::CONTENT_DISPOSITION, disposition(&self.name));
        if let Some(bytes) = self.bytes {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
        }
        Ok(response)
    }
}

/// `Content-Disposition` by RFC 6266: plain letters for old clients, RFC 8187 for the rest.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | ' ' => letter,
            _ => '_',
        })
        .collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_file_name_stays_a_name() {
        assert_eq!(
            disposition("a\r\nSet-Cookie: x=\"1\"; ü.pdf"),
            "attachment; filename=\"a__Set-Cookie_ x__1__ _.pdf\"; \
             filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D%221%22%3B%20%C3%BC.pdf"
        );
    }
}
