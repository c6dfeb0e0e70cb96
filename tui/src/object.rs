//! What an act is done to: a row of some list, whichever screen or command it came from.

use api::admin::AppSettings;
use api::console::{
    Account, AccountDocument, AccountSession, Alarm, AuditRecord, DeletedStore, Job, LedgerEntry,
    Provider, RetentionClass, RetentionRun, SpendLine, Stream,
};
use serde_json::Value;

/// A thing of the house.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    User(Box<Account>),
    Spend(Box<SpendLine>),
    Session {
        user: i64,
        session: AccountSession,
    },
    Document(AccountDocument),
    Charge(Box<LedgerEntry>),
    Job(Box<Job>),
    Stream(Box<Stream>),
    Class(Box<RetentionClass>),
    Run(RetentionRun),
    Provider(Box<Provider>),
    Entry(Box<AuditRecord>),
    Store(DeletedStore),
    Alarm(Alarm),
    /// What users see.
    Branding(Box<AppSettings>),
}

impl Object {
    /// What tells it from others of its kind.
    pub fn id(&self) -> String {
        match self {
            Object::User(user) => user.id.to_string(),
            Object::Spend(line) => line.user_id.to_string(),
            Object::Session { session, .. } => session.id.to_string(),
            Object::Document(document) => document.id.to_string(),
            Object::Charge(entry) => entry.id.to_string(),
            Object::Job(job) => job.id.to_string(),
            Object::Stream(stream) => stream.id.clone(),
            Object::Class(class) => class.class.clone(),
            Object::Run(run) => run.id.to_string(),
            Object::Provider(provider) => provider.name.clone(),
            Object::Entry(entry) => entry.id.to_string(),
            Object::Store(store) => store.id.to_string(),
            Object::Alarm(alarm) => alarm.id.clone(),
            Object::Branding(_) => "branding".to_owned(),
        }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Object::User(user) => user.email.clone(),
            Object::Spend(line) => line.email.clone(),
            Object::Session { session, .. } => format!("sign-in {}", session.id),
            Object::Document(document) => format!("document {}", document.id),
            Object::Charge(entry) => format!("entry {}", entry.id),
            Object::Job(job) => format!("job {}", job.id),
            Object::Stream(stream) => format!("stream {}", stream.id),
            Object::Class(class) => class.class.clone(),
            Object::Run(run) => format!("run {}", run.id),
            Object::Provider(provider) => provider.name.clone(),
            Object::Entry(entry) => format!("entry {}", entry.id),
            Object::Store(store) => format!("store {}", store.id),
            Object::Alarm(alarm) => alarm.text.clone(),
            Object::Branding(settings) => settings.app_name.clone(),
        }
    }

    /// The user it belongs to, or is.
    pub fn owner(&self) -> Option<i64> {
        match self {
            Object::User(user) => Some(user.id),
            Object::Spend(line) => Some(line.user_id),
            Object::Session { user, .. } => Some(*user),
            Object::Charge(entry) => entry.user_id,
            Object::Job(job) => job.owner_id,
            Object::Stream(stream) => Some(stream.user_id),
            Object::Entry(entry) => entry.actor_id,
            Object::Store(store) => Some(store.owner_id),
            _ => None,
        }
    }

    /// The trace of what made it.
    pub fn trace(&self) -> Option<&str> {
        match self {
            Object::Job(job) => job.trace_id.as_deref(),
            Object::Charge(entry) => entry.trace_id.as_deref(),
            _ => None,
        }
    }

    /// As the server sent it.
    pub fn json(&self) -> Value {
        let written = match self {
            Object::User(row) => serde_json::to_value(row),
            Object::Spend(row) => serde_json::to_value(row),
            Object::Session { session, .. } => serde_json::to_value(session),
            Object::Document(row) => serde_json::to_value(row),
            Object::Charge(row) => serde_json::to_value(row),
            Object::Job(row) => serde_json::to_value(row),
            Object::Stream(row) => serde_json::to_value(row),
            Object::Class(row) => serde_json::to_value(row),
            Object::Run(row) => serde_json::to_value(row),
            Object::Provider(row) => serde_json::to_value(row),
            Object::Entry(row) => serde_json::to_value(row),
            Object::Store(row) => serde_json::to_value(row),
            Object::Alarm(row) => serde_json::to_value(row),
            Object::Branding(row) => serde_json::to_value(row),
        };
        written.unwrap_or(Value::Null)
    }
}
