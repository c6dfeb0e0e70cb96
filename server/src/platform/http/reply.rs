//! What an operation answers, as types that describe themselves.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{Response, http::StatusCode};
use poem_openapi::types::Type;
use serde::Serialize;
use serde_json::json;

use super::{
    input::Json,
    openapi::{Description, ReplyDescription},
    problem::Problem,
};

/// Something that can be sent and described in the API's description.
pub(crate) trait Reply: Send + 'static {
    /// Every answer that is not a refusal.
    fn describe(description: &mut Description) -> Vec<ReplyDescription>;

    fn into_response(self) -> Result<Response, Problem>;
}

impl<T: Serialize + Type + Send + 'static> Reply for Json<T> {
    fn describe(description: &mut Description) -> Vec<ReplyDescription> {
        let schema = description.schema::<T>();
        vec![ReplyDescription::content(200, "application/json", schema)]
    }

    fn into_response(self) -> Result<Response, Problem> {
        let body = serde_json::to_vec(&self.0).map_err(Problem::internal)?;
        Ok(Response::builder()
            .content_type("application/json")
            .body(body))
    }
}

/// Another reply under another status, such as `Status<202, Json<Scheduled>>`.
pub(crate) struct Status<const CODE: u16, R>(pub(crate) R);

impl<const CODE: u16, R: Reply> Reply for Status<CODE, R> {
    fn describe(description: &mut Description) -> Vec<ReplyDescription> {
        let mut replies = R::describe(description);
        for reply in &mut replies {
            reply.status = CODE;
        }
        replies
    }

    fn into_response(self) -> Result<Response, Problem> {
        let mut response = self.0.into_response()?;
        response.set_status(StatusCode::from_u16(CODE).map_err(Problem::internal)?);
        Ok(response)
    }
}

/// 204 without a body.
pub(crate) struct NoContent;

impl Reply for NoContent {
    fn describe(_description: &mut Description) -> Vec<ReplyDescription> {
        vec![ReplyDescription::empty(204)]
    }

    fn into_response(self) -> Result<Response, Problem> {
        Ok(StatusCode::NO_CONTENT.into())
    }
}

/// The result of a check: 200 when it passed, else 503, with the same body.
pub(crate) struct Checked<T> {
    pub(crate) passed: bool,
    pub(crate) body: T,
}

impl<T: Serialize + Type + Send + 'static> Reply for Checked<T> {
    fn describe(description: &mut Description) -> Vec<ReplyDescription> {
        let schema = description.schema::<T>();
        let at = |status| ReplyDescription::content(status, "application/json", schema.clone());
        vec![at(200), at(503)]
    }

    fn into_response(self) -> Result<Response, Problem> {
        let mut response = Json(self.body).into_response()?;
        if !self.passed {
            response.set_status(StatusCode::SERVICE_UNAVAILABLE);
        }
        Ok(response)
    }
}

/// One word as plain text, with the status of a [`Checked`].
pub(crate) struct Word {
    pub(crate) passed: bool,
    pub(crate) word: &'static str,
}

impl Reply for Word {
    fn describe(_description: &mut Description) -> Vec<ReplyDescription> {
        let at =
            |status| ReplyDescription::content(status, "text/plain", json!({"type": "string"}));
        vec![at(200), at(503)]
    }

    fn into_response(self) -> Result<Response, Problem> {
        let status = if self.passed {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        Ok(Response::builder()
            .status(status)
            .content_type("text/plain; charset=utf-8")
            .body(self.word))
    }
}

/// A content type as a type.
pub(crate) trait Media: Send + 'static {
    const TYPE: &'static str;
}

/// `text/html`.
pub(crate) enum Html {}

impl Media for Html {
    const TYPE: &'static str = "text/html; charset=utf-8";
}

/// The Prometheus text format.
pub(crate) enum PrometheusText {}

impl Media for PrometheusText {
    const TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";
}

/// JSON that is already written.
pub(crate) enum JsonText {}

impl Media for JsonText {
    const TYPE: &'static str = "application/json";
}

/// Bytes of a fixed content type.
pub(crate) struct Raw<M>(Bytes, PhantomData<fn() -> M>);

impl<M: Media> Raw<M> {
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into(), PhantomData)
    }
}

impl<M: Media> Reply for Raw<M> {
    fn describe(_description: &mut Description) -> Vec<ReplyDescription> {
        let essence = M::TYPE.split(';').next().unwrap_or(M::TYPE);
        let schema = if essence == "application/json" {
            json!({"type": "object"})
        } else {
            json!({"type": "string"})
        };
        vec![ReplyDescription::content(200, essence, schema)]
    }

    fn into_response(self) -> Result<Response, Problem> {
        Ok(Response::builder().content_type(M::TYPE).body(self.0))
    }
}
