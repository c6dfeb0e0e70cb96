//! The first bytes of a connection, which say whether it speaks HTTP/1 or HTTP/2. Only once that is
//! known do the protocol's own deadlines begin; before, a silent connection would keep its place for
//! ever.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// What every HTTP/2 connection begins with, and no other.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether the first bytes, which are left where they are, can only be HTTP/1. `false` says that they
/// may be either, for instance because one of them has come alone.
///
/// # Errors
///
/// When nothing comes in time, or the peer is gone.
pub(super) async fn speaks_http1(stream: &TcpStream, timeout: Duration) -> io::Result<bool> {
    let mut first = [0; 4];
    let read = tokio::time::timeout(timeout, stream.peek(&mut first)).await??;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(!PREFACE.starts_with(&first[..read]))
}

/// Whether a byte is there to be read now.
pub(super) fn has_said_something(stream: &TcpStream) -> bool {
    let mut first = [MaybeUninit::uninit()];
    let read = socket2::SockRef::from(stream).peek(&mut first);
    read.is_ok_and(|read| read > 0)
}

/// A stream whose reads fail when it has not said in time what it speaks.
pub(super) struct FirstBytes<S> {
    stream: S,
    /// Bytes of the preface that have come.
    matched: usize,
    /// `None` once it is known.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> FirstBytes<S> {
    pub(super) fn within(timeout: Duration, stream: S) -> Self {
        Self {
            stream,
            matched: 0,
            deadline: Some(Box::pin(tokio::time::sleep(timeout))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstBytes<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let Some(deadline) = &mut this.deadline else {
            return read;
        };
        if read.is_pending() {
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let new = &buffer.filled()[before..];
        let pairs = new.iter().zip(&PREFACE[this.matched..]);
        let same = pairs.take_while(|(new, expected)| new == expected).count();
        this.matched += same;
        if new.is_empty() || same < new.len() || this.matched == PREFACE.len() {
            this.deadline = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstBytes<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
