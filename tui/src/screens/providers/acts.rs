//! What can be done to providers.

use api::console::{BreakerState, KeySlotState, Probe, Provider};

use super::PATH;
use crate::acts::{Act, Call, Done, Draft, On, Plan, Refusal};
use crate::client::request::segment;
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&RESET, &ROTATE, &PROBE];

fn request(draft: &Draft, verb: &str) -> Result<Request, Refusal> {
    match draft.first()? {
        Object::Provider(provider) => Ok(Request::post(format!(
            "{PATH}/{}/{verb}",
            segment(&provider.name)
        ))),
        _ => Err(Refusal::new("choose a provider first")),
    }
}

fn name(draft: &Draft) -> String {
    draft.objects.first().map(Object::name).unwrap_or_default()
}

fn is_provider(object: &Object) -> Result<&Provider, String> {
    match object {
        Object::Provider(provider) => Ok(provider),
        _ => Err("choose a provider first".to_owned()),
    }
}

static RESET: Act = Act {
    noun: "providers",
    verb: "reset",
    key: Some('R'),
    label: "reset breaker",
    help: "closes the breaker: calls go through again",
    on: On::One,
    writes: true,
    fields: &[],
    fits: |object| {
        let provider = is_provider(object)?;
        if provider.state == BreakerState::Closed {
            return Err(format!("the breaker of {} is closed", provider.name));
        }
        Ok(())
    },
    plan: |draft| {
        let done = |_: &Draft, reply: &Reply| {
            let provider: Provider = reply.decode()?;
            let state = provider.state.word().replace('_', "-");
            Ok(Done::new(format!(
                "the breaker of {} is {state}",
                provider.name
            )))
        };
        Ok(Plan::Send(Call::new(request(draft, "reset")?, done)))
    },
};

static ROTATE: Act = Act {
    noun: "providers",
    verb: "rotate",
    key: Some('K'),
    label: "rotate key",
    help: "takes the next key from now on",
    on: On::One,
    writes: true,
    fields: &[],
    fits: |object| {
        let provider = is_provider(object)?;
        if provider.slots.len() < 2 {
            return Err(format!("{} has no other key", provider.name));
        }
        Ok(())
    },
    plan: |draft| {
        let done = |_: &Draft, reply: &Reply| {
            let provider: Provider = reply.decode()?;
            let used = provider
                .slots
                .iter()
                .find(|slot| slot.state == KeySlotState::InUse);
            let text = match used {
                Some(slot) => format!("{} takes {} now", provider.name, slot.label),
                None => format!("{} takes its next key", provider.name),
            };
            Ok(Done::new(text))
        };
        Ok(Plan::Send(Call::new(request(draft, "rotate")?, done)))
    },
};

static PROBE: Act = Act {
    noun: "providers",
    verb: "probe",
    key: Some('p'),
    label: "probe now",
    help: "makes one small call, about $0.0001",
    on: On::One,
    writes: true,
    fields: &[],
    fits: |object| is_provider(object).map(|_| ()),
    plan: |draft| Ok(Plan::Send(Call::new(request(draft, "probe")?, probed))),
};

fn probed(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let probe: Probe = reply.decode()?;
    let took = units::duration_ms(probe.took_ms.unsigned_abs());
    let cost = units::money_fine(probe.cost_nanos);
    let said = match (probe.ok, probe.error) {
        (true, _) => format!("answered in {took}, {cost}"),
        (false, Some(error)) => format!("failed after {took}: {error}"),
        (false, None) => format!("failed after {took}"),
    };
    Ok(Done::new(format!("{}: {said}", name(draft))))
}
