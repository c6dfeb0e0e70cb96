//! The providers themselves. Only the gateway calls them: a call needs its hold.

mod gemini;
mod gemini_keys;
pub(super) mod offline;
mod openai;
mod wire;

use futures_util::stream::BoxStream;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::answer::FinishReason;
use super::error::ProviderError;
use super::model::ProviderName;
use super::prompt::Prompt;
use super::request::ChatRequest;
use super::settings::AiSetupError;

pub(super) use gemini::Gemini;
pub(super) use offline::Offline;
pub(super) use openai::OpenAi;

/// What a provider's stream is made of, whatever its wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// The latest count replaces earlier ones.
    Usage {
        prompt_tokens: u64,
        completion_tokens: u64,
    },
    Finish(FinishReason),
    /// The answer is whole. Whoever polls on lets the connection be reused.
    End,
}

/// A stream that breaks off yields an error; it never just ends before [`Piece::End`].
pub(super) type Pieces = BoxStream<'static, Result<Piece, ProviderError>>;

/// Vectors in the order of the inputs, and the tokens that the provider counted.
pub(super) struct RawEmbeddings {
    pub(super) vectors: Vec<Vec<f32>>,
    pub(super) prompt_tokens: Option<u64>,
}

/// A chat ready to send: `model` is the name at the provider that is asked.
pub(super) struct Chat<'a> {
    pub(super) model: &'a str,
    pub(super) request: &'a ChatRequest,
    pub(super) prompt: &'a Prompt,
}

/// One configured provider.
pub(super) enum Provider {
    Offline(Offline),
    OpenAi(OpenAi),
    Gemini(Gemini),
}

impl Provider {
    pub(super) const fn name(&self) -> ProviderName {
        match self {
            Self::Offline(_) => ProviderName::Offline,
            Self::OpenAi(_) => ProviderName::OpenAi,
            Self::Gemini(_) => ProviderName::Gemini,
        }
    }

    /// Sends the request and returns when the headers have come.
    pub(super) async fn chat(&self, chat: Chat<'_>) -> Result<Pieces, ProviderError> {
        match self {
            Self::Offline(offline) => offline.chat(&chat).await,
            Self::OpenAi(openai) => openai.chat(&chat).await,
            Self::Gemini(gemini) => gemini.chat(&chat).await,
        }
    }

    /// One vector per input, all of one length.
    pub(super) async fn embed(
        &self,
        model: &str,
        inputs: &[String],
    ) -> Result<RawEmbeddings, ProviderError> {
        match self {
            Self::Offline(_) => Offline::embed(inputs).await,
            Self::OpenAi(openai) => openai.embed(model, inputs).await,
            Self::Gemini(gemini) => gemini.embed(model, inputs).await,
        }
    }

    /// The most inputs that one embedding request takes.
    pub(super) const fn embedding_batch(&self) -> usize {
        match self {
            Self::Offline(_) => usize::MAX,
            Self::OpenAi(_) => 256,
            Self::Gemini(_) => 100,
        }
    }

    /// Whether the provider can be reached and takes the key. Costs nothing, so it needs no hold.
    pub(super) async fn probe(&self) -> Result<(), ProviderError> {
        match self {
            Self::Offline(_) => Ok(()),
            Self::OpenAi(openai) => openai.probe().await,
            Self::Gemini(gemini) => gemini.probe().await,
        }
    }
}

fn base_url(variable: &'static str, text: &str) -> Result<Url, AiSetupError> {
    let url = Url::parse(text.trim()).map_err(|_| AiSetupError::BadUrl { variable })?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable {
        Ok(url)
    } else {
        Err(AiSetupError::BadUrl { variable })
    }
}

/// Appends segments to the base's path; what they hold cannot leave their segment.
fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

fn secret_header(label: &str, text: &str) -> Result<HeaderValue, AiSetupError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| AiSetupError::BadKey {
        label: label.to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
