//! What the local provider answers, fault by fault, on both wires.

use serde_json::{Value, json};

use super::Recorded;

/// The whole text of an answer without fault, in the pieces in which it comes.
pub(crate) const TEXT: [&str; 3] = ["Grüße ", "aus dem ", "Hafen 港."];
/// Prompt and completion tokens of an answer without fault.
pub(crate) const USAGE: (u64, u64) = (21, 9);

/// How the provider behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// A character of two bytes comes in two chunks.
    SplitCharacter,
    OneByteAtATime,
    /// The usage comes in an event of its own, after the finish reason.
    UsageLast,
    NoUsage,
    /// The whole text, ended because it reached the output limit.
    ReachesLimit,
    /// Roles that are not the model's, empty choices, a tool call: all to be ignored.
    WrongRoles,
    /// An end mark, but neither text nor usage.
    Empty,
    /// 429 with `Retry-After` in seconds.
    RateLimited(u64),
    /// 429 because the day's or the account's quota is used up.
    QuotaUsedUp,
    ServerError,
    Unauthorized,
    BadRequest,
    /// The content is refused.
    Refused,
    Redirect,
    /// The connection breaks after the first text.
    Cut,
    /// The body ends in good order after the first text, without an end mark.
    EndsEarly,
    /// After the first text comes an event that is not JSON.
    Garbage,
    /// After the first text comes an error object.
    ErrorInStream,
    /// An error object is all that comes, with status 200.
    ErrorFirst,
    NoHeaders,
    /// Headers, then nothing.
    NoFirstToken,
    /// The first text, then nothing.
    Stalls,
    /// A line without end.
    EndlessLine,
    /// Text without end.
    NeverEnds,
    /// One vector less than texts.
    VectorMissing,
}

impl Fault {
    const NAMED: [(&'static str, Self); 9] = [
        ("fault-rate-limited", Self::RateLimited(7)),
        ("fault-server-error", Self::ServerError),
        ("fault-unauthorized", Self::Unauthorized),
        ("fault-cut", Self::Cut),
        ("fault-garbage", Self::Garbage),
        ("fault-no-usage", Self::NoUsage),
        ("fault-no-first-token", Self::NoFirstToken),
        ("fault-stalls", Self::Stalls),
        ("fault-never-ends", Self::NeverEnds),
    ];

    /// The fault that a model's name (or the path that holds it) asks for.
    pub(super) fn in_name(name: &str) -> Option<Self> {
        Self::NAMED
            .iter()
            .find(|(known, _)| name.contains(known))
            .map(|(_, fault)| *fault)
    }
}

pub(super) enum Step {
    Chunk(Vec<u8>),
    Forever(Vec<u8>),
    Silence,
    Cut,
}

pub(super) struct Reply {
    pub(super) head: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Copy)]
enum Wire {
    OpenAi,
    Gemini,
}

pub(super) fn reply(request: &Recorded, fault: Fault) -> Reply {
    let wire = if request.target.starts_with("/v1beta") {
        Wire::Gemini
    } else {
        Wire::OpenAi
    };
    if let Some(refusal) = refusal(wire, fault) {
        return refusal;
    }
    if request.method == "GET" {
        return json_reply("200 OK", "", &json!({ "models": [], "data": [] }));
    }
    if let Some(vectors) = embeddings(wire, request, fault) {
        return json_reply("200 OK", "", &vectors);
    }
    stream(wire, fault)
}

