//! Questions and their answers: conversations, retrieval, the streamed answer, its citations and
//! its price.
//!
//! A question is checked ([`Chat::check`]), then asked ([`Chat::ask`]): passages are found, the
//! largest cost is reserved together with both messages, and a task writes the answer into a
//! stream that the client reads, may leave, and may come back to. The end of the answer commits
//! with its charge.

mod answer;
mod api;
mod ask;
mod error;
mod finding;
mod frames;
mod idempotency;
mod metadata;
mod queries;
mod recovery;
mod replay;
mod request;
mod retention;
mod sessions;
mod settlement;
mod settling;
mod sources;
mod stream;
mod title;
mod turn;

pub(crate) use api::register;
pub(crate) use error::ChatError;
pub(crate) use retention::retention;

use std::{sync::Arc, time::Duration};

use crate::{
    features::documents::Documents,
    platform::{
        ai::Gateway, budgets::Budgets, clock::Clock, config::PriceTable, db::Db, entropy::Entropy,
        feed::Relay, retrieval::VectorIndex, streams::StreamHub, tasks::Tasks,
        telemetry::Telemetry,
    },
};

/// What the operator decided about chat.
pub(crate) struct ChatSettings {
    pub(crate) prices: PriceTable,
    pub(crate) max_output_tokens: u64,
    pub(crate) keepalive: Duration,
    pub(crate) filters_allowed: bool,
    pub(crate) filter_keys: Vec<String>,
    /// Without it, search is lexical.
    pub(crate) embedding_model: Option<crate::platform::config::ModelName>,
}

/// The parts that chat is built on.
pub(crate) struct ChatParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) tasks: Tasks,
    pub(crate) budgets: Budgets,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) vectors: VectorIndex,
    pub(crate) streams: StreamHub,
    pub(crate) relay: Relay,
    pub(crate) documents: Documents,
    pub(crate) telemetry: Telemetry,
}

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Chat(Arc<Inner>);

struct Inner {
    parts: ChatParts,
    settings: ChatSettings,
}

impl std::ops::Deref for Inner {
    type Target = ChatParts;

    fn deref(&self) -> &ChatParts {
        &self.parts
    }
}

impl Chat {
    pub(crate) fn new(parts: ChatParts, settings: ChatSettings) -> Self {
        Self(Arc::new(Inner { parts, settings }))
    }
}
