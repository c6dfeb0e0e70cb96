//! A client over HTTP, as a user's program would be.

use std::time::Duration;

use serde_json::{Value, json};

/// Somebody who talks to the house.
#[derive(Clone)]
pub struct User {
    pub http: reqwest::Client,
    pub base: String,
    pub token: Option<String>,
    pub refresh_token: Option<String>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.text().await.expect("a whole body");
        Self {
            status,
            headers,
            body,
        }
    }

    /// The body as JSON, after checking the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&self.body).expect("JSON")
        }
    }

    /// The contract's short error text.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        let body = self.expect(status);
        body["detail"]
            .as_str()
            .map_or_else(|| body["detail"].to_string(), str::to_owned)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub const PASSWORD: &str = "Secret-pass1!";

impl User {
    pub fn anonymous(base: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .build()
            .expect("a client");
        Self {
            http,
            base,
            token: None,
            refresh_token: None,
        }
    }

    pub async fn register(base: String, email: &str) -> Self {
        let stranger = Self::anonymous(base);
        let body = json!({"email": email, "password": PASSWORD});
        stranger.post("/api/auth/register", &body).await.expect(200);
        Self::sign_in(stranger.base, email, PASSWORD).await
    }

    pub async fn sign_in(base: String, email: &str, password: &str) -> Self {
        let mut user = Self::anonymous(base);
        let body = json!({"email": email, "password": password});
        let tokens = user.post("/api/auth/login", &body).await.expect(200);
        user.token = tokens["access_token"].as_str().map(str::to_owned);
        user.refresh_token = tokens["refresh_token"].as_str().map(str::to_owned);
        user
    }

    /// A request with this user's token and the CSRF header.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("x-requested-with", "XMLHttpRequest");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(reqwest::Method::POST, path).json(body))
            .await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(reqwest::Method::PATCH, path).json(body))
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(reqwest::Method::DELETE, path)).await
    }

    pub async fn id(&self) -> i64 {
        self.get("/api/auth/me").await.expect(200)["id"]
            .as_i64()
            .expect("an id")
    }

    /// A new store; answers its id.
    pub async fn store(&self, name: &str) -> i64 {
        let store = self
            .post("/api/stores", &json!({"display_name": name}))
            .await
            .expect(200);
        store["id"].as_i64().expect("an id")
    }

    pub async fn upload(&self, store: i64, name: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
        let file = reqwest::multipart::Part::bytes(bytes)
            .file_name(name.to_owned())
            .mime_str(media_type)
            .expect("a media type");
        let form = reqwest::multipart::Form::new()
            .text("storeId", store.to_string())
            .part("file", file);
        self.send(
            self.request(reqwest::Method::POST, "/api/upload")
                .multipart(form),
        )
        .await
    }

    /// Uploads a document and waits until it can be asked; answers its id.
    pub async fn indexed(&self, store: i64, name: &str, media_type: &str, bytes: Vec<u8>) -> i64 {
        let accepted = self
            .upload(store, name, media_type, bytes)
            .await
            .expect(200);
        let operation = accepted["op_id"].as_str().expect("an operation").to_owned();
        let status = self.settled_operation(&operation).await;
        assert_eq!(status["status"], "DONE", "{status}");
        accepted["document_id"].as_i64().expect("an id")
    }

    /// Waits until an operation is DONE or ERROR.
    pub async fn settled_operation(&self, operation: &str) -> Value {
        let path = format!("/api/upload/op-status/{operation}");
        eventually(|| async {
            let status = self.get(&path).await.expect(200);
            matches!(status["status"].as_str(), Some("DONE" | "ERROR")).then_some(status)
        })
        .await
    }

    /// Asks and reads the whole stream.
    pub async fn ask(&self, store: i64, question: &str) -> Stream {
        self.ask_with(&json!({"storeIds": [store], "question": question}))
            .await
    }

    pub async fn ask_with(&self, body: &Value) -> Stream {
        let answer = self.post("/api/chat", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Stream::parse(&answer)
    }
}

/// A whole event stream.
pub struct Stream {
    pub frames: Vec<Value>,
    pub done: bool,
    pub session: Option<String>,
    pub id: Option<String>,
}

impl Stream {
    pub fn parse(answer: &Answer) -> Self {
        let mut frames = Vec::new();
        let mut done = false;
        for frame in answer.body.split("\n\n").filter(|frame| !frame.is_empty()) {
            let data: String = frame
                .lines()
                .filter_map(|line| line.strip_prefix("data: "))
                .collect();
            if data == "[DONE]" {
                done = true;
            } else if !data.is_empty() {
                frames.push(serde_json::from_str(&data).expect("a JSON frame"));
            }
        }
        Self {
            frames,
            done,
            session: answer.header("x-session-id").map(str::to_owned),
            id: answer.header("x-stream-id").map(str::to_owned),
        }
    }

    pub fn types(&self) -> Vec<&str> {
        let mut types: Vec<&str> = self
            .frames
            .iter()
            .filter_map(|frame| frame["type"].as_str())
            .collect();
        types.dedup();
        types
    }

    pub fn text(&self) -> String {
        self.frames
            .iter()
            .filter_map(|frame| frame["delta"].as_str())
            .collect()
    }

    pub fn sources(&self) -> Vec<&Value> {
        self.frames
            .iter()
            .filter(|frame| frame["type"] == "source-document")
            .collect()
    }

    pub fn error(&self) -> Option<&Value> {
        self.frames.iter().find(|frame| frame["type"] == "error")
    }
}

/// Asks until there is an answer, for at most a minute.
pub async fn eventually<T, F, Fut>(ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    eventually_or(ask, || "it did not happen within a minute".to_owned()).await
}

/// As [`eventually`], with words of its own for when there is none.
pub async fn eventually_or<T, F, Fut>(mut ask: F, missed: impl Fn() -> String) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{}", missed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
