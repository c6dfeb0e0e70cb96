//! A reader of the feed.

use std::{pin::Pin, time::Duration};

use eventsource_stream::{Event, Eventsource};
use futures_util::{Stream, StreamExt};
use serde_json::Value;

use crate::support::User;

const PATIENCE: Duration = Duration::from_secs(20);

/// One open feed.
pub struct Follower {
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    /// The id of the newest event that had one.
    pub last_id: Option<String>,
}

/// An event as it came.
#[derive(Debug, Clone)]
pub struct Told {
    pub id: String,
    pub name: String,
    pub data: Value,
}

impl Follower {
    /// Opens a feed; `topics` as in the address, all when empty.
    pub async fn open(user: &User, topics: &str, last_id: Option<&str>) -> Self {
        let path = format!("/api/admin/events?topics={topics}");
        let mut request = user.request(reqwest::Method::GET, &path);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        let kind = response.headers()["content-type"].to_str().expect("text");
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let events = response.bytes_stream().eventsource();
        let whole = events.take_while(|event| std::future::ready(event.is_ok()));
        Self {
            events: Box::pin(whole.filter_map(|event| std::future::ready(event.ok()))),
            last_id: None,
        }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Told> {
        let next = tokio::time::timeout(PATIENCE, self.events.next());
        let event = next.await.expect("an event in time")?;
        if !event.id.is_empty() {
            self.last_id = Some(event.id.clone());
        }
        Some(Told {
            id: event.id,
            name: event.event,
            data: serde_json::from_str(&event.data).expect("JSON"),
        })
    }

    /// Reads on to an event of this name for which `wanted` holds.
    pub async fn until(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Told {
        loop {
            let told = self.next().await.expect("the feed goes on");
            if told.name == name && wanted(&told.data) {
                return told;
            }
        }
    }
}
