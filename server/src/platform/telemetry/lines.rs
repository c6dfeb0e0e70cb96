//! One line for each event: its fields, and the ids of the request or job that it happened in.

use std::fmt::{Debug, Write as _};

use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::{format::Writer, time::FormatTime, time::SystemTime},
    layer::Context,
    registry::LookupSpan,
};

use super::{redact::Redactor, sink::Sink};

/// The fields of spans that every line within them has.
const IDS: [&str; 4] = ["request_id", "trace_id", "user_id", "job_id"];

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One JSON object.
    Json,
    /// For a person.
    Pretty,
}

/// Writes the lines.
pub(super) struct Lines {
    pub(super) shape: Shape,
    pub(super) sink: Sink,
    pub(super) redactor: Redactor,
}

/// The ids that a span was given.
#[derive(Default)]
struct Ids(Vec<(&'static str, Value)>);

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut ids = Ids::default();
        attributes.record(&mut ids);
        if let Some(span) = context.span(id)
            && !ids.0.is_empty()
        {
            span.extensions_mut().insert(ids);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut ids = Ids::default();
        values.record(&mut ids);
        let Some(span) = context.span(id).filter(|_| !ids.0.is_empty()) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<Ids>() {
            Some(known) => known.0.extend(ids.0),
            None => extensions.insert(ids),
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields {
            redactor: &self.redactor,
            message: String::new(),
            others: Vec::new(),
        };
        event.record(&mut fields);
        if let Some(scope) = context.event_scope(event) {
            for span in scope {
                if let Some(ids) = span.extensions().get::<Ids>() {
                    fields.add_ids(ids);
                }
            }
        }
        let line = match self.shape {
            Shape::Json => fields.json(event),
            Shape::Pretty => fields.pretty(event),
        };
        self.sink.put(&line);
    }
}

impl Ids {
    fn take(&mut self, field: &Field, value: impl Into<Value>) {
        if IDS.contains(&field.name()) {
            self.0.push((field.name(), value.into()));
        }
    }
}

impl Visit for Ids {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if IDS.contains(&field.name()) {
            self.take(field, format!("{value:?}"));
        }
    }
}

/// What a line says beside when, how loud and where.
struct Fields<'a> {
    redactor: &'a Redactor,
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields<'_> {
    fn text(&mut self, field: &Field, text: &str) {
        let clean = self.redactor.field(field.name(), text).into_owned();
        if field.name() == "message" {
            self.message = clean;
        } else {
            self.others.push((field.name(), Value::String(clean)));
        }
    }

    /// The event's own and inner spans' ids come before those of outer spans.
    fn add_ids(&mut self, ids: &Ids) {
        for (name, value) in ids.0.iter().rev() {
            if self.others.iter().all(|(known, _)| known != name) {
                let clean = match value {
                    Value::String(text) => self.redactor.field(name, text).into_owned().into(),
                    other => other.clone(),
                };
                self.others.push((name, clean));
            }
        }
    }

    fn json(&self, event: &Event<'_>) -> String {
        let metadata = event.metadata();
        let mut line = String::with_capacity(256);
        let _ = write!(
            line,
            "{{\"timestamp\":\"{}\",\"level\":\"{}\",\"target\":\"{}\"",
            now(),
            metadata.level(),
            metadata.target()
        );
        if !self.message.is_empty() {
            let _ = write!(line, ",\"message\":{}", Value::from(&*self.message));
        }
        for (name, value) in &self.others {
            let _ = write!(line, ",{}:{value}", Value::from(*name));
        }
        line.push_str("}\n");
        line
    }

    fn pretty(&self, event: &Event<'_>) -> String {
        let metadata = event.metadata();
        let mut line = format!("{} {:>5} {}:", now(), metadata.level(), metadata.target());
        if !self.message.is_empty() {
            let _ = write!(line, " {}", self.message.escape_debug());
        }
        for (name, value) in &self.others {
            // A text of one word needs no quotes.
            let plain = value.as_str().filter(|text| {
                let graphic = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
                !text.is_empty() && text.bytes().all(graphic)
            });
            let _ = match plain {
                Some(text) => write!(line, " {name}={text}"),
                None => write!(line, " {name}={value}"),
            };
        }
        line.push('\n');
        line
    }
}

impl Visit for Fields<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.push((field.name(), value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.push((field.name(), value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.others.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.push((field.name(), value.into()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

fn now() -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}
