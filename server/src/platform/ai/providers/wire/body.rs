//! Sending, and reading bodies that are read whole.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::failure;
use crate::platform::ai::error::{ErrorKind, ProviderError};
use crate::platform::ai::model::ProviderName;
use crate::platform::telemetry::traces;

/// Large enough for a full batch of embeddings written out as decimal numbers.
const LARGEST_JSON: usize = 64 << 20;

/// Sends the request; anything but a success becomes a typed error.
pub(in crate::platform::ai::providers) async fn send(
    provider: ProviderName,
    mut request: RequestBuilder,
) -> Result<Response, ProviderError> {
    if let Some((name, value)) = traces::outgoing() {
        request = request.header(name, value);
    }
    let response = request
        .send()
        .await
        .map_err(|error| unsent(provider, &error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(failure::from_response(provider, response).await)
}

/// Reads a JSON body of bounded size.
pub(in crate::platform::ai::providers) async fn read_json<T: DeserializeOwned>(
    provider: ProviderName,
    response: Response,
) -> Result<T, ProviderError> {
    let body = read_capped(response, LARGEST_JSON)
        .await
        .map_err(|refusal| match refusal {
            Refusal::TooLarge => ProviderError::new(
                provider,
                ErrorKind::Protocol,
                "the answer is larger than allowed",
            ),
            Refusal::BrokenOff => ProviderError::new(
                provider,
                ErrorKind::Truncated,
                "the answer broke off before its end",
            ),
        })?;
    serde_json::from_slice(&body).map_err(|_| {
        ProviderError::new(
            provider,
            ErrorKind::Protocol,
            "the answer is not the expected JSON",
        )
    })
}

pub(super) enum Refusal {
    TooLarge,
    BrokenOff,
}

pub(super) async fn read_capped(mut response: Response, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Refusal::BrokenOff)? {
        if body.len() + chunk.len() > limit {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unsent(provider: ProviderName, error: &reqwest::Error) -> ProviderError {
    let unreachable = ErrorKind::Unavailable {
        retry_after: None::<Duration>,
    };
    if error.is_timeout() {
        ProviderError::new(
            provider,
            unreachable,
            "the provider could not be reached in time",
        )
    } else if error.is_connect() {
        ProviderError::new(provider, unreachable, "the provider could not be reached")
    } else {
        let message = "the connection failed before an answer came";
        ProviderError::new(provider, ErrorKind::Transient, message)
    }
}
