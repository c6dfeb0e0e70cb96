//! What happened last, in a line each: jobs, answers, acts on record.

use api::console as wire;
use entities::{UserId, jobs::job_event};

use super::{Engine, error::EngineError};
use crate::platform::{audit::AuditEntry, streams::EndedStream};

const SHOWN: usize = 50;

impl Engine {
    /// The newest first.
    pub(super) async fn happenings(&self) -> Result<Vec<wire::Happening>, EngineError> {
        let parts = &self.0.parts;
        let lines = parts.jobs.newest_lines(SHOWN as u64).await?;
        let acts = parts.audit.list(SHOWN as u64, None, &[]).await?;
        let ended = parts.streams.ended(SHOWN, parts.clock.now());
        let actors = acts.iter().filter_map(|act| act.actor);
        let owners = ended.iter().map(|stream| stream.user_id);
        let emails = self.0.parts.accounts.emails(actors.chain(owners)).await?;
        let email = |user: UserId| {
            let known = emails.get(&user).cloned();
            known.unwrap_or_else(|| format!("user {user}"))
        };
        let jobs: Vec<_> = lines.iter().map(|line| line.job_id).collect();
        let numbers = parts.jobs.numbers(&jobs).await?;
        let mut all: Vec<wire::Happening> = lines
            .iter()
            .filter_map(|line| Some(of_job(line, *numbers.get(&line.job_id)?)))
            .chain(ended.iter().map(|end| of_stream(end, &email(end.user_id))))
            .chain(acts.iter().map(|act| {
                let actor = act.actor.map_or_else(|| "system".to_owned(), &email);
                of_act(act, &actor)
            }))
            .collect();
        all.sort_by_key(|happening| std::cmp::Reverse(happening.at));
        all.truncate(SHOWN);
        Ok(all)
    }
}

fn object(kind: &str, id: &impl ToString) -> wire::ObjectRef {
    wire::ObjectRef {
        kind: kind.to_owned(),
        id: id.to_string(),
    }
}

fn of_job(line: &job_event::Model, number: i64) -> wire::Happening {
    let mut text = format!("job {number} {}", line.event);
    if let Some(stage) = &line.stage {
        text.push(' ');
        text.push_str(stage);
    }
    if let Some(class) = &line.error_class {
        text.push_str(": ");
        text.push_str(class);
    }
    wire::Happening {
        at: line.created_at,
        kind: "job".to_owned(),
        object: Some(object("job", &number)),
        text,
    }
}

fn of_stream(end: &EndedStream, email: &str) -> wire::Happening {
    let short: String = end.id.to_string().chars().take(4).collect();
    wire::Happening {
        at: end.ended_at,
        kind: "stream".to_owned(),
        object: Some(object("stream", &end.id)),
        text: format!(
            "stream {short} {email} ended: {} {} tok",
            end.reason.as_str(),
            end.tokens
        ),
    }
}

fn of_act(act: &AuditEntry, actor: &str) -> wire::Happening {
    let target = match (&act.target_type, &act.target_id) {
        (Some(kind), Some(id)) => format!(" {kind} {id}"),
        _ => String::new(),
    };
    wire::Happening {
        at: act.created_at,
        kind: "audit".to_owned(),
        object: act
            .target_type
            .as_deref()
            .zip(act.target_id.clone())
            .map(|(kind, id)| object(kind, &id)),
        text: format!("{actor} {}{target}", act.action),
    }
}
