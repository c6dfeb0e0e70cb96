//! The frames of the event stream: `data: <json>\n\n`, byte-exact by the contract, or with only
//! the members that a strict AI-SDK client accepts.

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use api::chat::Citation;

/// Which members frames carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// The contract's frames.
    Contract,
    /// The AI-SDK's schemas (v5 and v6), which reject members that they do not know.
    AiSdk,
}

impl Profile {
    /// Reads `X-Stream-Profile`; anything but `ai-sdk` is the contract's.
    pub(super) fn from_header(value: Option<&str>) -> Self {
        match value {
            Some(value) if value.trim().eq_ignore_ascii_case("ai-sdk") => Self::AiSdk,
            _ => Self::Contract,
        }
    }
}

/// What ends a stream early, as the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamError {
    CapacityExceeded,
    UpstreamUnavailable,
    Backpressure,
    Unexpected,
    BudgetExceeded,
    ServerShutdown,
    Revoked,
    Lost,
}

impl StreamError {
    /// The code of the error frame; messages are stored under it too.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::CapacityExceeded => "stream_capacity_exceeded",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::Backpressure => "stream_backpressure",
            Self::Unexpected => "unexpected_error",
            Self::BudgetExceeded => "budget_exceeded",
            Self::ServerShutdown => "server_shutdown",
            Self::Revoked => "session_revoked",
            Self::Lost => "stream_lost",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::CapacityExceeded => "Too many answers are being written. Try again in a moment.",
            Self::UpstreamUnavailable => {
                "The AI provider cannot be reached. Try again in a moment."
            }
            Self::Backpressure => "The answer was read too slowly. It is stored with the session.",
            Self::Unexpected => "The answer could not be completed.",
            Self::BudgetExceeded => "Monthly budget exceeded",
            Self::ServerShutdown => "The server is restarting. Ask again in a moment.",
            Self::Revoked => "The account is no longer active.",
            Self::Lost => "Part of the answer is no longer kept. It is stored with the session.",
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::Unexpected => 500,
            Self::BudgetExceeded => 402,
            Self::Revoked => 403,
            Self::Lost => 410,
            _ => 503,
        }
    }

    const fn retry_after_ms(self) -> Option<u32> {
        match self {
            Self::CapacityExceeded => Some(500),
            Self::UpstreamUnavailable | Self::ServerShutdown => Some(1_000),
            Self::Backpressure => Some(250),
            _ => None,
        }
    }
}

/// Writes frames of one answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames {
    pub(super) profile: Profile,
    pub(super) message_id: Uuid,
    pub(super) text_id: Uuid,
}

/// What an answer used, for its last frame.
#[derive(Clone, Debug)]
pub(super) struct Finish<'a> {
    pub(super) reason: &'a str,
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) model: &'a str,
    pub(super) provider: &'a str,
}

