//! The same over HTTP/2, which nginx turns into HTTP/1.1 for the server: what is text there must not
//! become a line here. Frames by hand: no client would send these.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use super::{nginx::Proxy, upstream::Upstream};

/// What an attacker hides in a body, a value or a path.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: house\r\n\r\n";

/// The field by which a request is known again.
const MARK: &str = "x-attack";

/// A request in frames.
struct Request {
    what: &'static str,
    /// Name and value, pseudo-headers first.
    fields: Vec<(String, String)>,
    body: Option<String>,
    trailers: Vec<(String, String)>,
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(owned).collect()
}

impl Request {
    /// A good one, with these fields beside.
    fn with(what: &'static str, method: &str, fields: &[(&str, &str)]) -> Self {
        let mut all = pairs(&[
            (":method", method),
            (":scheme", "https"),
            (":authority", "house"),
            (":path", "/a"),
        ]);
        all.extend(pairs(fields));
        Self {
            what,
            fields: all,
            body: None,
            trailers: Vec::new(),
        }
    }

    /// With another value in place of the good one.
    fn instead(what: &'static str, name: &str, value: &str) -> Self {
        let mut request = Self::with(what, "GET", &[]);
        for (known, good) in &mut request.fields {
            if known == name {
                value.clone_into(good);
            }
        }
        request
    }

    fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, 0, &[]));
        let last = |is_last: bool| if is_last { END_STREAM } else { 0 };
        let is_last = self.body.is_none() && self.trailers.is_empty();
        let head = block(&self.fields);
        bytes.extend(frame(HEADERS, END_HEADERS | last(is_last), 1, &head));
        if let Some(body) = &self.body {
            let flags = last(self.trailers.is_empty());
            bytes.extend(frame(DATA, flags, 1, body.as_bytes()));
        }
        if !self.trailers.is_empty() {
            let tail = block(&self.trailers);
            bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &tail));
        }
        bytes
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block of literals: no table, no Huffman.
fn block(fields: &[(String, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            let length = u8::try_from(text.len()).ok().filter(|length| *length < 127);
            bytes.push(length.expect("a length of one byte"));
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// How the proxy answered: with 200, with something else, or by ending stream or connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Passed,
    Refused,
}

fn read(mut bytes: &[u8]) -> Option<Answer> {
    let mut found = None;
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        // The status comes first; 200 is number 8 of the static table.
        found = match head[3] {
            HEADERS if payload.first() == Some(&0x88) => Some(Answer::Passed),
            HEADERS | RST_STREAM | GOAWAY => found.or(Some(Answer::Refused)),
            _ => found,
        };
    }
    found
}

fn post(what: &'static str, fields: &[(&str, &str)]) -> Request {
    Request::with(what, "POST", fields).body(HIDDEN)
}

fn get(what: &'static str, fields: &[(&str, &str)]) -> Request {
    Request::with(what, "GET", fields)
}

/// Where a body ends.
fn in_bodies() -> Vec<Request> {
    let chunks = format!("0\r\n\r\n{HIDDEN}");
    let length = HIDDEN.len().to_string();
    let of_chunks = chunks.len().to_string();
    let coded = ("transfer-encoding", "chunked");
    let both = [coded, ("content-length", of_chunks.as_str())];
    let connection = [("connection", "transfer-encoding"), coded];
    let two = [("content-length", "0"), ("content-length", length.as_str())];
    let list = format!("0, {length}");
    let mut trailing = post("a length in a trailer", &[]);
    trailing.trailers = pairs(&[("content-length", "0"), coded]);
    vec![
        post("a length below the data", &[("content-length", "0")]),
        post("a length above the data", &[("content-length", "4096")]),
        post("two lengths", &two),
        post("a list of lengths", &[("content-length", &list)]),
        post("a length without data", &[("content-length", &length)]).body(""),
        post("a coding", &[coded]).body(&*chunks),
        post("a coding and a length", &both).body(&*chunks),
        post("a coding in capitals", &[("Transfer-Encoding", "chunked")]).body(&*chunks),
        post("a connection's field", &connection).body(&*chunks),
        trailing,
    ]
}

/// What would be a line of its own in HTTP/1.1.
fn in_fields() -> Vec<Request> {
    let request = format!("y\r\n\r\n{HIDDEN}");
    let coding = "y\r\nTransfer-Encoding: chunked";
    let upgrade = [
        ("upgrade", "h2c"),
        ("connection", "upgrade, http2-settings"),
    ];
    vec![
        get("a line end in a value", &[("x", coding)]),
        get("a line feed in a value", &[("x", "y\nContent-Length: 40")]),
        get("a null in a value", &[("x", "y\0z")]),
        get("a request in a value", &[("x", &request)]),
        get("a line end in a name", &[("x: y\r\nz", "1")]),
        get("a colon in a name", &[("content-length: 40\r\nx", "1")]),
        get("a blank in a name", &[("content-length ", "40")]),
        get("another host", &[("host", "other\r\nX: y")]),
        get("a false name of a part", &[(":status", "200")]),
        get("an upgrade", &upgrade),
    ]
}

/// What would be the first line, or the host.
fn in_parts() -> Vec<Request> {
    let line = "/a HTTP/1.1\r\nHost: house";
    let request = format!("/a HTTP/1.1\r\n\r\n{HIDDEN}");
    let method = "GET /hidden HTTP/1.1\r\nX:";
    let host = "house\r\nTransfer-Encoding: chunked";
    let mut doubled = get("two paths", &[]);
    let other = (":path".to_owned(), "/hidden".to_owned());
    doubled.fields.insert(4, other);
    vec![
        Request::instead("a blank in the path", ":path", "/a b"),
        Request::instead("a version in the path", ":path", line),
        Request::instead("a request in the path", ":path", &request),
        Request::instead("an empty path", ":path", ""),
        Request::instead("a request in the method", ":method", method),
        Request::instead("a blank in the method", ":method", "GET /hidden"),
        Request::instead("a line in the host", ":authority", host),
        doubled,
        get("no path", &[]).without(":path"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_hides_in_frames() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Arc::new(Proxy::before(&upstream.base, &[]).await);
    let good = Request::with("nothing", "POST", &[("content-length", "4")]).body("here");
    let requests: Vec<Request> = std::iter::once(good)
        .chain(in_bodies())
        .chain(in_fields())
        .chain(in_parts())
        .collect();
    let whats: Vec<&str> = requests.iter().map(|request| request.what).collect();
    let sent: Vec<_> = requests
        .into_iter()
        .enumerate()
        .map(|(number, mut request)| {
            let marked = (MARK.to_owned(), number.to_string());
            request.fields.push(marked);
            let (proxy, bytes) = (Arc::clone(&proxy), request.bytes());
            let sent = tokio::task::spawn_blocking(move || proxy.raw_of(&["-alpn", "h2"], &bytes));
            (request.what, sent)
        })
        .collect();
    let mut passed = Vec::new();
    for (what, answer) in sent {
        let answer = answer.await.expect("an answer");
        let Some(answer) = read(&answer) else {
            panic!("{what}: {answer:?}");
        };
        if answer == Answer::Passed {
            passed.push(what);
        }
    }
    // What HTTP/2 frames by itself, and what is upgraded by nobody's leave, goes no further.
    assert_eq!(passed, ["nothing", "an upgrade"]);
    let mut seen = BTreeSet::new();
    for head in upstream.heads() {
        let fields = |name: &str| {
            let lines = head.iter().filter_map(|line| line.split_once(": "));
            let values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
            values
                .map(|(_, value)| value.to_owned())
                .collect::<Vec<_>>()
        };
        let marks = fields(MARK);
        let number: Option<usize> = marks.first().and_then(|mark| mark.parse().ok());
        let number = number.unwrap_or_else(|| panic!("nobody sent {head:?}"));
        let what = whats[number];
        assert!(marks.len() == 1 && seen.insert(number), "{what}: {head:?}");
        assert_eq!(head[0].split(' ').nth(1), Some("/a"), "{what}: {head:?}");
        assert!(fields("upgrade").is_empty(), "{what}: {head:?}");
        let framed = fields("content-length").len() + fields("transfer-encoding").len();
        assert!(framed <= 1, "{what} is framed twice: {head:?}");
        let is_text = |line: &String| line.bytes().all(|byte| byte >= b' ');
        assert!(head.iter().all(is_text), "{what}: {head:?}");
    }
    assert!(seen.contains(&0), "frames are understood");
}
