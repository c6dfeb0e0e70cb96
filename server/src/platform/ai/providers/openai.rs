//! The OpenAI wire, as OpenAI, Ollama, vLLM and many others speak it.

use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{self, Decoder, WireError};
use super::{Chat, Piece, Pieces, RawEmbeddings};
use crate::platform::ai::answer::FinishReason;
use crate::platform::ai::error::{ErrorKind, ProviderError};
use crate::platform::ai::model::ProviderName;
use crate::platform::ai::request::Role;
use crate::platform::ai::settings::{AiSetupError, OpenAiSettings};
use crate::platform::outbound::Client;

const NAME: ProviderName = ProviderName::OpenAi;

pub(in crate::platform::ai) struct OpenAi {
    client: Client,
    base: Url,
    authorization: Option<HeaderValue>,
    idle: Duration,
}

impl OpenAi {
    pub(in crate::platform::ai) fn new(
        client: Client,
        settings: &OpenAiSettings,
        idle: Duration,
    ) -> Result<Self, AiSetupError> {
        let base = super::base_url("OPENAI_BASE_URL", &settings.base_url)?;
        let authorization = settings
            .api_key
            .as_ref()
            .map(|key| {
                let text = format!("Bearer {}", key.expose_secret());
                super::secret_header("OPENAI_API_KEY", &text)
            })
            .transpose()?;
        Ok(Self {
            client,
            base,
            authorization,
            idle,
        })
    }

    pub(super) async fn chat(&self, chat: &Chat<'_>) -> Result<Pieces, ProviderError> {
        let mut messages = vec![json!({ "role": "system", "content": chat.prompt.system })];
        for turn in &chat.prompt.history {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            messages.push(json!({ "role": role, "content": turn.text }));
        }
        messages.push(json!({ "role": "user", "content": chat.prompt.user }));
        let mut body = json!({
            "model": chat.model,
            "messages": messages,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        body[self.limit_field()] = json!(chat.request.max_output_tokens);
        let request = self
            .post(&["chat", "completions"])
            .header(ACCEPT, "text/event-stream")
            .header(ACCEPT_ENCODING, "identity")
            .json(&body);
        let response = wire::send(NAME, request).await?;
        Ok(wire::pieces(response, ChunkDecoder, self.idle))
    }

    pub(super) async fn embed(
        &self,
        model: &str,
        inputs: &[String],
    ) -> Result<RawEmbeddings, ProviderError> {
        let body = json!({ "model": model, "input": inputs, "encoding_format": "float" });
        let response = wire::send(NAME, self.post(&["embeddings"]).json(&body)).await?;
        let answer: EmbeddingAnswer = wire::read_json(NAME, response).await?;
        let mut data = answer.data;
        data.sort_by_key(|item| item.index);
        let vectors = data.into_iter().map(|item| item.embedding).collect();
        let prompt_tokens = answer.usage.and_then(|usage| usage.prompt_tokens);
        Ok(RawEmbeddings {
            vectors,
            prompt_tokens,
        })
    }

    pub(super) async fn probe(&self) -> Result<(), ProviderError> {
        let request = self.client.get(super::join(&self.base, &["models"]));
        wire::send(NAME, self.authorize(request)).await.map(drop)
    }

    /// OpenAI's newer models refuse `max_tokens`; other servers know no other name.
    fn limit_field(&self) -> &'static str {
        match self.base.host_str() {
            Some("api.openai.com") => "max_completion_tokens",
            _ => "max_tokens",
        }
    }

    fn post(&self, path: &[&str]) -> RequestBuilder {
        self.authorize(self.client.post(super::join(&self.base, path)))
    }

    fn authorize(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }
}

struct ChunkDecoder;

impl Decoder for ChunkDecoder {
    const PROVIDER: ProviderName = NAME;

    fn decode(&mut self, data: &[u8]) -> Result<Vec<Piece>, ProviderError> {
        if data.trim_ascii() == b"[DONE]" {
            return Ok(vec![Piece::End]);
        }
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
        let choices = chunk.choices.unwrap_or_default();
        if let Some(choice) = choices
            .into_iter()
            .find(|choice| choice.index.unwrap_or(0) == 0)
        {
            pieces.extend(choice.delta.and_then(Delta::text).map(Piece::Text));
            let reason = choice.finish_reason.as_deref().map(finish_reason);
            pieces.extend(reason.map(Piece::Finish));
        }
        if let Some(usage) = chunk.usage {
            pieces.push(Piece::Usage {
                prompt_tokens: usage.prompt_tokens.unwrap_or(0),
                completion_tokens: usage.completion_tokens.unwrap_or(0),
            });
        }
        Ok(pieces)
    }
}

fn finish_reason(word: &str) -> FinishReason {
    match word {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    }
}

#[derive(Deserialize)]
struct Chunk {
    error: Option<Value>,
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u64>,
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    role: Option<String>,
    content: Option<String>,
    /// A refusal in the model's own words, which the user should read.
    refusal: Option<String>,
}

impl Delta {
    /// The assistant's text; what claims to be said by anybody else is not an answer.
    fn text(self) -> Option<String> {
        let assistant = matches!(self.role.as_deref(), None | Some("" | "assistant"));
        let text = self
            .content
            .filter(|text| !text.is_empty())
            .or(self.refusal);
        text.filter(|text| assistant && !text.is_empty())
    }
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct EmbeddingAnswer {
    data: Vec<EmbeddingItem>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct EmbeddingItem {
    #[serde(default)]
    index: u64,
    embedding: Vec<f32>,
}
