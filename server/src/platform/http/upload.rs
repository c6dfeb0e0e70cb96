//! Forms with files, read as they arrive: nothing is held beyond one piece of 64 KiB.

use std::{pin::Pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use poem::{
    FromRequest, Request, RequestBody,
    http::header,
    web::{Field, Multipart},
};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::Mutex,
};

use super::{
    body::{Cap, Incoming, Verdict},
    input::Input,
    openapi::{Description, InputDescription},
    problem::Problem,
};

/// How many fields a form may have.
const MAX_FIELDS: usize = 100;
/// The longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;
const PIECE_BYTES: usize = 64 * 1024;

/// A `multipart/form-data` body; fields come in the order in which they were sent.
pub(crate) struct Upload {
    form: Multipart,
    verdict: Verdict,
    cap: Cap,
    fields: usize,
    /// The field that was given out last, shared with its holder.
    current: Option<SharedReader>,
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;
type SharedReader = Arc<Mutex<Reader>>;

/// One field of a form, not read yet.
pub(crate) struct UploadField {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    reader: SharedReader,
    verdict: Verdict,
    cap: Cap,
}

impl Input for Upload {
    fn describe(_description: &mut Description) -> InputDescription {
        let schema = json!({
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "additionalProperties": {"type": "string"}
        });
        InputDescription::body("multipart/form-data", schema, true)
    }

    async fn read(request: &Request, body: Incoming) -> Result<Self, Problem> {
        check_content_type(request)?;
        let (body, verdict, cap) = body.into_stream();
        let mut body = RequestBody::new(body);
        let form = Multipart::from_request(request, &mut body)
            .await
            .map_err(|_| malformed())?;
        Ok(Self {
            form,
            verdict,
            cap,
            fields: 0,
            current: None,
        })
    }
}

impl Upload {
    /// The next field. What is left of the one before it is skipped, and it gives nothing more.
    pub(crate) async fn next_field(&mut self) -> Result<Option<UploadField>, Problem> {
        if let Some(reader) = self.current.take() {
            let mut reader = reader.lock().await;
            let skipped = tokio::io::copy(&mut *reader, &mut tokio::io::sink()).await;
            skipped.map_err(|_| self.broken())?;
            *reader = Box::pin(tokio::io::empty());
        }
        self.verdict.leave_field();
        let next = self.form.next_field().await;
        self.verdict.enter_field();
        let Some(field) = next.map_err(|_| self.broken())? else {
            return Ok(None);
        };
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(Problem::bad_request(format!(
                "The form has more than {MAX_FIELDS} fields"
            )));
        }
        let field = UploadField::new(field, self.verdict.clone(), self.cap);
        self.current = Some(field.reader.clone());
        Ok(Some(field))
    }

    fn broken(&self) -> Problem {
        self.verdict.problem(self.cap).unwrap_or_else(malformed)
    }
}

impl UploadField {
    fn new(field: Field, verdict: Verdict, cap: Cap) -> Self {
        Self {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(str::to_owned),
            reader: Arc::new(Mutex::new(Box::pin(field.into_async_read()))),
            verdict,
            cap,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The name that the client gave the file: untrusted text.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// The content type that the client claims.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The next piece of the field, at most 64 KiB; None at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        let mut reader = self.reader.lock().await;
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES {
            let read = reader.read_buf(&mut piece).await;
            let read =
                read.map_err(|_| self.verdict.problem(self.cap).unwrap_or_else(malformed))?;
            if read == 0 {
                break;
            }
        }
        Ok((!piece.is_empty()).then(|| piece.freeze()))
    }

    /// The whole field as text of at most `max` bytes; 422 when it is longer or not UTF-8.
    pub(crate) async fn text(mut self, max: usize) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if bytes.len() + piece.len() > max {
                let message = format!("Must have at most {max} bytes");
                return Err(Problem::invalid(&["body", &self.name], message));
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes)
            .map_err(|_| Problem::invalid(&["body", &self.name], "Must be UTF-8 text"))
    }
}

fn check_content_type(request: &Request) -> Result<(), Problem> {
    let value = request.header(header::CONTENT_TYPE).unwrap_or_default();
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(Problem::unsupported_media_type(
            "Content-Type must be multipart/form-data",
        ));
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"'))
    });
    match boundary {
        Some(boundary) if (1..=MAX_BOUNDARY).contains(&boundary.len()) => Ok(()),
        _ => Err(Problem::bad_request(format!(
            "Content-Type must name a boundary of 1 to {MAX_BOUNDARY} characters"
        ))),
    }
}

fn malformed() -> Problem {
    Problem::bad_request("The multipart body is malformed")
}
