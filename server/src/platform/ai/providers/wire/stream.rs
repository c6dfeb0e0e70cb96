//! Reads a streamed answer: events from bytes, pieces from events, and every way it may break.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::Response;
use tokio::time::timeout;

use super::events::Events;
use super::lines::LineTooLong;
use crate::platform::ai::error::{ErrorKind, ProviderError};
use crate::platform::ai::model::ProviderName;
use crate::platform::ai::providers::{Piece, Pieces};

/// The most bytes of one answer, framing included.
const LARGEST_ANSWER: usize = 16 << 20;
/// How long to wait for what may follow the finish reason: the usage, the end of the body.
const AFTER_FINISH: Duration = Duration::from_secs(2);
/// How long to wait for the end of the body after the last event.
const AFTER_END: Duration = Duration::from_millis(50);

/// Reads one wire's events. Must look for `error` in each.
pub(in crate::platform::ai::providers) trait Decoder:
    Send + 'static
{
    const PROVIDER: ProviderName;

    /// The pieces that an event's data holds.
    fn decode(&mut self, data: &[u8]) -> Result<Vec<Piece>, ProviderError>;
}

/// The pieces of a streamed answer. `idle` is the longest silence once text has come; until then
/// the caller's deadline rules.
pub(in crate::platform::ai::providers) fn pieces<D: Decoder>(
    mut response: Response,
    decoder: D,
    idle: Duration,
) -> Pieces {
    let mut reader = Reader::new(decoder);
    async_stream::stream! {
        loop {
            let chunk = match reader.patience(idle) {
                Some(wait) => timeout(wait, response.chunk()).await,
                None => Ok(response.chunk().await),
            };
            let read = match chunk {
                Ok(Ok(Some(chunk))) => reader.chunk(&chunk),
                Ok(Ok(None)) => reader.body_ended(),
                Ok(Err(_)) => reader.broke_off(),
                Err(_) => reader.fell_silent(),
            };
            for piece in read.pieces {
                yield Ok(piece);
            }
            if let Some(error) = read.error {
                yield Err(error);
                return;
            }
            if reader.ended {
                let _ended_or_late = timeout(AFTER_END, response.chunk()).await;
                return;
            }
        }
    }
    .boxed()
}

/// What a chunk yielded: the pieces before an error are good.
#[derive(Default)]
struct Read {
    pieces: Vec<Piece>,
    error: Option<ProviderError>,
}

struct Reader<D> {
    decoder: D,
    events: Events,
    total: usize,
    has_text: bool,
    finished: bool,
    ended: bool,
}

impl<D: Decoder> Reader<D> {
    fn new(decoder: D) -> Self {
        let events = Events::default();
        Self {
            decoder,
            events,
            total: 0,
            has_text: false,
            finished: false,
            ended: false,
        }
    }

    fn patience(&self, idle: Duration) -> Option<Duration> {
        if self.finished {
            Some(AFTER_FINISH)
        } else {
            self.has_text.then_some(idle)
        }
    }

    fn chunk(&mut self, chunk: &[u8]) -> Read {
        let mut read = Read::default();
        self.total = self.total.saturating_add(chunk.len());
        if self.total > LARGEST_ANSWER {
            read.error = Some(error::<D>(
                ErrorKind::Protocol,
                "the answer is larger than allowed",
            ));
            return read;
        }
        self.events.push(chunk);
        while !self.ended && read.error.is_none() {
            match self.events.next() {
                Ok(Some(event)) => self.event(&event, &mut read),
                Ok(None) => break,
                Err(LineTooLong) => read.error = Some(line_too_long::<D>()),
            }
        }
        read
    }

    fn event(&mut self, event: &[u8], read: &mut Read) {
        match self.decoder.decode(event) {
            Ok(pieces) => {
                for piece in pieces {
                    self.has_text |= matches!(piece, Piece::Text(_));
                    self.finished |= matches!(piece, Piece::Finish(_));
                    self.ended |= piece == Piece::End;
                    read.pieces.push(piece);
                }
            }
            // The answer itself is whole; what follows it may be damaged.
            Err(_) if self.finished => self.end(read),
            Err(error) => read.error = Some(error),
        }
    }

    fn body_ended(&mut self) -> Read {
        let mut read = Read::default();
        match self.events.finish() {
            Ok(Some(event)) => {
                self.event(&event, &mut read);
                // A last event that does not parse was cut; that is no fault of the protocol.
                if read
                    .error
                    .as_ref()
                    .is_some_and(|error| error.kind == ErrorKind::Protocol)
                {
                    read.error = Some(truncated::<D>());
                }
            }
            Ok(None) => {}
            Err(LineTooLong) => read.error = Some(line_too_long::<D>()),
        }
        self.settle_end(read)
    }

    fn broke_off(&mut self) -> Read {
        self.settle_end(Read::default())
    }

    fn fell_silent(&mut self) -> Read {
        let mut read = Read::default();
        if self.finished {
            self.end(&mut read);
        } else {
            read.error = Some(error::<D>(ErrorKind::Timeout, "the answer stopped coming"));
        }
        read
    }

    fn settle_end(&mut self, mut read: Read) -> Read {
        if self.ended || read.error.is_some() {
            return read;
        }
        if self.finished {
            self.end(&mut read);
        } else {
            read.error = Some(truncated::<D>());
        }
        read
    }

    fn end(&mut self, read: &mut Read) {
        self.ended = true;
        read.pieces.push(Piece::End);
    }
}

fn error<D: Decoder>(kind: ErrorKind, message: &'static str) -> ProviderError {
    ProviderError::new(D::PROVIDER, kind, message)
}

fn truncated<D: Decoder>() -> ProviderError {
    error::<D>(ErrorKind::Truncated, "the answer broke off before its end")
}

fn line_too_long<D: Decoder>() -> ProviderError {
    error::<D>(
        ErrorKind::Protocol,
        "a line of the answer is longer than allowed",
    )
}
