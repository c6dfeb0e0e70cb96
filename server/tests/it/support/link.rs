//! A link to PostgreSQL that can be cut: for good, or between a COMMIT and its answer.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use url::Url;

/// What the link does to what passes it.
#[derive(Clone, Default)]
struct Plan {
    /// The answer of the COMMIT that follows these words on a connection is kept back, and the
    /// connection is cut. Once.
    lose: Option<&'static str>,
    /// How many answers were lost.
    lost: usize,
    down: bool,
}

/// A way to PostgreSQL over a port of its own. It ends when dropped.
pub(crate) struct Link {
    url: String,
    plan: Arc<watch::Sender<Plan>>,
    _accepting: JoinSet<()>,
}

impl Link {
    /// A link to the server that `url` names; it passes everything.
    pub(crate) async fn to(url: &str) -> Self {
        let mut url = Url::parse(url).expect("the URL of a database");
        let host = url.host_str().expect("a host").to_owned();
        let target = (host, url.port().unwrap_or(5432));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(port)).expect("a port");
        let plan = Arc::new(watch::Sender::new(Plan::default()));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, target, plan.clone()));
        Self {
            url: url.into(),
            plan,
            _accepting: accepting,
        }
    }

    /// How to reach the database through this link.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Loses the answer of the next COMMIT that follows `words` on its connection.
    pub(crate) fn lose_commit_after(&self, words: &'static str) {
        self.plan.send_modify(|plan| plan.lose = Some(words));
    }

    /// How many answers were lost.
    pub(crate) fn lost(&self) -> usize {
        self.plan.borrow().lost
    }

    /// Cuts every connection and refuses new ones.
    pub(crate) fn down(&self) {
        self.plan.send_modify(|plan| plan.down = true);
    }
}

async fn accept(listener: TcpListener, target: (String, u16), plan: Arc<watch::Sender<Plan>>) {
    let mut watched = plan.subscribe();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                let server = TcpStream::connect((target.0.as_str(), target.1)).await;
                let server = server.expect("PostgreSQL answers");
                connections.spawn(pass(client, server, plan.clone()));
            }
            () = is_down(&mut watched) => return,
        }
    }
}

/// Passes what both say until one of them, or the link, goes away.
async fn pass(mut client: TcpStream, mut server: TcpStream, plan: Arc<watch::Sender<Plan>>) {
    let mut watched = plan.subscribe();
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut marked = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Some(said) = read.ok().filter(|read| *read > 0).map(|read| &asked[..read]) else {
                    return;
                };
                let words = plan.borrow().lose;
                marked |= words.is_some_and(|words| holds(said, words));
                if server.write_all(said).await.is_err() {
                    return;
                }
                if marked && words.is_some() && holds(said, "COMMIT") {
                    // The server has done it when it answers.
                    let _ = server.read(&mut answered).await;
                    plan.send_modify(|plan| {
                        plan.lose = None;
                        plan.lost += 1;
                    });
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Some(read) = read.ok().filter(|read| *read > 0) else { return };
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
            () = is_down(&mut watched) => return,
        }
    }
}

async fn is_down(plan: &mut watch::Receiver<Plan>) {
    let _ = plan.wait_for(|plan| plan.down).await;
}

fn holds(said: &[u8], words: &str) -> bool {
    said.windows(words.len())
        .any(|window| window == words.as_bytes())
}
