//! The list of answers under way, filtered and sorted as every list is.

use std::borrow::Cow;

use api::{
    console as wire,
    filter::{self, Row, Value},
};

use super::{Engine, error::EngineError, reading::whole};
use crate::platform::paging::{Key, Listing, Sorted};

/// An answer as filters see it.
struct Listed(wire::Stream);

impl Listed {
    fn rate(&self) -> i64 {
        whole(self.0.tokens_per_s).unwrap_or(i64::MAX)
    }
}

impl Row for Listed {
    fn value(&self, field: &str) -> Option<Value> {
        let stream = &self.0;
        Some(match field {
            "id" => Value::Text(stream.id.clone()),
            "user" => Value::Integer(stream.user_id),
            "email" => Value::Text(stream.email.clone()),
            "kind" => Value::Text(stream.kind.clone()),
            "provider" => Value::Text(stream.provider.clone()?),
            "model" => Value::Text(stream.model.clone()?),
            "state" => Value::Word(stream.state.word()),
            "age" => Value::Time(stream.started_at),
            "tokens" => Value::Integer(stream.tokens_out),
            "rate" => Value::Integer(self.rate()),
            _ => return None,
        })
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        let texts = [Some(&self.0.id), Some(&self.0.email), self.0.model.as_ref()];
        let texts = texts.into_iter().flatten();
        texts.map(|text| Cow::Borrowed(text.as_str())).collect()
    }
}

impl Sorted for Listed {
    fn sort_key(&self, field: &str) -> Key {
        match field {
            "email" => Key::Text(self.0.email.clone()),
            "tokens" => Key::Integer(self.0.tokens_out),
            "rate" => Key::Integer(self.rate()),
            _ => Key::Time(self.0.started_at),
        }
    }

    fn sort_id(&self) -> Key {
        Key::Text(self.0.id.clone())
    }
}

impl Engine {
    /// A page of the answers under way.
    pub(super) async fn list_streams(
        &self,
        query: wire::ListQuery,
    ) -> Result<wire::StreamPage, EngineError> {
        let now = self.0.parts.clock.now();
        let listing = Listing::read("streams", &filter::STREAMS, query, now)?;
        let all = self
            .streams_asked_for()
            .await?
            .into_iter()
            .map(Listed)
            .collect();
        let page = listing.page_of(all);
        Ok(wire::StreamPage {
            items: page.items.into_iter().map(|listed| listed.0).collect(),
            next_cursor: page.next,
        })
    }
}
