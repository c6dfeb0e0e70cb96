//! Requests that no HTTP client would send, and answers as the bytes that they are.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{House, User};

const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub async fn to(house: &House) -> Self {
        let stream = TcpStream::connect(house.address).await.expect("a port");
        stream.set_nodelay(true).expect("an option");
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// The lines that every request of a signed-in user has.
    pub fn head(method: &str, path: &str, user: &User) -> String {
        let token = user.token.as_deref().unwrap_or_default();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: house\r\nx-requested-with: XMLHttpRequest\r\n\
             authorization: Bearer {token}\r\n"
        )
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await;
        // A house that has refused may close before all is sent.
        let _closed = sent.expect("the house reads");
    }

    /// Reads until the answer so far has this text; answers all that was read.
    pub async fn until(&mut self, text: &str) -> String {
        let mut piece = [0; 16 * 1024];
        loop {
            let so_far = String::from_utf8_lossy(&self.read).into_owned();
            if so_far.contains(text) {
                return so_far;
            }
            let read = timeout(PATIENCE, self.stream.read(&mut piece)).await;
            let count = read.expect("an answer in time").unwrap_or(0);
            assert!(count > 0, "closed before `{text}`: {so_far}");
            self.read.extend_from_slice(&piece[..count]);
        }
    }

    /// The status of the answer.
    pub async fn status(&mut self) -> u16 {
        let answer = self.until("\r\n\r\n").await;
        let status = answer.split(' ').nth(1).expect("a status line");
        status.parse().expect("a status")
    }
}
