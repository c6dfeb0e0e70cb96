//! From a checked question to a running answer: passages, the hold, both messages, the stream.

use entities::{MessageId, StoreId, UserId, chat::message};
use serde_json::Value;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    Chat, ChatError,
    answer::AnswerTask,
    error::{self, QUESTION_MAX},
    frames::{Frames, Profile},
    metadata, queries,
    request::{Question, Speaker},
    sources::Sources,
    title,
    turn::{StoreTurn, Stored},
};
use crate::platform::{
    ai::{ChatRequest, Gateway, ModelRef, Role, Turn},
    budgets::{AnsweredBy, ChargeKind, Hold, HoldRequest, Prices, Reserved},
    idempotency::{IdempotencyKey, KeyRefusal},
    streams::{Admission, Answerer, Reader, StreamInfo, StreamPrice},
    telemetry::traces::{self, TraceParent},
};

/// Stored turns that a prompt may hold.
const HISTORY_TURNS: u64 = 50;

/// A question whose stores are the caller's, ready to be counted against their limit.
pub(super) struct Checked {
    user: UserId,
    stores: Vec<StoreId>,
    question: Question,
}

/// What came of asking.
pub(super) enum Asked {
    /// The answer is being written.
    Answering {
        reader: Reader,
        stream_id: Uuid,
        session_key: String,
    },
    /// It was asked before under the same key: the stored answer.
    Again {
        answer: Box<message::Model>,
        session_key: String,
    },
    /// Too many answers are being written.
    NoCapacity,
}

/// A question with all that its answer needs.
struct Prepared {
    user: UserId,
    store: StoreId,
    session_key: String,
    text: String,
    request: ChatRequest,
    /// The most that the prompt can count.
    prompt_tokens: u64,
    sources: Sources,
    project_id: Option<i64>,
    tags: Option<Value>,
    key: Option<IdempotencyKey>,
}

impl Chat {
    /// Ownership and the question itself: what comes before the chat limit.
    pub(super) async fn check(
        &self,
        user: UserId,
        question: Question,
    ) -> Result<Checked, ChatError> {
        let stores: Vec<StoreId> = question.store_ids.iter().copied().map(StoreId).collect();
        if !self
            .0
            .documents
            .owns_stores(user, &stores)
            .await
            .map_err(ChatError::Documents)?
        {
            return Err(ChatError::StoreNotFound);
        }
        if question.text.is_empty() {
            return Err(ChatError::MissingQuestion);
        }
        let given = question.text.chars().count();
        if given > QUESTION_MAX {
            return Err(ChatError::QuestionTooLong { given });
        }
        Ok(Checked {
            user,
            stores,
            question,
        })
    }

    /// The rest of the checks, then the answer.
    pub(super) async fn ask(
        &self,
        checked: Checked,
        key: Option<IdempotencyKey>,
        profile: Profile,
    ) -> Result<Asked, ChatError> {
        let Checked {
            user,
            stores,
            question,
        } = checked;
        let project_id = metadata::project(question.project_id.as_ref())?;
        let tags = metadata::tags(question.tags.clone())?;
        let settings = &self.0.settings;
        let filter = metadata::filter(
            question.metadata_filter.clone(),
            settings.filters_allowed,
            &settings.filter_keys,
        )?;
        let model = self.model(question.model.as_deref())?;
        if let Some(key) = &key
            && let Some(answer) = self.remembered_answer(user, key).await?
        {
            let session_key = queries::session_key(self.0.db.read(), answer.chat_session_id)
                .await
                .map_err(error::db)?
                .unwrap_or_default();
            return Ok(Asked::Again {
                answer: Box::new(answer),
                session_key,
            });
        }
        self.refuse_without_budget(user).await?;
        let Some(admission) = self.0.streams.admit(user).await else {
            return Ok(Asked::NoCapacity);
        };
        // A stop ends answers under way at once; a question without one is not searched for any more.
        let found = self.find(user, &stores, &question.text, &filter);
        let found = self.0.tasks.stopping().run_until_cancelled(found).await;
        let sources = found.ok_or(ChatError::Stopping)??;
        let history = self.history(user, &question, stores[0]).await?;
        let session_key = question
            .session_key
            .clone()
            .unwrap_or_else(|| self.0.entropy.uuid().to_string());
        let (request, bound) = Gateway::prepare(ChatRequest {
            model,
            system: question.system.clone(),
            history,
            question: question.text.clone(),
            passages: sources.for_prompt(),
            max_output_tokens: u32::try_from(settings.max_output_tokens).unwrap_or(u32::MAX),
        });
        let store = stores[0];
        let text = question.text;
        let prepared = Prepared {
            user,
            store,
            session_key,
            text,
            request,
            prompt_tokens: bound.prompt_tokens,
            sources,
            project_id,
            tags,
            key,
        };
        self.begin_whatever_the_client_does(prepared, admission, profile)
            .await
    }

