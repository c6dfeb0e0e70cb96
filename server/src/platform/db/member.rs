//! One caller's part of a batch.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use super::{DbError, Txn, WriteKey};

/// Whether a member is still waiting: either its lane takes it up or its caller gives up, never both.
#[derive(Clone, Default)]
pub(super) struct Turn(Arc<AtomicU8>);

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Turn {
    /// `false`: the caller has given up. A member may be taken again.
    fn take(&self) -> bool {
        self.leave_waiting(TAKEN) != GIVEN_UP
    }

    /// `false`: it is being written.
    pub(super) fn give_up(&self) -> bool {
        self.leave_waiting(GIVEN_UP) != TAKEN
    }

    fn leave_waiting(&self, next: u8) -> u8 {
        let order = (Ordering::AcqRel, Ordering::Acquire);
        match self.0.compare_exchange(WAITING, next, order.0, order.1) {
            Ok(left) | Err(left) => left,
        }
    }
}

/// A part of a batch, its result type hidden so that parts of all kinds can wait in one queue.
pub(super) trait Member: Send {
    fn key(&self) -> WriteKey;
    /// Must not share a transaction with others.
    fn alone(&self) -> bool;
    /// Nobody waits for the answer any more. A member that has not begun may then be dropped.
    fn abandoned(&self) -> bool;
    /// Says that it is about to run. `false`: its caller does not want it any more.
    fn take_turn(&mut self) -> bool;
    /// How long it has waited; nothing when it was asked before.
    fn waited(&mut self) -> Option<Duration>;
    fn run<'a>(&'a mut self, txn: &'a Txn) -> BoxFuture<'a, Result<(), DbErr>>;
    fn committed(self: Box<Self>);
    fn failed(self: Box<Self>, error: DbError);
}

pub(super) struct TypedMember<I, T, W> {
    pub(super) key: WriteKey,
    pub(super) alone: bool,
    pub(super) input: I,
    pub(super) work: W,
    pub(super) turn: Turn,
    /// Since when it waits, until it is asked.
    pub(super) since: Option<Instant>,
    pub(super) outcome: Option<T>,
    /// The caller's, in which the work is logged and traced.
    pub(super) span: Span,
    pub(super) reply: oneshot::Sender<Result<T, DbError>>,
}

impl<I, T, W> Member for TypedMember<I, T, W>
where
    I: Send + Sync,
    T: Send,
    W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync,
{
    fn key(&self) -> WriteKey {
        self.key
    }

    fn alone(&self) -> bool {
        self.alone
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn take_turn(&mut self) -> bool {
        !self.abandoned() && self.turn.take()
    }

    fn waited(&mut self) -> Option<Duration> {
        self.since.take().map(|since| since.elapsed())
    }

    fn run<'a>(&'a mut self, txn: &'a Txn) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let work = (self.work)(txn, &self.input).instrument(self.span.clone());
            self.outcome = Some(work.await?);
            Ok(())
        })
    }

    fn committed(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // The caller may have gone; the commit stands all the same.
            let _ = self.reply.send(Ok(outcome));
        }
    }

    fn failed(self: Box<Self>, error: DbError) {
        let _ = self.reply.send(Err(error));
    }
}
