//! What clients rely on, to the byte.

mod chat_checks;
mod chat_history;
mod chat_idempotency;
mod chat_reading;
mod chat_sessions;
mod chat_stream;

use serde_json::{Value, json};

use crate::support::{Answer, House, Stream, User};

/// One sentence, so that an answer has many words.
const LIGHTHOUSE: &str = "The lighthouse keeper trims the lamp every evening at sunset and again \
                          shortly before midnight during the long winter storms of the north.";
const QUESTION: &str = "When does the lighthouse keeper trim the lamp?";

/// A user with a store that holds the sentence.
struct Reader {
    user: User,
    store: i64,
    document: i64,
}

impl Reader {
    async fn new(house: &House, name: &str) -> Self {
        let user = house.user(name).await;
        let store = user.store("Lights").await;
        let text = LIGHTHOUSE.as_bytes().to_vec();
        let document = user.indexed(store, "lamp.txt", "text/plain", text).await;
        Self {
            user,
            store,
            document,
        }
    }

    fn question(&self) -> Value {
        json!({"storeIds": [self.store], "question": QUESTION})
    }

    /// Asks with these headers, without waiting for the answer's end.
    async fn begin(&self, body: &Value, headers: &[(&'static str, &str)]) -> Live {
        let request = self.user.request(reqwest::Method::POST, "/api/chat");
        Live::of(with(request, headers).json(body)).await
    }

    /// Asks with these headers and waits for the end.
    async fn ask(&self, body: &Value, headers: &[(&'static str, &str)]) -> Answer {
        let request = self.user.request(reqwest::Method::POST, "/api/chat");
        self.user.send(with(request, headers).json(body)).await
    }

    async fn resume(&self, stream: &str, headers: &[(&'static str, &str)]) -> Answer {
        let path = format!("/api/chat/streams/{stream}");
        let request = self.user.request(reqwest::Method::GET, &path);
        self.user.send(with(request, headers)).await
    }

    async fn messages(&self, session: &str) -> Value {
        let path = format!("/api/chat/sessions/{session}/messages");
        self.user.get(&path).await.expect(200)
    }
}

fn with(
    request: reqwest::RequestBuilder,
    headers: &[(&'static str, &str)],
) -> reqwest::RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

/// An answer under way.
struct Live {
    response: reqwest::Response,
    text: String,
}

impl Live {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        Self {
            response,
            text: String::new(),
        }
    }

    fn header(&self, name: &str) -> String {
        let value = self.response.headers().get(name).expect("the header");
        value.to_str().expect("text").to_owned()
    }

    /// Reads until this text has come.
    async fn until(&mut self, text: &str) -> &str {
        while !self.text.contains(text) {
            let piece = self.response.chunk().await.expect("a piece");
            let piece = piece.unwrap_or_else(|| panic!("ended without {text}: {}", self.text));
            self.text
                .push_str(std::str::from_utf8(&piece).expect("UTF-8"));
        }
        &self.text
    }

    /// Reads to the end.
    async fn rest(mut self) -> String {
        while let Some(piece) = self.response.chunk().await.expect("a piece") {
            self.text
                .push_str(std::str::from_utf8(&piece).expect("UTF-8"));
        }
        self.text
    }
}

/// The frames of a whole stream, as they came.
fn frames(body: &str) -> Vec<&str> {
    let frames = body.strip_suffix("\n\n").expect("an empty line at the end");
    frames.split("\n\n").collect()
}

fn parsed(answer: &Answer) -> Stream {
    assert_eq!(answer.status, 200, "{}", answer.body);
    Stream::parse(answer)
}
