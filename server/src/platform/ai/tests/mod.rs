//! Drives the real providers against a local server that misbehaves on demand.

mod faults;
mod offline;
mod prompts;
mod routing;
mod settings;
#[path = "../../../../tests/it/support/provider.rs"]
#[expect(dead_code, reason = "the tests of the house hold its answers back")]
mod stub;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use secrecy::SecretString;

use super::settings::{
    ApiKey, BreakerSettings, GeminiSettings, OpenAiSettings, RetrySettings, Timeouts,
};
use super::*;
use crate::platform::outbound;
use stub::ProviderStub;

/// Which protocol a test speaks with the local provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    OpenAi,
    Gemini,
}

const WIRES: [Wire; 2] = [Wire::OpenAi, Wire::Gemini];
const KEY: &str = "sk-secret-0123456789";

impl Wire {
    fn name(self) -> ProviderName {
        match self {
            Self::OpenAi => ProviderName::OpenAi,
            Self::Gemini => ProviderName::Gemini,
        }
    }

    fn model(self) -> ModelRef {
        ModelRef::new(self.name(), "test-model")
    }
}

/// Remembers what the providers reported.
#[derive(Default)]
struct Recorder {
    lines: Mutex<Vec<String>>,
    usage: Mutex<Vec<Usage>>,
}

impl Recorder {
    fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    fn count(&self, line: &str) -> usize {
        self.lines
            .lock()
            .iter()
            .filter(|seen| *seen == line)
            .count()
    }
}

impl AiObserver for Recorder {
    fn expect(&self, _order: &[ProviderName], _models: &[&ModelRef]) {}

    fn call_finished(&self, call: &FinishedCall<'_>) {
        let outcome = match call.outcome {
            Outcome::Completed => "completed",
            Outcome::Failed(kind) => kind.as_str(),
            Outcome::Cancelled => "cancelled",
        };
        assert!(call.streaming <= call.duration);
        let operation = call.operation.as_str();
        self.lines
            .lock()
            .push(format!("{operation} {} {outcome}", call.model));
    }

    fn first_chunk(&self, model: &ModelRef, after: Duration) {
        assert!(after < Duration::from_mins(1));
        self.lines.lock().push(format!("first chunk {model}"));
    }

    fn tokens(&self, _operation: Operation, _model: &ModelRef, usage: Usage) {
        self.usage.lock().push(usage);
    }

    fn breaker(&self, provider: ProviderName, state: BreakerState) {
        self.lines
            .lock()
            .push(format!("breaker {provider} {}", state.as_str()));
    }

    fn key_rotated(&self, provider: ProviderName, label: &str) {
        self.lines
            .lock()
            .push(format!("rotated {provider} {label}"));
    }

    fn fell_back(&self, from: ProviderName, to: ProviderName) {
        self.lines.lock().push(format!("fell back {from} {to}"));
    }
}

/// A gateway in front of a local provider.
struct Rig {
    stub: ProviderStub,
    gateway: Gateway,
    seen: Arc<Recorder>,
}

impl Rig {
    async fn new(wire: Wire) -> Self {
        Self::with(wire, |_| {}).await
    }

    /// Short waits, so that the tests of waiting are quick; `change` adapts the settings.
    async fn with(wire: Wire, change: impl FnOnce(&mut AiSettings)) -> Self {
        let stub = ProviderStub::start().await;
        let mut settings = settings_for(&stub, wire.name());
        change(&mut settings);
        let seen = Arc::new(Recorder::default());
        let observer: Arc<dyn AiObserver> = Arc::<Recorder>::clone(&seen);
        let gateway = Gateway::new(&settings, outbound::client, observer, Arc::new(|| 0.5));
        Self {
            stub,
            gateway: gateway.unwrap(),
            seen,
        }
    }

    async fn ask(&self, model: ModelRef) -> Result<Answer, ProviderError> {
        self.gateway.stream_chat(&hold(), question(model)).await
    }