    /// Begins on a task of its own: a client that leaves while the money is being reserved must not
    /// leave it reserved with nobody to write the answer and settle.
    async fn begin_whatever_the_client_does(
        &self,
        prepared: Prepared,
        admission: Admission,
        profile: Profile,
    ) -> Result<Asked, ChatError> {
        let chat = self.clone();
        // Without the client the reader is dropped, and the answer's grace begins.
        let begin = async move { chat.begin(prepared, admission, profile).await };
        let outcome = self.0.tasks.carry_through("question", begin).await;
        outcome.ok_or_else(|| self.cut())?
    }

    /// Why something that was carried through has no outcome.
    pub(super) fn cut(&self) -> ChatError {
        if self.0.tasks.cut().is_cancelled() {
            ChatError::Stopping
        } else {
            ChatError::Panicked
        }
    }

    fn model(&self, named: Option<&str>) -> Result<ModelRef, ChatError> {
        let models = self.0.gateway.models();
        match named {
            None => Ok(models.default_model().clone()),
            Some(name) => models
                .find(name.trim())
                .cloned()
                .ok_or(ChatError::UnsupportedModel),
        }
    }

    /// A user with nothing left is told before anything is searched or waited for.
    async fn refuse_without_budget(&self, user: UserId) -> Result<(), ChatError> {
        match self.0.budgets.exhausted(user).await? {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    async fn history(
        &self,
        user: UserId,
        question: &Question,
        store: StoreId,
    ) -> Result<Vec<Turn>, ChatError> {
        if let Some(turns) = question.history() {
            return Ok(turns
                .iter()
                .filter(|turn| turn.speaker != Speaker::System && !turn.text.trim().is_empty())
                .map(|turn| Turn {
                    role: match turn.speaker {
                        Speaker::Assistant => Role::Assistant,
                        Speaker::User | Speaker::System => Role::User,
                    },
                    text: turn.text.clone(),
                })
                .collect());
        }
        // A conversation that begins now has none.
        let Some(session_key) = question.session_key.as_deref() else {
            return Ok(Vec::new());
        };
        let read = self.0.db.read();
        let stored = queries::recent_turns(read, user, session_key, store, HISTORY_TURNS)
            .await
            .map_err(error::db)?;
        Ok(stored
            .into_iter()
            .map(|row| Turn {
                role: match row.role {
                    entities::MessageRole::User => Role::User,
                    entities::MessageRole::Assistant => Role::Assistant,
                },
                text: row.content,
            })
            .collect())
    }

    pub(super) fn hold_request(
        &self,
        user: UserId,
        model: &ModelRef,
        stream_id: Option<Uuid>,
    ) -> HoldRequest {
        HoldRequest {
            user_id: user,
            kind: ChargeKind::Chat,
            provider: model.provider.as_str().to_owned(),
            model: model.name.clone(),
            prices: self.prices(model),
            prompt_tokens: 0,
            max_output_tokens: self.0.settings.max_output_tokens,
            born_sent: true,
            job_id: None,
            stream_id,
            trace_id: traces::current().map(TraceParent::trace_id),
            store_id: None,
        }
    }

    fn prices(&self, model: &ModelRef) -> Prices {
        Prices::of_chat(&self.0.settings.prices.rates(&model.to_string()))
    }

    /// What the entry says when `model` answered in the end.
    pub(super) fn answered_by(&self, model: &ModelRef) -> AnsweredBy {
        AnsweredBy {
            provider: model.provider.as_str().to_owned(),
            model: model.name.clone(),
            prices: self.prices(model),
        }
    }

    /// Reserves the money and stores the turn in one transaction, then lets the answer run.
    async fn begin(
        &self,
        mut prepared: Prepared,
        admission: Admission,
        profile: Profile,
    ) -> Result<Asked, ChatError> {
        let stream_id = self.0.entropy.uuid();
        let chain = self.0.gateway.models().chain(&prepared.request.model);
        let prices = chain
            .iter()
            .map(|model| self.prices(model))
            .reduce(Prices::or_dearer)
            .unwrap_or_else(|| self.prices(&prepared.request.model));
        let hold = HoldRequest {
            prices,
            prompt_tokens: prepared.prompt_tokens,
            store_id: Some(prepared.store),
            ..self.hold_request(prepared.user, &prepared.request.model, Some(stream_id))
        };
        let (hold, message) = self.store_turn(&prepared, hold, stream_id).await?;
        fail::fail_point!("chat-held");
        prepared.request.max_output_tokens =
            u32::try_from(hold.terms().output_tokens).unwrap_or(u32::MAX);
        let info = StreamInfo {
            id: stream_id,
            user_id: prepared.user,
            kind: "chat",
            answerer: answerer(&prepared.request.model),
            price: price_of(hold.terms()),
            started_at: self.0.clock.now(),
        };
        let (producer, reader) = self.0.streams.open(admission, info);
        let frames = Frames {
            profile,
            message_id: self.0.entropy.uuid(),
            text_id: self.0.entropy.uuid(),
        };
        let task = AnswerTask {
            chat: self.clone(),
            message,
            stream_id,
            request: prepared.request,
            sources: prepared.sources,
            project_id: prepared.project_id,
            tags: prepared.tags,
            keyed: prepared.key.is_some(),
            frames,
        };
        self.0.tasks.spawn("answer", task.run(producer, hold));
        Ok(Asked::Answering {
            reader,
            stream_id,
            session_key: prepared.session_key,
        })
    }

    async fn store_turn(
        &self,
        prepared: &Prepared,
        hold: HoldRequest,
        stream_id: Uuid,
    ) -> Result<(Hold, MessageId), ChatError> {
        let now = self.0.clock.now();
        let input = StoreTurn {
            chat: self.clone(),
            hold,
            user: prepared.user,
            store: prepared.store,
            session_key: prepared.session_key.clone(),
            title: title::from_question(&prepared.text),
            question: prepared.text.clone(),
            stream_id,
            key: prepared.key.clone().map(|key| self.new_key(key)),
            now,
        };
        let outcome = self
            .0
            .db
            .write(self.0.budgets.key(prepared.user), input, |txn, turn| {
                Box::pin(turn.write(txn))
            })
            .instrument(tracing::info_span!(target: traces::DETAIL, "hold"))
            .await?;
        let (reserved, message) = match outcome {
            Stored::Turn(reserved, message) => (Ok(reserved), message),
            Stored::NoBudget(refusal) => (Err(refusal), MessageId(0)),
            Stored::KeyTaken => return Err(KeyRefusal::StillProcessing.into()),
        };
        Ok((self.0.budgets.admit(reserved)?, message))
    }
}

/// Who a model is, for the live list.
pub(super) fn answerer(model: &ModelRef) -> Answerer {
    Answerer {
        provider: model.provider.as_str().to_owned(),
        model: model.name.clone(),
    }
}

fn price_of(terms: &Reserved) -> StreamPrice {
    StreamPrice {
        held: terms.amount,
        prompt: terms.prices.cost(terms.prompt_tokens, 0),
        output: terms.prices.output,
    }
}
