//! Google's Gemini API. The key travels in a header, never in the address.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING};
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::gemini_keys::KeyPool;
use super::wire::{self, Decoder, WireError};
use super::{Chat, Piece, Pieces, RawEmbeddings};
use crate::platform::ai::answer::FinishReason;
use crate::platform::ai::error::{ErrorKind, ProviderError};
use crate::platform::ai::model::ProviderName;
use crate::platform::ai::observer::AiObserver;
use crate::platform::ai::request::{Role, Turn};
use crate::platform::ai::settings::{AiSetupError, GeminiSettings};
use crate::platform::outbound::Client;

const NAME: ProviderName = ProviderName::Gemini;
const KEY_HEADER: &str = "x-goog-api-key";

pub(in crate::platform::ai) struct Gemini {
    client: Client,
    base: Url,
    keys: KeyPool,
    idle: Duration,
}

impl Gemini {
    pub(in crate::platform::ai) fn new(
        client: Client,
        settings: &GeminiSettings,
        idle: Duration,
        observer: Arc<dyn AiObserver>,
    ) -> Result<Self, AiSetupError> {
        let base = versioned(super::base_url("GEMINI_BASE_URL", &settings.base_url)?);
        let keys = KeyPool::new(&settings.keys, observer)?;
        Ok(Self {
            client,
            base,
            keys,
            idle,
        })
    }

    pub(super) async fn chat(&self, chat: &Chat<'_>) -> Result<Pieces, ProviderError> {
        let mut contents: Vec<Value> = chat.prompt.history.iter().map(content).collect();
        contents.push(json!({ "role": "user", "parts": [{ "text": chat.prompt.user }] }));
        let body = json!({
            "systemInstruction": { "parts": [{ "text": chat.prompt.system }] },
            "contents": contents,
            "generationConfig": { "maxOutputTokens": chat.request.max_output_tokens },
        });
        let mut url = self.model_url(chat.model, "streamGenerateContent");
        url.set_query(Some("alt=sse"));
        let request = self
            .client
            .post(url)
            .header(ACCEPT, "text/event-stream")
            .header(ACCEPT_ENCODING, "identity")
            .json(&body);
        let response = self.send(&request).await?;
        Ok(wire::pieces(response, ChunkDecoder, self.idle))
    }

    pub(super) async fn embed(
        &self,
        model: &str,
        inputs: &[String],
    ) -> Result<RawEmbeddings, ProviderError> {
        let name = format!("models/{model}");
        let requests: Vec<Value> = inputs
            .iter()
            .map(|text| json!({ "model": name, "content": { "parts": [{ "text": text }] } }))
            .collect();
        let url = self.model_url(model, "batchEmbedContents");
        let request = self.client.post(url).json(&json!({ "requests": requests }));
        let response = self.send(&request).await?;
        let answer: EmbeddingAnswer = wire::read_json(NAME, response).await?;
        let vectors = answer
            .embeddings
            .into_iter()
            .map(|item| item.values)
            .collect();
        let prompt_tokens = answer.usage_metadata.and_then(|usage| usage.prompt);
        Ok(RawEmbeddings {
            vectors,
            prompt_tokens,
        })
    }

    pub(super) async fn probe(&self) -> Result<(), ProviderError> {
        let mut url = super::join(&self.base, &["models"]);
        url.set_query(Some("pageSize=1"));
        self.send(&self.client.get(url)).await.map(drop)
    }

    pub(in crate::platform::ai) fn keys(&self) -> &KeyPool {
        &self.keys
    }

    /// Sends with the current key, then with the others while the fault is the key's.
    async fn send(&self, request: &RequestBuilder) -> Result<Response, ProviderError> {
        let mut last = None;
        for index in self.keys.order() {
            let Some(request) = request.try_clone() else {
                break;
            };
            let request = request.header(KEY_HEADER, self.keys.slot(index).header.clone());
            match wire::send(NAME, request).await {
                Ok(response) => {
                    self.keys.served(index);
                    return Ok(response);
                }
                Err(error) if self.keys.failed(index, error.kind) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            ProviderError::new(NAME, ErrorKind::BadRequest, "the request cannot be sent")
        }))
    }

    fn model_url(&self, model: &str, method: &str) -> Url {
        super::join(&self.base, &["models", &format!("{model}:{method}")])
    }
}

