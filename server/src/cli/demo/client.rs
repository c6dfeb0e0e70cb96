//! The demo's HTTP client: what a small program of a user would do.

use std::io::Write;

use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use api::{chat::ChatMessage, costs::CostSummary, documents::OperationStatus};

use super::{CliError, samples::Sample, say};
use crate::platform::outbound;

/// Signed in as one user.
pub(super) struct Client {
    http: outbound::Client,
    base: String,
    token: String,
}

const CSRF: (&str, &str) = ("x-requested-with", "XMLHttpRequest");

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Other(format!("the demo's request failed: {error}"))
}

/// The body of an answer, or what the server says is wrong.
async fn read<T: DeserializeOwned>(answer: outbound::Response) -> Result<T, CliError> {
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let body = answer.bytes().await.map_err(failed)?;
    if !status.is_success() {
        let text = String::from_utf8_lossy(&body);
        return Err(CliError::Other(format!("{url} answered {status}: {text}")));
    }
    serde_json::from_slice(&body).map_err(failed)
}

impl Client {
    pub(super) async fn register(base: &str, email: &str, password: &str) -> Result<(), CliError> {
        let http = outbound::client().map_err(failed)?;
        let answer = http
            .post(format!("{base}/api/auth/register"))
            .header(CSRF.0, CSRF.1)
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
            .map_err(failed)?;
        read::<Value>(answer).await.map(|_| ())
    }

    pub(super) async fn sign_in(base: &str, email: &str, password: &str) -> Result<Self, CliError> {
        let http = outbound::client().map_err(failed)?;
        let answer = http
            .post(format!("{base}/api/auth/login"))
            .header(CSRF.0, CSRF.1)
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
            .map_err(failed)?;
        let tokens: Value = read(answer).await?;
        let token = tokens["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            http,
            base: base.to_owned(),
            token,
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        read(request.send().await.map_err(failed)?).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, CliError> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header(CSRF.0, CSRF.1)
            .json(body);
        read(request.send().await.map_err(failed)?).await
    }

    pub(super) async fn me(&self) -> Result<i64, CliError> {
        let me: Value = self.get("/api/auth/me").await?;
        me["id"]
            .as_i64()
            .ok_or_else(|| failed("the user has no id"))
    }

    pub(super) async fn set_budget(&self, user: i64, limit_usd: f64) -> Result<(), CliError> {
        let body = json!({"monthly_limit_usd": limit_usd});
        self.post::<Value>(&format!("/api/admin/budgets/{user}"), &body)
            .await
            .map(|_| ())
    }

    pub(super) async fn create_store(&self, name: &str) -> Result<i64, CliError> {
        let store: api::documents::Store = self
            .post("/api/stores", &json!({"display_name": name}))
            .await?;
        Ok(store.id)
    }

    pub(super) async fn upload(&self, store: i64, sample: &Sample) -> Result<String, CliError> {
        let file = outbound::multipart::Part::bytes(sample.bytes)
            .file_name(sample.name)
            .mime_str(sample.media_type)
            .map_err(failed)?;
        let form = outbound::multipart::Form::new()
            .text("storeId", store.to_string())
            .part("file", file);
        let answer = self
            .http
            .post(format!("{}/api/upload", self.base))
            .bearer_auth(&self.token)
            .header(CSRF.0, CSRF.1)
            .multipart(form)
            .send()
            .await
            .map_err(failed)?;
        let accepted: api::documents::UploadAccepted = read(answer).await?;
        Ok(accepted.op_id)
    }

    pub(super) async fn operation(&self, id: &str) -> Result<OperationStatus, CliError> {
        self.get(&format!("/api/upload/op-status/{id}")).await
    }

    pub(super) async fn costs(&self) -> Result<CostSummary, CliError> {
        self.get("/api/costs/summary").await
    }

    /// Asks, printing the answer as it comes, then its sources and its price.
    pub(super) async fn ask(&self, store: i64, question: &str) -> Result<(), CliError> {
        let answer = self
            .http
            .post(format!("{}/api/chat", self.base))
            .bearer_auth(&self.token)
            .header(CSRF.0, CSRF.1)
            .json(&json!({"storeIds": [store], "question": question}))
            .send()
            .await
            .map_err(failed)?;
        if !answer.status().is_success() {
            return read::<Value>(answer).await.map(|_| ());
        }
        let session = answer
            .headers()
            .get("x-session-id")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        print(answer).await?;
        let messages: Vec<ChatMessage> = self
            .get(&format!("/api/chat/sessions/{session}/messages"))
            .await?;
        let cost = messages.last().map_or(0.0, |message| message.cost_usd);
        say(format!("   This answer cost ${cost:.9}.\n"));
        Ok(())
    }
}

/// Prints the frames of an answer as they come.
async fn print(answer: outbound::Response) -> Result<(), CliError> {
    let mut out = std::io::stdout();
    let mut pending = Vec::new();
    let mut bytes = answer.bytes_stream();
    let _ = write!(out, "   ");
    while let Some(piece) = bytes.next().await {
        pending.extend_from_slice(&piece.map_err(failed)?);
        while let Some(end) = pending.windows(2).position(|pair| pair == b"\n\n") {
            let frame: Vec<u8> = pending.drain(..end + 2).collect();
            let Some(data) = frame.strip_prefix(b"data: ") else {
                continue;
            };
            let Ok(event) = serde_json::from_slice::<Value>(data) else {
                continue;
            };
            print_event(&mut out, &event)?;
        }
    }
    Ok(())
}

fn print_event(out: &mut impl Write, event: &Value) -> Result<(), CliError> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    // A closed pipe is the reader's choice.
    let _ = match text("type") {
        "text-delta" => write!(out, "{}", text("delta")).and_then(|()| out.flush()),
        "text-end" => writeln!(out, "\n"),
        "source-document" => {
            let page = event["page"]
                .as_i64()
                .map(|page| format!(", page {page}"))
                .unwrap_or_default();
            let number = text("sourceId").trim_start_matches("cit-");
            let snippet: String = text("snippet")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            let snippet: String = snippet.chars().take(220).collect();
            writeln!(out, "   [{number}] {}{page}: “{snippet}…”", text("title"))
        }
        "error" => return Err(CliError::Other(text("message").to_owned())),
        _ => Ok(()),
    };
    Ok(())
}
