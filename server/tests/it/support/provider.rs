//! A provider on a local port that speaks both wires (OpenAI's and Gemini's) and misbehaves on
//! demand: by a model named `fault-…`, by a key, by a script, or until told otherwise.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[path = "provider/replies.rs"]
mod replies;

pub(crate) use replies::{Fault, TEXT, USAGE};
use replies::{Reply, Step, reply};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
}

impl Recorded {
    /// The key that came with it, whichever way the wire sends it.
    pub(crate) fn key(&self) -> Option<&str> {
        let bearer = self
            .headers
            .get("authorization")
            .and_then(|v| v.strip_prefix("Bearer "));
        bearer.or_else(|| self.headers.get("x-goog-api-key").map(String::as_str))
    }
}

#[derive(Default)]
struct State {
    requests: Vec<Recorded>,
    script: VecDeque<Fault>,
    by_key: HashMap<String, Fault>,
    standing: Fault,
}

struct Shared {
    state: Mutex<State>,
    connections: watch::Sender<usize>,
    hangups: watch::Sender<usize>,
    held: watch::Sender<bool>,
}

/// The running server; it stops when dropped.
pub(crate) struct ProviderStub {
    address: SocketAddr,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

impl ProviderStub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            connections: watch::Sender::new(0),
            hangups: watch::Sender::new(0),
            held: watch::Sender::new(false),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _accepting: accepting,
        }
    }

    /// For `OPENAI_BASE_URL`.
    pub(crate) fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For `GEMINI_BASE_URL`.
    pub(crate) fn gemini_url(&self) -> String {
        format!("http://{}/v1beta", self.address)
    }

    /// From now on every request meets this fault.
    pub(crate) fn always(&self, fault: Fault) {
        self.shared.state.lock().standing = fault;
    }

    /// From now on requests are read and not answered.
    pub(crate) fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Answers those that wait, and the next at once.
    pub(crate) fn let_go(&self) {
        self.shared.held.send_replace(false);
    }

    /// The next requests meet these faults, one each.
    pub(crate) fn next(&self, faults: &[Fault]) {
        self.shared.state.lock().script.extend(faults);
    }

    /// Requests with this key meet this fault.
    pub(crate) fn for_key(&self, key: &str, fault: Fault) {
        self.shared
            .state
            .lock()
            .by_key
            .insert(key.to_owned(), fault);
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.shared.state.lock().requests.clone()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Waits until clients have closed this many connections in the middle of an answer.
    pub(crate) async fn hung_up(&self, times: usize) {
        let mut hangups = self.shared.hangups.subscribe();
        hangups
            .wait_for(|count| *count >= times)
            .await
            .expect("the server runs");
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.send_modify(|count| *count += 1);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A client that goes away in the middle is what many tests are about.
            let _gone = serve(stream, &shared).await;
        });
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(request) = read_request(&mut reader).await? {
        let answer = reply(&request, fault_for(&request, shared));
        shared.state.lock().requests.push(request);
        let mut held = shared.held.subscribe();
        let sending = async {
            // The sender lives as long as this.
            let _ = held.wait_for(|held| !held).await;
            send(&mut writer, answer).await
        };
        tokio::select! {
            sent = sending => match sent {
                Ok(true) => continue,
                Ok(false) => return Ok(()),
                Err(_) => {}
            },
            // The client has nothing more to send: whatever comes is the end of the connection.
            _ = reader.read_u8() => {}
        }
        shared.hangups.send_modify(|count| *count += 1);
        return Ok(());
    }
    Ok(())
}

fn fault_for(request: &Recorded, shared: &Shared) -> Fault {
    let named = request.body["model"]
        .as_str()
        .unwrap_or(&request.target)
        .to_owned();
    let mut state = shared.state.lock();
    let by_key = request.key().and_then(|key| state.by_key.get(key)).copied();
    Fault::in_name(&named)
        .or(by_key)
        .or_else(|| state.script.pop_front())
        .unwrap_or(state.standing)
}

async fn read_request(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Recorded>> {
    let mut first = String::new();
    if reader.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(Recorded {
        method,
        target,
        headers,
        body,
    }))
}

/// Sends the reply; true when the connection can take another request.
async fn send(writer: &mut OwnedWriteHalf, reply: Reply) -> io::Result<bool> {
    writer.write_all(reply.head.as_bytes()).await?;
    for step in reply.steps {
        match step {
            Step::Chunk(bytes) => chunk(writer, &bytes).await?,
            Step::Forever(bytes) => loop {
                chunk(writer, &bytes).await?;
            },
            Step::Silence => std::future::pending().await,
            Step::Cut => return Ok(false),
        }
    }
    writer.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}

async fn chunk(writer: &mut OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    writer.write_all(&framed).await?;
    writer.flush().await
}