/// The base with the API's version, which settings may leave out.
fn versioned(base: Url) -> Url {
    let is_version = |segment: &str| {
        let rest = segment.strip_prefix('v');
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let has_version = base
        .path_segments()
        .is_some_and(|mut path| path.any(is_version));
    if has_version {
        base
    } else {
        super::join(&base, &["v1beta"])
    }
}

fn content(turn: &Turn) -> Value {
    let role = match turn.role {
        Role::User => "user",
        Role::Assistant => "model",
    };
    json!({ "role": role, "parts": [{ "text": turn.text }] })
}

struct ChunkDecoder;

impl Decoder for ChunkDecoder {
    const PROVIDER: ProviderName = NAME;

    fn decode(&mut self, data: &[u8]) -> Result<Vec<Piece>, ProviderError> {
        let chunk: Chunk = serde_json::from_slice(data).map_err(|_| {
            ProviderError::new(
                NAME,
                ErrorKind::Protocol,
                "an event of the answer is not valid",
            )
        })?;
        if let Some(error) = chunk.error {
            return Err(wire::classify(NAME, None, &WireError::read(&error), None));
        }
        let mut pieces = Vec::new();
        let candidates = chunk.candidates.unwrap_or_default();
        let blocked = chunk
            .prompt_feedback
            .and_then(|feedback| feedback.block_reason);
        if blocked.is_some() && candidates.is_empty() {
            let message = "the provider refused the content";
            return Err(
                ProviderError::new(NAME, ErrorKind::Policy, message).with_code(blocked.as_deref())
            );
        }
        let first = candidates
            .into_iter()
            .find(|candidate| candidate.index.unwrap_or(0) == 0);
        if let Some(candidate) = first {
            let texts = candidate.content.map(Content::texts).unwrap_or_default();
            pieces.extend(texts.into_iter().map(Piece::Text));
            let reason = candidate.finish_reason.as_deref().and_then(finish_reason);
            pieces.extend(reason.map(Piece::Finish));
        }
        if let Some(usage) = chunk.usage_metadata {
            let spoken = usage.candidates.unwrap_or(0);
            let thought = usage.thoughts.unwrap_or(0);
            pieces.push(Piece::Usage {
                prompt_tokens: usage.prompt.unwrap_or(0),
                completion_tokens: spoken.saturating_add(thought),
            });
        }
        Ok(pieces)
    }
}

fn finish_reason(word: &str) -> Option<FinishReason> {
    Some(match word {
        "FINISH_REASON_UNSPECIFIED" | "" => return None,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => {
            FinishReason::ContentFilter
        }
        _ => FinishReason::Other,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    error: Option<Value>,
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<PromptFeedback>,
    usage_metadata: Option<UsageMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    index: Option<u64>,
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    role: Option<String>,
    parts: Option<Vec<Part>>,
}

impl Content {
    /// The model's text without its thoughts; what claims to be said by anybody else is not an
    /// answer.
    fn texts(self) -> Vec<String> {
        if !matches!(self.role.as_deref(), None | Some("" | "model")) {
            return Vec::new();
        }
        let parts = self.parts.unwrap_or_default().into_iter();
        parts
            .filter(|part| part.thought != Some(true))
            .filter_map(|part| part.text)
            .filter(|text| !text.is_empty())
            .collect()
    }
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    thought: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
struct UsageMetadata {
    #[serde(rename = "promptTokenCount")]
    prompt: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmbeddingAnswer {
    embeddings: Vec<EmbeddingValues>,
    usage_metadata: Option<UsageMetadata>,
}

#[derive(Deserialize)]
struct EmbeddingValues {
    values: Vec<f32>,
}
