//! A server behind the proxy that notes what reaches it, and when it sent what.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A running one; it stops when dropped.
pub(super) struct Upstream {
    pub(super) base: String,
    heads: Arc<Mutex<Vec<Vec<String>>>>,
    _accepting: JoinSet<()>,
}

impl Upstream {
    /// `/stream` sends an event every 20 ms, 100 in all, each with the microseconds since `begun`;
    /// `/socket` takes an upgrade and sends back what it is sent; everything else is `200 here`.
    pub(super) async fn start(begun: Instant) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let mut accepting = JoinSet::new();
        let noted = Arc::clone(&heads);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                connections.spawn(async move {
                    // Whoever goes away in the middle is the proxy's client.
                    let _gone = serve(stream, begun, &noted).await;
                });
            }
        });
        Self {
            base,
            heads,
            _accepting: accepting,
        }
    }

    /// The lines of every head that has arrived.
    pub(super) fn heads(&self) -> Vec<Vec<String>> {
        self.heads.lock().clone()
    }
}

async fn serve(
    stream: TcpStream,
    begun: Instant,
    heads: &Mutex<Vec<Vec<String>>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let target = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
        skip_body(&mut stream, &head).await?;
        heads.lock().push(head);
        match target.as_str() {
            "/stream" => return send_events(stream, begun).await,
            "/socket" => return send_back(stream).await,
            _ => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere")
                    .await?;
            }
        }
    }
}

/// Reads the body as HTTP says: a coding comes before a length.
async fn skip_body(stream: &mut BufReader<TcpStream>, head: &[String]) -> std::io::Result<()> {
    let field = |name: &str| {
        let mut fields = head.iter().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    if field("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            let length = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
            // The line end after a chunk belongs to it.
            stream.read_exact(&mut vec![0; length + 2]).await?;
            if length == 0 {
                return Ok(());
            }
        }
    }
    let length = field("content-length").and_then(|value| value.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).await?;
    Ok(())
}

async fn send_events(mut stream: BufReader<TcpStream>, begun: Instant) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..100 {
        ticks.tick().await;
        let event = format!("data: {}\n\n", begun.elapsed().as_micros());
        stream.write_all(event.as_bytes()).await?;
        stream.flush().await?;
    }
    stream.write_all(b"data: [DONE]\n\n").await
}

async fn send_back(mut stream: BufReader<TcpStream>) -> std::io::Result<()> {
    let head =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut piece = vec![0; 1024];
    loop {
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&piece[..count]).await?;
        stream.flush().await?;
    }
}