    async fn read(&self, model: ModelRef) -> Result<Heard, ProviderError> {
        Ok(hear(self.ask(model).await?).await)
    }
}

fn settings_for(stub: &ProviderStub, name: ProviderName) -> AiSettings {
    AiSettings {
        openai: OpenAiSettings {
            base_url: stub.openai_url(),
            api_key: Some(SecretString::from(KEY)),
        },
        gemini: GeminiSettings {
            base_url: stub.gemini_url(),
            keys: vec![key("GEMINI_API_KEY", KEY)],
        },
        ..settings_of(&[name])
    }
}

/// Providers that lead nowhere, each with a model of the same name, and short waits.
fn settings_of(order: &[ProviderName]) -> AiSettings {
    let models: Vec<ModelRef> = order
        .iter()
        .map(|name| ModelRef::new(*name, "test-model"))
        .collect();
    AiSettings {
        order: order.to_vec(),
        default_model: models[0].clone(),
        models: models.clone(),
        fallback_models: models,
        openai: OpenAiSettings {
            base_url: String::new(),
            api_key: None,
        },
        gemini: GeminiSettings {
            base_url: "http://localhost".to_owned(),
            keys: Vec::new(),
        },
        offline_latency: Duration::ZERO,
        timeouts: Timeouts {
            first_token: Duration::from_secs(20),
            idle: Duration::from_secs(20),
            total: Duration::from_mins(1),
            request: Duration::from_secs(20),
        },
        retry: RetrySettings {
            stream_attempts: 2,
            request_attempts: 2,
            base: Duration::from_millis(2),
            longest_wait: Duration::from_secs(2),
        },
        breaker: BreakerSettings {
            failures: 5,
            window: Duration::from_secs(30),
            open_for: Duration::from_secs(30),
        },
    }
}

/// Adds `offline` as the provider to fall back to.
fn then_offline(settings: &mut AiSettings) {
    settings.order.push(ProviderName::Offline);
    settings
        .fallback_models
        .push(ModelRef::new(ProviderName::Offline, "test-model"));
}

fn key(label: &str, secret: &str) -> ApiKey {
    ApiKey {
        label: label.to_owned(),
        secret: SecretString::from(secret),
    }
}

fn hold() -> Hold {
    Hold::unbooked()
}

fn question(model: ModelRef) -> ChatRequest {
    ChatRequest {
        model,
        system: Some("Be friendly.".to_owned()),
        history: vec![
            Turn {
                role: Role::User,
                text: "Hello".to_owned(),
            },
            Turn {
                role: Role::Assistant,
                text: "Good day".to_owned(),
            },
        ],
        question: "Where do the greetings come from?".to_owned(),
        passages: vec![PromptPassage {
            number: 1,
            title: "letters.pdf".to_owned(),
            page: Some(3),
            text: "The greetings come from the harbour.".to_owned(),
        }],
        max_output_tokens: 2048,
    }
}

/// All that came of an answer.
#[derive(Debug)]
struct Heard {
    text: String,
    usage: Usage,
    end: Result<FinishReason, ProviderError>,
}

/// Reads an answer to its end and checks the order of its events.
async fn hear(mut answer: Answer) -> Heard {
    let mut text = String::new();
    let mut usage = None;
    let mut end = None;
    while let Some(event) = answer.next().await {
        assert!(end.is_none(), "{event:?} after the end");
        match event {
            Ok(ChatEvent::Delta(delta)) => {
                assert!(usage.is_none(), "text after the usage");
                text.push_str(&delta);
            }
            Ok(ChatEvent::Usage(counted)) => assert_eq!(usage.replace(counted), None),
            Ok(ChatEvent::Finished(reason)) => end = Some(Ok(reason)),
            Err(error) => end = Some(Err(error)),
        }
    }
    let usage = usage.expect("a usage");
    assert_eq!(answer.usage(), usage);
    Heard {
        text,
        usage,
        end: end.expect("an end"),
    }
}