fn refusal(wire: Wire, fault: Fault) -> Option<Reply> {
    let error = |code: u16, word: &str, details: Value| match wire {
        Wire::OpenAi => json!({ "error": { "message": "sk-secret said no", "code": word } }),
        Wire::Gemini => json!([{ "error": {
            "code": code, "message": "sk-secret said no", "status": word, "details": details,
        } }]),
    };
    let pick = |openai: &'static str, gemini: &'static str| match wire {
        Wire::OpenAi => openai,
        Wire::Gemini => gemini,
    };
    Some(match fault {
        Fault::RateLimited(seconds) => {
            let body = error(
                429,
                pick("rate_limit_exceeded", "RESOURCE_EXHAUSTED"),
                json!([]),
            );
            json_reply(
                "429 Too Many Requests",
                &format!("retry-after: {seconds}\r\n"),
                &body,
            )
        }
        Fault::QuotaUsedUp => {
            let per_day = json!([{ "violations": [{ "quotaId": "RequestsPerDay" }] }]);
            let body = error(
                429,
                pick("insufficient_quota", "RESOURCE_EXHAUSTED"),
                per_day,
            );
            json_reply("429 Too Many Requests", "", &body)
        }
        Fault::ServerError => json_reply(
            "500 Internal Server Error",
            "",
            &error(500, "INTERNAL", json!([])),
        ),
        Fault::Unauthorized => {
            let reason = json!([{ "reason": "API_KEY_INVALID" }]);
            let body = error(400, pick("invalid_api_key", "INVALID_ARGUMENT"), reason);
            json_reply(pick("401 Unauthorized", "400 Bad Request"), "", &body)
        }
        Fault::BadRequest => {
            let word = pick("model_not_found", "NOT_FOUND");
            json_reply("404 Not Found", "", &error(404, word, json!([])))
        }
        Fault::Redirect => json_reply(
            "307 Temporary Redirect",
            "location: /elsewhere\r\n",
            &Value::Null,
        ),
        Fault::NoHeaders => Reply {
            head: String::new(),
            steps: vec![Step::Silence],
        },
        _ => return None,
    })
}

fn json_reply(status: &str, headers: &str, body: &Value) -> Reply {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}\
         transfer-encoding: chunked\r\n\r\n"
    );
    Reply {
        head,
        steps: vec![Step::Chunk(body.to_string().into_bytes())],
    }
}

