//! Trying a provider with the smallest question there is, paid for by whoever asks.

use api::console as wire;
use entities::UserId;
use futures_util::StreamExt;
use tokio::{sync::oneshot, time::Instant};

use super::{Engine, error::EngineError, providers::on_provider};
use crate::platform::{
    ai::{ChatEvent, ChatRequest, ErrorKind, ProviderName, Usage},
    audit::By,
    budgets::{Charge, ChargeKind, Hold, HoldRequest, Prices},
    telemetry::traces::{self, TraceParent},
};

/// How the question was answered.
struct Asked {
    /// `None`: nothing began to come.
    usage: Option<Usage>,
    error: Option<ErrorKind>,
    took_ms: i64,
}

impl Engine {
    /// Asks a provider. It goes on whatever the client does: money is reserved for it.
    pub(super) async fn probe_provider(
        &self,
        by: &By,
        name: &str,
    ) -> Result<(wire::Probe, i64), EngineError> {
        let name = self.named(name)?;
        let (request, hold) = self.reserve_probe(by.actor, name)?;
        let (reply, answered) = oneshot::channel();
        let (engine, by) = (self.clone(), by.clone());
        self.0.parts.tasks.spawn("provider-probe", async move {
            // Without a receiver the client has gone; all is done all the same.
            let _ = reply.send(engine.probe(&by, name, request, hold).await);
        });
        answered.await.map_err(|_| EngineError::Stopping)?
    }

    fn reserve_probe(
        &self,
        actor: UserId,
        name: ProviderName,
    ) -> Result<(ChatRequest, HoldRequest), EngineError> {
        let parts = &self.0.parts;
        let (request, bound) = parts
            .gateway
            .probe_question(name)
            .ok_or(EngineError::NoQuestion(name))?;
        let hold = HoldRequest {
            user_id: actor,
            kind: ChargeKind::Chat,
            provider: name.as_str().to_owned(),
            model: request.model.name.clone(),
            prices: Prices::of_chat(&parts.prices.rates(&request.model.to_string())),
            prompt_tokens: bound.prompt_tokens,
            max_output_tokens: bound.completion_tokens,
            born_sent: true,
            job_id: None,
            stream_id: None,
            trace_id: traces::current().map(TraceParent::trace_id),
            store_id: None,
        };
        Ok((request, hold))
    }

    async fn probe(
        &self,
        by: &By,
        name: ProviderName,
        request: ChatRequest,
        hold: HoldRequest,
    ) -> Result<(wire::Probe, i64), EngineError> {
        let hold = self.0.parts.budgets.hold(hold).await?;
        let hold = hold.map_err(EngineError::NoBudget)?;
        let asked = self.ask(&hold, request).await;
        let cost_nanos = self.settle_probe(hold, &asked).await?;
        let probe = wire::Probe {
            ok: asked.error.is_none(),
            took_ms: asked.took_ms,
            error: asked.error.map(|kind| kind.as_str().to_owned()),
            cost_nanos,
        };
        let act = on_provider("probe_provider", name)
            .with("ok", probe.ok)
            .with("took_ms", probe.took_ms)
            .with("cost_nanos", cost_nanos);
        let entry = self.0.parts.audit.record_act(by, act).await?;
        Ok((probe, entry))
    }

    async fn ask(&self, hold: &Hold, request: ChatRequest) -> Asked {
        let began = Instant::now();
        let (usage, error) = match self.0.parts.gateway.ask_one(hold, request).await {
            Err(error) => (None, Some(error.kind)),
            Ok(mut answer) => {
                let mut error = None;
                while let Some(event) = answer.next().await {
                    match event {
                        Ok(ChatEvent::Finished(_)) => break,
                        Ok(_) => {}
                        Err(failed) => {
                            error = Some(failed.kind);
                            break;
                        }
                    }
                }
                (Some(answer.usage()), error)
            }
        };
        Asked {
            usage,
            error,
            took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Charges what was used; where nothing came, nothing.
    async fn settle_probe(&self, hold: Hold, asked: &Asked) -> Result<i64, EngineError> {
        let budgets = &self.0.parts.budgets;
        let Some(usage) = asked.usage else {
            let released = budgets.release(hold).await?;
            released.map_err(EngineError::Hold)?;
            return Ok(0);
        };
        let charge = Charge {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            estimated: usage.estimated,
            error_code: asked.error.map(|kind| kind.as_str().to_owned()),
            ..Charge::default()
        };
        let receipt = budgets.settle(hold, charge).await?;
        Ok(receipt.map_err(EngineError::Hold)?.amount.0)
    }
}
