//! A collector of traces on a local port: OTLP over HTTP, decoded.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// One span, as an operator would look at it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: i32,
    pub failed: bool,
    pub attributes: HashMap<String, String>,
}

/// Every request that came: its headers in small letters and what it held.
#[derive(Default)]
pub struct Received {
    pub headers: Vec<HashMap<String, String>>,
    pub resources: Vec<HashMap<String, String>>,
    pub spans: Vec<Seen>,
}

/// Runs until it is dropped.
pub struct Collector {
    address: SocketAddr,
    received: Arc<watch::Sender<Received>>,
    _accepting: JoinSet<()>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(watch::Sender::new(Received::default()));
        let mut accepting = JoinSet::new();
        let into = received.clone();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let into = into.clone();
                connections.spawn(async move {
                    // A process that ends closes its connections.
                    let _ = serve(stream, &into).await;
                });
            }
        });
        Self {
            address,
            received,
            _accepting: accepting,
        }
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until what has come answers a question.
    pub async fn until<T>(&self, what: &str, ask: impl Fn(&Received) -> Option<T>) -> T {
        let mut received = self.received.subscribe();
        let answered = received.wait_for(|received| ask(received).is_some());
        let patience = std::time::Duration::from_mins(1);
        let in_time = tokio::time::timeout(patience, answered).await.is_ok();
        let received = self.received.borrow();
        match ask(&received) {
            Some(answer) if in_time => answer,
            _ => panic!("the collector did not see {what}: {:#?}", received.spans),
        }
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Seen> {
        self.received.borrow().spans.clone()
    }
}

async fn serve(stream: TcpStream, into: &watch::Sender<Received>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        assert_eq!(line.trim_end(), "POST /v1/traces HTTP/1.1");
        let mut headers = HashMap::new();
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers["content-length"].parse().expect("a length");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let request = ExportTraceServiceRequest::decode(&*body).expect("OTLP");
        into.send_modify(|received| received.take(headers, request));
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
                      content-length: 0\r\n\r\n";
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}

impl Received {
    fn take(&mut self, headers: HashMap<String, String>, request: ExportTraceServiceRequest) {
        self.headers.push(headers);
        for resource in request.resource_spans {
            let attributes = resource.resource.expect("a resource").attributes;
            let pairs = attributes.into_iter();
            self.resources
                .push(pairs.map(|pair| (pair.key, text(pair.value))).collect());
            let spans = resource.scope_spans.into_iter();
            self.spans
                .extend(spans.flat_map(|scope| scope.spans).map(seen));
        }
    }

    /// The span of this name, once it came.
    pub fn named(&self, name: &str) -> Option<Seen> {
        self.spans.iter().find(|span| span.name == name).cloned()
    }

    /// Whether `span` descends from the span with this id.
    pub fn descends(&self, span: &Seen, ancestor: &str) -> bool {
        let mut parent = span.parent.clone();
        while !parent.is_empty() {
            if parent == ancestor {
                return true;
            }
            let Some(next) = self.spans.iter().find(|span| span.id == parent) else {
                return false;
            };
            parent.clone_from(&next.parent);
        }
        false
    }
}

fn seen(span: Span) -> Seen {
    let attributes = span.attributes.into_iter();
    Seen {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name,
        kind: span.kind,
        failed: span
            .status
            .is_some_and(|status| status.code == StatusCode::Error as i32),
        attributes: attributes
            .map(|pair| (pair.key, text(pair.value)))
            .collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

fn text(value: Option<opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        other => format!("{other:?}"),
    }
}