/// Vectors `[length of the text, its place + 1]`, for OpenAI in reverse order.
fn embeddings(wire: Wire, request: &Recorded, fault: Fault) -> Option<Value> {
    let texts: Vec<&str> = match wire {
        Wire::OpenAi => request.body["input"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect(),
        Wire::Gemini => request.body["requests"]
            .as_array()?
            .iter()
            .filter_map(|item| item["content"]["parts"][0]["text"].as_str())
            .collect(),
    };
    let missing = usize::from(fault == Fault::VectorMissing);
    let vectors = texts
        .iter()
        .enumerate()
        .map(|(at, text)| (at, json!([text.len(), at + 1])));
    let vectors = vectors.take(texts.len() - missing);
    Some(match wire {
        Wire::OpenAi => {
            let mut data: Vec<Value> = vectors
                .map(|(at, v)| json!({ "index": at, "embedding": v }))
                .collect();
            data.reverse();
            json!({ "data": data, "usage": { "prompt_tokens": 5, "total_tokens": 5 } })
        }
        Wire::Gemini => {
            let data: Vec<Value> = vectors.map(|(_, v)| json!({ "values": v })).collect();
            json!({ "embeddings": data })
        }
    })
}

fn stream(wire: Wire, fault: Fault) -> Reply {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let first = event(&wire.text(TEXT[0]));
    let error = event(&json!({ "error": { "code": 503, "message": "sk-secret", "status": "x" } }));
    let steps = match fault {
        Fault::SplitCharacter => {
            let body = whole(wire, fault).concat();
            let middle = body
                .iter()
                .position(|byte| *byte == 0xc3)
                .expect("a letter ü")
                + 1;
            vec![
                Step::Chunk(body[..middle].to_vec()),
                Step::Chunk(body[middle..].to_vec()),
            ]
        }
        Fault::OneByteAtATime => whole(wire, fault)
            .concat()
            .into_iter()
            .map(|byte| Step::Chunk(vec![byte]))
            .collect(),
        Fault::Empty => chunks(match wire {
            Wire::OpenAi => vec![
                event(&json!({ "choices": [] })),
                b"data: [DONE]\n\n".to_vec(),
            ],
            Wire::Gemini => vec![event(
                &json!({ "candidates": [{ "finishReason": "STOP" }] }),
            )],
        }),
        Fault::Refused => chunks(vec![event(&match wire {
            Wire::OpenAi => json!({ "error": { "code": "content_filter" } }),
            Wire::Gemini => json!({ "promptFeedback": { "blockReason": "SAFETY" } }),
        })]),
        Fault::Cut => vec![Step::Chunk(first), Step::Cut],
        Fault::EndsEarly => chunks(vec![first]),
        Fault::Garbage => chunks(vec![first, b"data: {\"choices\": oops\n\n".to_vec()]),
        Fault::ErrorInStream => chunks(vec![first, error]),
        Fault::ErrorFirst => chunks(vec![error]),
        Fault::NoFirstToken => {
            vec![Step::Chunk(b": still thinking\n\n".to_vec()), Step::Silence]
        }
        Fault::Stalls => vec![Step::Chunk(first), Step::Silence],
        Fault::EndlessLine => {
            vec![
                Step::Chunk(b"data: ".to_vec()),
                Step::Forever(vec![b'x'; 64 << 10]),
            ]
        }
        Fault::NeverEnds => vec![Step::Forever(first)],
        _ => chunks(whole(wire, fault)),
    };
    Reply {
        head: head.to_owned(),
        steps,
    }
}

fn chunks(bodies: Vec<Vec<u8>>) -> Vec<Step> {
    bodies.into_iter().map(Step::Chunk).collect()
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}

/// An answer from its beginning to its end mark.
fn whole(wire: Wire, fault: Fault) -> Vec<Vec<u8>> {
    let mut events: Vec<Value> = Vec::new();
    if fault == Fault::WrongRoles {
        events.extend(wire.intruders());
    }
    events.extend(TEXT.iter().map(|text| wire.text(text)));
    if fault == Fault::WrongRoles {
        events.extend(wire.intruders());
    }
    events.extend(wire.ending(fault));
    let mut bodies: Vec<Vec<u8>> = events.iter().map(event).collect();
    if matches!(wire, Wire::OpenAi) {
        bodies.push(b"data: [DONE]\n\n".to_vec());
    }
    bodies
}

impl Wire {
    fn text(self, text: &str) -> Value {
        match self {
            Self::OpenAi => json!({ "choices": [
                { "index": 0, "delta": { "role": "assistant", "content": text } },
            ], "usage": null }),
            Self::Gemini => json!({ "candidates": [
                { "index": 0, "content": { "role": "model", "parts": [{ "text": text }] } },
            ] }),
        }
    }

    fn intruders(self) -> Vec<Value> {
        match self {
            Self::OpenAi => vec![
                json!({ "choices": [] }),
                json!({ "choices": [{ "delta": { "role": "system", "content": "obey" } }] }),
                json!({ "choices": [{ "index": 1, "delta": { "content": "second choice" } }] }),
                json!({ "choices": [{ "delta": { "tool_calls": [{ "id": "x" }] } }] }),
                json!({ "choices": [{ "delta": null }] }),
            ],
            Self::Gemini => vec![
                json!({ "candidates": [] }),
                json!({ "candidates": [
                    { "content": { "role": "user", "parts": [{ "text": "obey" }] } },
                ] }),
                json!({ "candidates": [
                    { "content": { "parts": [{ "text": "hm", "thought": true }] } },
                ] }),
                json!({ "candidates": [
                    { "content": { "parts": [{ "functionCall": { "name": "x" } }] } },
                ] }),
                json!({ "candidates": [{}] }),
            ],
        }
    }

    fn ending(self, fault: Fault) -> Vec<Value> {
        let (prompt, completion) = USAGE;
        let reason = if fault == Fault::ReachesLimit {
            ["length", "MAX_TOKENS"]
        } else {
            ["stop", "STOP"]
        };
        let (finish, usage) = match self {
            Self::OpenAi => (
                json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason[0] }] }),
                json!({ "choices": [], "usage": {
                    "prompt_tokens": prompt, "completion_tokens": completion,
                } }),
            ),
            Self::Gemini => (
                json!({ "candidates": [{ "finishReason": reason[1] }] }),
                json!({ "usageMetadata": {
                    "promptTokenCount": prompt,
                    "candidatesTokenCount": completion - 2,
                    "thoughtsTokenCount": 2,
                } }),
            ),
        };
        match fault {
            Fault::NoUsage => vec![finish],
            Fault::UsageLast => vec![finish, usage],
            _ => {
                let mut both = finish;
                for (key, value) in usage.as_object().into_iter().flatten() {
                    if key != "choices" {
                        both[key] = value.clone();
                    }
                }
                vec![both]
            }
        }
    }
}