/// The last line of every stream.
pub(super) const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// A JSON object with its members in the order given, which is the contract's.
fn object(members: &[(&str, String)]) -> String {
    let mut out = String::from("{");
    for (number, (name, value)) in members.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        out.push_str(&json(name));
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

/// A value as JSON. Texts, numbers and identifiers always have one.
fn json(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

fn frame(members: &[(&str, String)]) -> Bytes {
    Bytes::from(format!("data: {}\n\n", object(members)))
}

impl Frames {
    pub(super) fn start(&self) -> Bytes {
        frame(&[
            ("type", json("start")),
            ("messageId", json(self.message_id)),
        ])
    }

    pub(super) fn text_start(&self) -> Bytes {
        frame(&[("type", json("text-start")), ("id", json(self.text_id))])
    }

    /// A piece of the answer. Written by hand: this is the one frame that is sent for every token.
    pub(super) fn text_delta(&self, text: &str) -> String {
        use std::fmt::Write;
        let mut out = String::with_capacity(text.len() + 96);
        // Writing to a string cannot fail, and neither can the JSON of one.
        let _ = write!(
            out,
            "data: {{\"type\":\"text-delta\",\"id\":\"{}\",\"delta\":",
            self.text_id
        );
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
        out.push_str("}\n\n");
        out
    }

    pub(super) fn text_end(&self) -> Bytes {
        frame(&[("type", json("text-end")), ("id", json(self.text_id))])
    }

    pub(super) fn source(&self, citation: &Citation) -> Bytes {
        let mut members = vec![
            ("type", json("source-document")),
            ("sourceId", json(&citation.source_id)),
            ("mediaType", json("file")),
            ("title", json(&citation.title)),
        ];
        let mut ours = vec![
            ("snippet", json(&citation.snippet)),
            ("documentId", json(citation.document_id)),
            ("page", json(citation.page)),
        ];
        match self.profile {
            Profile::AiSdk => {
                ours.push(("cited", json(citation.cited)));
                let ours = object(&[("binnacle", object(&ours))]);
                members.push(("providerMetadata", ours));
            }
            Profile::Contract => {
                members.extend(ours);
                if !citation.cited {
                    members.push(("cited", json(false)));
                }
            }
        }
        frame(&members)
    }

    pub(super) fn finish(&self, finish: &Finish<'_>) -> Bytes {
        let usage = object(&[
            ("prompt_tokens", json(finish.prompt_tokens)),
            ("completion_tokens", json(finish.completion_tokens)),
            ("model", json(finish.model)),
            ("provider", json(finish.provider)),
        ]);
        match self.profile {
            Profile::AiSdk => frame(&[
                ("type", json("finish")),
                ("messageMetadata", object(&[("usage", usage)])),
            ]),
            Profile::Contract => frame(&[
                ("type", json("finish")),
                ("finishReason", json(finish.reason)),
                ("promptTokens", json(finish.prompt_tokens)),
                ("completionTokens", json(finish.completion_tokens)),
                ("usage", usage),
            ]),
        }
    }

    pub(super) fn error(&self, error: StreamError) -> Bytes {
        error_frame(self.profile, error)
    }
}

/// An error frame; also for a stream that never began.
pub(super) fn error_frame(profile: Profile, error: StreamError) -> Bytes {
    let text = json(error.message());
    match profile {
        Profile::AiSdk => frame(&[("type", json("error")), ("errorText", text)]),
        Profile::Contract => {
            let mut members = vec![
                ("type", json("error")),
                ("code", json(error.code())),
                ("message", text.clone()),
                ("errorText", text),
                ("status", json(error.status())),
            ];
            if let Some(after) = error.retry_after_ms() {
                members.push(("retryAfterMs", json(after)));
            }
            frame(&members)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn frames(profile: Profile) -> Frames {
        Frames {
            profile,
            message_id: Uuid::nil(),
            text_id: Uuid::nil(),
        }
    }

    #[test]
    fn frames_are_data_lines_with_the_members_of_the_contract_in_order() {
        let frames = frames(Profile::Contract);
        let nil = Uuid::nil();
        assert_eq!(
            frames.text_delta("a \"b\"\n"),
            format!(
                "data: {{\"type\":\"text-delta\",\"id\":\"{nil}\",\"delta\":\"a \\\"b\\\"\\n\"}}\n\n"
            )
        );
        let error =
            String::from_utf8(frames.error(StreamError::CapacityExceeded).to_vec()).unwrap();
        let value: Value = serde_json::from_str(error.trim_start_matches("data: ").trim()).unwrap();
        assert_eq!(value["code"], "stream_capacity_exceeded");
        assert_eq!(value["message"], value["errorText"]);
        assert_eq!(
            (value["status"].as_u64(), value["retryAfterMs"].as_u64()),
            (Some(503), Some(500))
        );
        assert_eq!(
            frames.start(),
            format!("data: {{\"type\":\"start\",\"messageId\":\"{nil}\"}}\n\n")
        );
        let finish = Finish {
            reason: "stop",
            prompt_tokens: 3,
            completion_tokens: 2,
            model: "m",
            provider: "offline",
        };
        assert_eq!(
            frames.finish(&finish),
            "data: {\"type\":\"finish\",\"finishReason\":\"stop\",\"promptTokens\":3,\
             \"completionTokens\":2,\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\
             \"model\":\"m\",\"provider\":\"offline\"}}\n\n"
        );
        assert_eq!(DONE, "data: [DONE]\n\n");
    }

    #[test]
    fn the_strict_profile_has_no_member_that_the_ai_sdk_does_not_know() {
        let frames = frames(Profile::AiSdk);
        let citation = Citation {
            source_id: "cit-1".into(),
            title: "a.pdf".into(),
            snippet: "s".into(),
            document_id: 1,
            page: Some(2),
            cited: true,
        };
        let read = |frame: Bytes| -> Value { serde_json::from_slice(&frame[6..]).unwrap() };
        let members =
            |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(
            members(&read(frames.source(&citation))),
            ["mediaType", "providerMetadata", "sourceId", "title", "type"]
        );
        assert_eq!(
            members(&read(frames.error(StreamError::Unexpected))),
            ["errorText", "type"]
        );
    }
}
