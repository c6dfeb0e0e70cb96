//! A provider that needs no network and gives the same answer every time: it picks the sentences of
//! the passages that answer the question best, and cites them.

mod choose;
mod language;
mod question;
mod sentences;
mod shape;
mod tables;
mod terms;
mod vectors;

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::sleep;

use super::{Chat, Piece, Pieces, RawEmbeddings};
use crate::platform::ai::answer::FinishReason;
use crate::platform::ai::error::{ErrorKind, ProviderError};
use crate::platform::ai::model::ProviderName;
use crate::platform::ai::request::ChatRequest;
use crate::platform::ai::tokens;

use choose::Chosen;
use language::Language;
use question::Question;

pub(in crate::platform::ai) struct Offline {
    latency: Duration,
}

impl Offline {
    /// `latency` is the pause before each delta.
    pub(in crate::platform::ai) const fn new(latency: Duration) -> Self {
        Self { latency }
    }

    /// Whether it takes its time, to look like a network.
    pub(in crate::platform::ai) const fn is_slowed(&self) -> bool {
        !self.latency.is_zero()
    }

    pub(super) async fn chat(&self, chat: &Chat<'_>) -> Result<Pieces, ProviderError> {
        let prompt_tokens = tokens::prompt_exact(chat.prompt);
        let request = chat.request.clone();
        let answer = off_the_threads(move || {
            within(&compose(&request), u64::from(request.max_output_tokens))
        });
        let Within {
            words,
            tokens: completion_tokens,
            reason,
        } = answer.await?;
        let latency = self.latency;
        let pieces = async_stream::stream! {
            for word in words {
                if !latency.is_zero() {
                    sleep(latency).await;
                }
                yield Ok(Piece::Text(word));
            }
            yield Ok(Piece::Usage { prompt_tokens, completion_tokens });
            yield Ok(Piece::Finish(reason));
            yield Ok(Piece::End);
        };
        Ok(pieces.boxed())
    }

    pub(super) async fn embed(inputs: &[String]) -> Result<RawEmbeddings, ProviderError> {
        let inputs = inputs.to_vec();
        off_the_threads(move || RawEmbeddings {
            vectors: inputs.iter().map(|text| vectors::vector(text)).collect(),
            prompt_tokens: Some(inputs.iter().map(|text| tokens::exact(text)).sum()),
        })
        .await
    }
}

/// Reading passages takes milliseconds, in which the threads that serve requests serve others.
async fn off_the_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProviderError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let message = "the answer could not be composed";
        ProviderError::new(ProviderName::Offline, ErrorKind::Transient, message)
    })
}

/// The answer's text: the chosen sentences, each with its passage's number, or a plain statement
/// that the passages hold none.
fn compose(request: &ChatRequest) -> String {
    let questions = Question::read_all(&request.question, &request.history);
    let mut chosen: Vec<Chosen> = Vec::new();
    for question in &questions {
        // One sentence is enough for each question after the first.
        let most = if chosen.is_empty() { usize::MAX } else { 1 };
        let found = choose::choose(question, &request.passages).into_iter();
        let new: Vec<Chosen> = found
            .filter(|sentence| chosen.iter().all(|before| before.text != sentence.text))
            .take(most)
            .collect();
        chosen.extend(new);
    }
    if chosen.is_empty() {
        let language = questions
            .first()
            .map_or(Language::English, |question| question.language);
        return no_answer(language, request.passages.is_empty()).to_owned();
    }
    let cited: Vec<String> = chosen
        .iter()
        .map(|sentence| cite(&sentence.text, sentence.number))
        .collect();
    cited.join(" ")
}

const ENDS: [char; 6] = ['.', '!', '?', '。', '！', '？'];

/// Puts the number inside the sentence, before its end, so that it is plain which sentence it
/// belongs to.
fn cite(sentence: &str, number: u32) -> String {
    let last = sentence.chars().next_back();
    let end = last.filter(|mark| ENDS.contains(mark)).unwrap_or('.');
    let body = sentence
        .trim_end_matches(ENDS)
        .trim_end_matches([':', ';', ',', ' ']);
    format!("{body} [{number}]{end}")
}

const fn no_answer(language: Language, nothing_found: bool) -> &'static str {
    match (language, nothing_found) {
        (Language::English, true) => "No passage in your documents matches this question.",
        (Language::English, false) => "The passages that were found do not answer this question.",
        (Language::German, true) => "Keine Stelle in Ihren Dokumenten passt zu dieser Frage.",
        (Language::German, false) => "Die gefundenen Stellen beantworten diese Frage nicht.",
        (Language::French, true) => {
            "Aucun passage de vos documents ne correspond à cette question."
        }
        (Language::French, false) => "Les passages trouvés ne répondent pas à cette question.",
        (Language::Spanish, true) => "Ningún pasaje de sus documentos corresponde a esta pregunta.",
        (Language::Spanish, false) => "Los pasajes encontrados no responden a esta pregunta.",
    }
}

/// As much of an answer as its limit allows.
struct Within {
    /// Each with the space that follows it.
    words: Vec<String>,
    tokens: u64,
    reason: FinishReason,
}

fn within(text: &str, limit: u64) -> Within {
    let mut within = Within {
        words: Vec::new(),
        tokens: 0,
        reason: FinishReason::Stop,
    };
    let mut count = tokens::Exact::default();
    for word in text.split_inclusive(char::is_whitespace) {
        count.add(word);
        if count.tokens() > limit {
            within.reason = FinishReason::Length;
            break;
        }
        within.tokens = count.tokens();
        within.words.push(word.to_owned());
    }
    within
}

#[cfg(test)]
mod tests;
