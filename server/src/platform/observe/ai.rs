//! What the providers report.

use std::time::Duration;

use super::{Observers, as_float};
use crate::platform::ai::{
    AiObserver, BreakerState, FinishedCall, ModelRef, Operation, Outcome, ProviderName, Usage,
};

impl AiObserver for Observers {
    fn expect(&self, order: &[ProviderName], models: &[&ModelRef]) {
        let metrics = &self.0;
        for (place, from) in order.iter().enumerate() {
            metrics.provider_key_rotations.add([from.as_str()], 0);
            for to in &order[place + 1..] {
                let names = [from.as_str(), to.as_str()];
                metrics.provider_fallbacks.add(names, 0);
            }
        }
        for model in models {
            metrics.llm_tokens.add([&model.name, "prompt"], 0);
            metrics.llm_tokens.add([&model.name, "completion"], 0);
        }
    }

    fn call_finished(&self, call: &FinishedCall<'_>) {
        let (provider, model) = (call.model.provider.as_str(), call.model.name.as_str());
        let operation = call.operation.as_str();
        let (status, error_type) = match call.outcome {
            Outcome::Completed => ("ok", ""),
            Outcome::Failed(kind) => ("error", kind.as_str()),
            Outcome::Cancelled => ("cancelled", "cancelled"),
        };
        let seconds = call.duration.as_secs_f64();
        self.0
            .gen_ai_operation_seconds
            .record([operation, provider, model, error_type], seconds);
        self.0.gemini_calls.increment([operation, status]);
        self.0.gemini_latency_seconds.record([operation], seconds);
        if call.chunks > 1 {
            let gaps = u32::try_from(call.chunks - 1).unwrap_or(u32::MAX);
            let gap = call.streaming.as_secs_f64() / f64::from(gaps);
            self.0.gen_ai_chunk_seconds.record([provider, model], gap);
        }
    }

    fn first_chunk(&self, model: &ModelRef, after: Duration) {
        self.0
            .gen_ai_first_chunk_seconds
            .record([model.provider.as_str(), &model.name], after.as_secs_f64());
    }

    fn tokens(&self, operation: Operation, model: &ModelRef, usage: Usage) {
        let (provider, model) = (model.provider.as_str(), model.name.as_str());
        let input = match operation {
            Operation::Chat => "prompt",
            Operation::Embeddings => "index",
        };
        for (kind, direction, tokens) in [
            (input, "input", usage.prompt_tokens),
            ("completion", "output", usage.completion_tokens),
        ] {
            if tokens > 0 {
                self.0.llm_tokens.add([model, kind], tokens);
                self.0
                    .gen_ai_tokens
                    .record([direction, provider, model], as_float(tokens));
            }
        }
    }

    fn breaker(&self, provider: ProviderName, state: BreakerState) {
        self.breaker_is(provider, state);
    }

    fn key_rotated(&self, provider: ProviderName, _label: &str) {
        self.0.provider_key_rotations.increment([provider.as_str()]);
    }

    fn fell_back(&self, from: ProviderName, to: ProviderName) {
        self.0
            .provider_fallbacks
            .increment([from.as_str(), to.as_str()]);
    }
}
